"""The modality worklist: which appointments a scanner asks about, and what it is told of them."""

import logging
from collections.abc import Iterator
from datetime import datetime, time

from django.conf import settings
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, TruncTime
from pydicom.dataset import Dataset

from imaging.server.answers import STATES, Unsayable, answer
from imaging.server.callers import Caller
from imaging.server.keys import Unreadable, days, is_range, item, names, pattern, text, texts, times
from patients.models import Clinic, Sex
from schedules.models import Booking
from surveillance.audit.actions import record_look

PENDING = 0xFF00
NO_MATCHING_KEY = 0xA900
TOO_MANY = 0xA700
_EXACT = {  # here `*` and `?` are signs like any other
    "PatientID": "patient__mrn",
    "IssuerOfPatientID": "patient__mrn_issuer",
    "AccessionNumber": "accession",
    "RequestedProcedureID": "accession",
}
_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "O": Sex.OTHER}
_STEP_WILD = {"ScheduledStationAETitle": "scanner__ae_title", "Modality": "slot__modality"}

logger = logging.getLogger(__name__)
Answer = tuple[int | Dataset, Dataset | None]


def find(caller: Caller, asked: Dataset) -> Iterator[Answer]:
    """Return the answers to a query, read and recorded before the first one is handed on.

    One that matches more than DICOM_WORKLIST_MOST appointments is answered with that many, and
    then told so.
    """
    if caller.clinic is None:
        return iter([])
    try:
        matching = matching_bookings(caller.clinic, asked)
    except Unreadable as error:
        return iter([(_failed(NO_MATCHING_KEY, f"{error} holds nothing to look for"), None)])
    most = settings.DICOM_WORKLIST_MOST
    bookings = list(matching[: most + 1])
    record_look(
        page="modality worklist",
        by=caller.ae_title,
        patients=[booking.patient for booking in bookings[:most]],
    )
    return _answers(bookings, asked, most)


def _answers(bookings: list[Booking], asked: Dataset, most: int) -> Iterator[Answer]:
    for booking in bookings[:most]:
        try:
            yield PENDING, answer(booking, asked)
        except Unsayable:
            logger.error("The worklist cannot say the patient of booking %s.", booking.public_id)
    if len(bookings) > most:
        yield _failed(TOO_MANY, f"More than {most} match: ask for a station or a day"), None


def _failed(status: int, why: str) -> Dataset:
    failed = Dataset()
    failed.Status, failed.ErrorComment = status, why[:64]
    return failed


def matching_bookings(clinic: Clinic, asked: Dataset) -> QuerySet[Booking]:
    """Return the appointments of a clinic that a query asks about, the earliest first.

    Raises:
        Unreadable: a key holds nothing that could be looked for.
    """
    bookings = (
        Booking.objects.filter(state__in=Booking.ACTIVE, patient__clinic=clinic)
        .exclude(scanner__ae_title="")
        .alias(named=Concat("patient__family_name", Value("^"), "patient__given_name"))
        .select_related("slot", "scanner", "patient__clinic", "patient__responsible")
        .order_by("starts_at", "pk")
    )
    step = item(asked, "ScheduledProcedureStepSequence")
    return _at(bookings.filter(_of_request(asked) & _of_step(step)), step, clinic)


def _of_request(asked: Dataset) -> Q:
    wanted = Q()
    for keyword, field in _EXACT.items():
        if value := text(asked, keyword):
            wanted &= Q(**{field: value})
    if uids := texts(asked, "StudyInstanceUID"):
        wanted &= Q(study_uid__in=uids)
    if sex := text(asked, "PatientSex"):
        wanted &= Q(patient__sex=_SEXES.get(sex, ""))
    first, last = days(asked, "PatientBirthDate")
    if first:
        wanted &= Q(patient__birth_date__gte=first)
    if last:
        wanted &= Q(patient__birth_date__lte=last)
    if patterns := names(asked, "PatientName"):
        wanted &= Q(*(("named__iregex", one) for one in patterns), _connector=Q.OR)
    return wanted


def _of_step(step: Dataset) -> Q:
    wanted = Q()
    for keyword, field in _STEP_WILD.items():
        if (value := text(step, keyword)) and value.strip("*"):
            wanted &= Q(**{f"{field}__regex": pattern(value)})
    if value := text(step, "ScheduledProcedureStepID"):
        wanted &= Q(accession=value)
    if text(step, "ScheduledPerformingPhysicianName").strip("*"):
        wanted &= Q(pk__in=[])  # nobody is named as the one who will do it
    if said := text(step, "ScheduledProcedureStepStatus"):
        wanted &= Q(state__in=[state for state, word in STATES.items() if word == said])
    return wanted


def _at(bookings: QuerySet[Booking], step: Dataset, clinic: Clinic) -> QuerySet[Booking]:
    """Two ranges are one, from the first time of the first day to the last of the last (K.6.1.2.2);
    any other time is one of each day."""
    first_day, last_day = days(step, "ScheduledProcedureStepStartDate")
    first_time, last_time = times(step, "ScheduledProcedureStepStartTime")
    from_day = until_day = None
    if is_range(step, "ScheduledProcedureStepStartDate") and is_range(
        step, "ScheduledProcedureStepStartTime"
    ):
        from_day, until_day = first_time, last_time
        first_time = last_time = None
    if first_day:
        begins = datetime.combine(first_day, from_day or time.min, clinic.zone)
        bookings = bookings.filter(starts_at__gte=begins)
    if last_day:
        ends = datetime.combine(last_day, until_day or time.max, clinic.zone)
        bookings = bookings.filter(starts_at__lte=ends)
    if first_time or last_time:
        bookings = bookings.alias(of_day=TruncTime("starts_at", tzinfo=clinic.zone)).filter(
            of_day__gte=first_time or time.min, of_day__lte=last_time or time.max
        )
    return bookings
