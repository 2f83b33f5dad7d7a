"""Whatever comes first, in whatever pieces and however often, the same is stored in the end."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imaging.headers.header import Header
from imaging.headers.reading import from_dataset
from imaging.intake import take_in
from imaging.models import Instance, Received, SeriesHeader
from patients.models import Clinic
from tests.dicom import made_ct
from tests.threads import at_once

MANY = 300 if "CI" in os.environ else 30
FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# Two studies; in one of them two patients, a localizer, and an instance that comes in two versions.
INSTANCES = [
    from_dataset(dataset)
    for dataset in (
        *made_ct(study_uid="1.1", slices=4),
        *made_ct(
            study_uid="1.1", series=2, slices=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
        ),
        *made_ct(study_uid="1.1", series=3, slices=2, patient_id="DEMO-2"),
        *made_ct(study_uid="1.1", slices=1, description="CT CHEST"),
        *made_ct(study_uid="1.2", slices=2, accession="SV1"),
    )
]

Stored = set[tuple[str, str, str, str]]


def stored() -> Stored:
    rows = Instance.objects.values_list(
        "header__received__study_uid", "header__series_uid", "header__digest", "sop_uid"
    )
    assert len(rows) == len(set(rows))
    return set(rows)


def take_in_pieces(clinic: Clinic, pieces: Sequence[Sequence[Header]]) -> None:
    for number, piece in enumerate(pieces):
        at = FIRST + timedelta(minutes=number)
        take_in(clinic=clinic, headers=piece, by="Upload", at=at)


@pytest.mark.django_db
@settings(
    max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.permutations(range(len(INSTANCES))),
    repeats=st.lists(st.sampled_from(range(len(INSTANCES))), max_size=5),
    cuts=st.sets(st.integers(1, len(INSTANCES) + 4)),
)
def test_no_order_of_arrival_changes_what_is_stored(
    clinic: Clinic, order: list[int], repeats: list[int], cuts: set[int]
) -> None:
    coming = [INSTANCES[number] for number in (*order, *repeats)]
    bounds = [0, *sorted(cut for cut in cuts if cut < len(coming)), len(coming)]
    pieces = [coming[start:end] for start, end in pairwise(bounds)]

    with transaction.atomic():
        take_in(clinic=clinic, headers=INSTANCES, by="Upload", at=FIRST)
        at_once, says = stored(), sorted(map(repr, SeriesHeader.objects.values_list("says")))
        transaction.set_rollback(True)
    with transaction.atomic():
        take_in_pieces(clinic, pieces)
        assert stored() == at_once
        assert sorted(map(repr, SeriesHeader.objects.values_list("says"))) == says
        transaction.set_rollback(True)
    assert not Received.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_study_by_two_ways_at_once_is_one(clinic: Clinic) -> None:
    ways = [INSTANCES, INSTANCES[::-1], INSTANCES[3:], INSTANCES[:4]]

    brought = at_once(
        [partial(take_in, clinic=clinic, headers=headers, by="Upload") for headers in ways]
    )

    assert not [one for one in brought if isinstance(one, Exception)]
    assert Received.objects.count() == 2
    assert len(stored()) == len(INSTANCES)
