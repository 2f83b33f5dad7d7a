"""The one door for what comes in, by whatever way: headers are stored, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from imaging.headers.header import Header
from imaging.headers.kept import as_kept, digest
from imaging.models import Instance, Received, SeriesHeader
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.audit.actions import record


def take_in(
    *, clinic: Clinic, headers: Iterable[Header], by: User | str, at: datetime | None = None
) -> list[Received]:
    """Store headers that came to a clinic, and return their studies, each once.

    Each study is one transaction. A repeat changes nothing; something new unsettles its study,
    even if that has been filed: it may have grown by a region.
    """
    at = at or timezone.now()
    by_study: dict[str, list[Header]] = {}
    for header in headers:
        by_study.setdefault(header.study_uid, []).append(header)
    return [
        _take_in_study(clinic, study_uid, by_study[study_uid], by, at)
        for study_uid in sorted(by_study)
    ]


@transaction.atomic
def _take_in_study(
    clinic: Clinic, study_uid: str, headers: list[Header], by: User | str, at: datetime
) -> Received:
    _, is_first = Received.objects.get_or_create(
        clinic=clinic, study_uid=study_uid, defaults={"first_at": at, "last_at": at}
    )
    # Whoever brings the same study at this moment waits here, and then finds what was stored.
    received = Received.objects.select_for_update().get(clinic=clinic, study_uid=study_uid)
    of_none = [replace(header, sop_uid="") for header in headers]  # of no instance in particular
    rows = _rows(received, of_none)
    known = set(  # of those that come alone: one at a time, a study would be read over and over
        Instance.objects.filter(
            header__in=rows.values(), sop_uid__in={header.sop_uid for header in headers}
        ).values_list("header", "sop_uid")
    )
    coming = {
        (rows[says].pk, header.sop_uid) for says, header in zip(of_none, headers, strict=True)
    } - known
    Instance.objects.bulk_create(
        Instance(header_id=pk, sop_uid=sop_uid) for pk, sop_uid in sorted(coming)
    )
    if coming:
        received.last_at, received.settled_at, received.judged_at = at, None, None
        received.save(update_fields=["last_at", "settled_at", "judged_at"])
    if is_first:
        record(act="images.received", by=by, clinic_code=clinic.code, study_uid=study_uid)
    return received


def _rows(received: Received, headers: list[Header]) -> dict[Header, SeriesHeader]:
    """Return the row of each distinct header, stored if it is new."""
    stored = {(row.series_uid, row.digest): row for row in received.headers.all()}
    rows = {}
    for header in dict.fromkeys(headers):
        says = as_kept(header)
        place = header.series_uid, digest(says)
        rows[header] = stored.get(place) or SeriesHeader.objects.create(
            received=received, series_uid=place[0], digest=place[1], says=says
        )
    return rows
