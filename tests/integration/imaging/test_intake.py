"""What comes in is stored once, whatever comes beside it and in whatever order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from imaging.coverage import Code, Kind
from imaging.headers.header import Header, Identity, Order
from imaging.headers.kept import from_kept
from imaging.intake import take_in
from imaging.models import Instance, Received
from patients.models import Clinic
from surveillance.audit.models import Event

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = FIRST + timedelta(minutes=7)
SLICE = Header(
    study_uid="1.2.3",
    series_uid="1.2.3.1",
    sop_uid="1.2.3.1.1",
    sop_class="1.2.840.10008.5.1.4.1.1.2",
    modality="CT",
    kind=Kind.IMAGES,
    identity=Identity("DEMO-1", "HOSPITAL", "Doe^Jane", date(1970, 5, 6), "F"),
    performed_on=date(2026, 3, 2),
    orders=(Order("SV1", "HOSPITAL"),),
    procedures=(Code("LN", "42275-8"),),
    description="CT CHEST ABDOMEN",
)


def slices(count: int, **changes: object) -> list[Header]:
    return [replace(SLICE, sop_uid=f"1.2.3.1.{n}", **changes) for n in range(1, count + 1)]  # type: ignore[arg-type]


def test_instances_of_one_series_share_a_header_and_come_back_as_they_were(clinic: Clinic) -> None:
    [received] = take_in(clinic=clinic, headers=slices(5), by="Upload", at=FIRST)

    [row] = received.headers.all()
    assert row.instances.count() == 5
    back = from_kept(row.says, study_uid=received.study_uid, series_uid=row.series_uid)
    assert replace(back, sop_uid=SLICE.sop_uid) == SLICE
    assert (received.first_at, received.last_at) == (FIRST, FIRST)
    assert Event.objects.get(act="images.received").by_name == "Upload"


def test_a_repeat_is_no_news_and_something_new_unsettles_the_study(clinic: Clinic) -> None:
    [received] = take_in(clinic=clinic, headers=slices(2), by="Upload", at=FIRST)
    Received.objects.update(settled_at=FIRST, judged_at=FIRST)

    take_in(clinic=clinic, headers=slices(2), by="Upload", at=LATER)
    received.refresh_from_db()
    assert (received.last_at, received.settled_at) == (FIRST, FIRST)

    take_in(clinic=clinic, headers=slices(3), by="Upload", at=LATER)
    received.refresh_from_db()
    assert (received.last_at, received.settled_at, received.judged_at) == (LATER, None, None)
    assert Instance.objects.count() == 3
    assert Event.objects.filter(act="images.received").count() == 1


def test_two_that_disagree_are_both_kept(clinic: Clinic) -> None:
    other = replace(SLICE.identity, patient_id="DEMO-2")
    take_in(clinic=clinic, headers=slices(1), by="Upload", at=FIRST)
    [received] = take_in(clinic=clinic, headers=slices(1, identity=other), by="Upload", at=FIRST)

    assert {row.says["identity"]["patient_id"] for row in received.headers.all()} == {
        "DEMO-1",
        "DEMO-2",
    }
