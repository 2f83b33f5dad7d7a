"""A clinic's PACS is asked for new CTs (QIDO-RS and WADO-RS, DICOM PS3.18), and for their headers.

A hospital's PACS holds everybody. What is fetched is only what names a patient of the clinic, or an
order of its own: of all others nothing is read but the line that says that they are others.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any, cast

import requests
from dicomweb_client.web import DICOMwebClient
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from imaging.headers.header import Header, Refused
from imaging.headers.reading import from_json
from imaging.intake import take_in
from imaging.models import Arrangement, Instance
from imaging.troubles import TOO_LONG, TOO_MANY, TOO_SLOW
from patients.models import Clinic, Patient
from schedules.models import Booking
from schedules.sentences import stored
from surveillance.outgoing.connecting import NotAllowed, guard

OVERLAP = timedelta(days=1)  # what was done yesterday may have come late
FIRST = timedelta(days=7)  # before the first time that it is asked
AGAIN_AFTER = timedelta(minutes=4)
PAGE = 100  # studies
MOST_STUDIES = 5_000
MOST_BYTES = 64 << 20  # of one answer
TIMEOUT = (5, 20)  # seconds, to connect, and for the next bytes
ANSWER_SECONDS = 60
ALL_SECONDS = 180  # below the time limit of a task; what is left is for the next time
_UID, _DATE, _PATIENT, _ACCESSION, _INSTANCES = (
    "0020000D",
    "00080020",
    "00100020",
    "00080050",
    "00201208",
)

logger = logging.getLogger(__name__)


class Unusable(Exception):
    """What a PACS answered cannot be used."""


class BoundedSession(requests.Session):
    """A session whose answers have an end."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        response = super().send(request, **kwargs | {"stream": True})
        until, content = monotonic() + ANSWER_SECONDS, bytearray()
        for chunk in response.iter_content(1 << 16):
            content += chunk
            if len(content) > MOST_BYTES:
                raise Unusable(stored(TOO_LONG, most=MOST_BYTES >> 20))
            if monotonic() > until:
                raise Unusable(stored(TOO_SLOW, seconds=ANSWER_SECONDS))
        response._content = bytes(content)
        return response


def ask(arranged: Arrangement, at: datetime | None = None) -> None:
    """Ask the PACS of a clinic, unless somebody else is asking it; what went wrong is kept."""
    at = at or timezone.now()
    ours = Arrangement.objects.filter(pk=arranged.pk, pacs_url=arranged.pacs_url)
    lately = Q(pacs_asked_at__gt=at - AGAIN_AFTER)
    if not ours.exclude(lately).update(pacs_asked_at=at):
        return
    try:
        with _client(arranged) as client:
            for day in _take_in_new(client, arranged, at):
                ours.update(pacs_seen_on=day)
    except (requests.RequestException, NotAllowed, Unusable, ValueError) as error:
        ours.update(pacs_error=_in_words(error)[:300])
        logger.warning("The PACS of %s: %s", arranged.clinic.code, _in_words(error))
    else:
        ours.update(pacs_error="", pacs_answered_at=timezone.now())


@contextmanager
def _client(arranged: Arrangement) -> Iterator[DICOMwebClient]:
    with BoundedSession() as session:
        guard(session)
        session.auth = settings.PACS_LOGINS.get(arranged.clinic.code)
        client = DICOMwebClient(arranged.pacs_url.rstrip("/"), session=session, timeout=TIMEOUT)
        client.set_http_retry_params(retry=False)  # the next time is soon enough
        yield client


def _take_in_new(client: DICOMwebClient, arranged: Arrangement, at: datetime) -> Iterator[date]:
    """Take in what is new, the oldest first, and yield up to which day all is taken in."""
    clinic, until = arranged.clinic, monotonic() + ALL_SECONDS
    today = clinic.today(at)
    since = (arranged.pacs_seen_on or today - FIRST + OVERLAP) - OVERLAP
    found = sorted(_studies(client, since, today + OVERLAP), key=lambda one: _text(one, _DATE))
    for study in _of_clinic(clinic, found):
        if monotonic() > until:
            return
        uid = _text(study, _UID)
        if not _is_known(clinic, uid, _text(study, _INSTANCES)):
            take_in(clinic=clinic, headers=_headers(client, uid), by="PACS")
        if day := _day(_text(study, _DATE)):
            yield min(day, today)


def _studies(client: DICOMwebClient, first: date, last: date) -> list[Mapping[str, Any]]:
    """Return what the PACS says of each CT of these days, page by page, each study once."""
    found: dict[str, Mapping[str, Any]] = {}
    offset = 0
    while True:
        page = client.search_for_studies(
            search_filters={
                "ModalitiesInStudy": "CT",
                "StudyDate": f"{first:%Y%m%d}-{last:%Y%m%d}",
            },
            fields=["NumberOfStudyRelatedInstances"],
            limit=PAGE,
            offset=offset,
        )
        new = {_text(one, _UID): one for one in page} if isinstance(page, list) else {}
        if not new.keys() - found.keys():  # the end; or a PACS that knows no pages
            return list(found.values())
        found |= new
        offset += len(page)
        if offset > MOST_STUDIES:
            raise Unusable(stored(TOO_MANY, most=MOST_STUDIES))


def _of_clinic(clinic: Clinic, studies: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those that name a patient or an order of the clinic's."""
    numbers = set(
        Patient.objects.filter(
            clinic=clinic, mrn__in={_text(one, _PATIENT) for one in studies}
        ).values_list("mrn", flat=True)
    )
    orders = Booking.objects.filter(patient__clinic=clinic).filter(
        Q(study_uid__in={_text(one, _UID) for one in studies})
        | Q(accession__in={_text(one, _ACCESSION) for one in studies})
    )
    ordered = {number for pair in orders.values_list("study_uid", "accession") for number in pair}
    return [
        one
        for one in studies
        if _text(one, _PATIENT) in numbers
        or not ordered.isdisjoint({_text(one, _UID), _text(one, _ACCESSION)})
    ]


def _is_known(clinic: Clinic, uid: str, instances: str) -> bool:
    """Say whether as many instances are known as the PACS has."""
    ours = Instance.objects.filter(
        header__received__clinic=clinic, header__received__study_uid=uid
    ).values("sop_uid")
    return instances.isdecimal() and ours.distinct().count() >= int(instances)


def _headers(client: DICOMwebClient, uid: str) -> list[Header]:
    headers = []
    for said in client.retrieve_study_metadata(uid):
        try:
            headers.append(from_json(said))
        except Refused as refused:
            logger.warning("An instance of study %s of a PACS was refused: %s", uid, refused.key)
    return headers


def _text(said: Mapping[str, Any], tag: str) -> str:
    """Return the first value of an element; nothing if it has none, or is no element."""
    element = said.get(tag) if isinstance(said, Mapping) else None
    values = element.get("Value") if isinstance(element, dict) else None
    first = cast(object, values[0]) if isinstance(values, list) and values else ""
    return str(first).strip() if isinstance(first, str | int) else ""


def _day(said: str) -> date | None:
    try:
        return datetime.strptime(said, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _in_words(error: Exception) -> str:
    """Say what went wrong, without the address, in which a login may stand."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code}"
    return str(error) if isinstance(error, Unusable | NotAllowed) else type(error).__name__
