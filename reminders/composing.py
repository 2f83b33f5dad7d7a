"""What a message says. It names no patient to staff, and to a patient nothing but the day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils import timezone, translation

from patients.models import Clinic
from reminders.models import Kind, Line, Message, Notice
from schedules.models import Slot
from schedules.rules.windows import days_late
from surveillance.accounts.models import User

LISTED = 50  # patients of a kind in one message; the pages list them all


@dataclass(frozen=True, slots=True)
class Entry:
    """What a message to staff says of one patient: of the exam that waits longest, and how many
    more there are."""

    link: str
    exam: str
    day: date
    days_late: int
    more: int


WITH_LINES = Prefetch(
    "lines",
    Line.objects.filter(withdrawn_at=None)
    .select_related(
        "notice__rule",
        "notice__patient",
        "notice__slot",
        "notice__booking__slot",
        "notice__result__study",
    )
    .order_by("pk"),
)


def compose(message: Message, at: datetime) -> tuple[str, str]:
    """Return the subject and the body of what is still to be told at `at`, of a message that was
    fetched `WITH_LINES`."""
    lines = message.lines.all()
    if lines[0].to_patient:
        return _to_patient(lines[0].notice, message.clinic)
    with translation.override(_language(message)):
        return _to_staff([line.notice for line in lines], message.clinic, at)


def _language(message: Message) -> str:
    """Return the language of the person at an address; an address of the clinic reads English."""
    english: str = settings.LANGUAGE_CODE
    if message.recipient in (message.clinic.booking_email, message.clinic.alert_email):
        return english
    theirs = User.objects.filter(is_active=True, email=message.recipient).exclude(language="")
    return theirs.order_by("pk").values_list("language", flat=True).first() or english


def _to_patient(notice: Notice, clinic: Clinic) -> tuple[str, str]:
    kind = "appointment" if notice.booking else "call_to_book"
    context = {
        "clinic": clinic,
        "starts_at": notice.booking and notice.booking.starts_at,
    }
    with timezone.override(clinic.zone):  # templates show times by the zone that holds now
        return _rendered(f"reminders/patient/{kind}.{notice.patient.language}.txt", context)


def _to_staff(notices: Iterable[Notice], clinic: Clinic, at: datetime) -> tuple[str, str]:
    today = clinic.today(at)
    of_kind: dict[Kind, dict[int, list[Notice]]] = {}
    for notice in notices:
        patients = of_kind.setdefault(Kind(notice.rule.kind), {})
        patients.setdefault(notice.patient_id, []).append(notice)
    sections = [
        {
            "kind": kind.value,
            "patients": len(of_kind[kind]),
            "entries": sorted(
                (_entry(kind, theirs, clinic, today) for theirs in of_kind[kind].values()),
                key=lambda entry: entry.day,
            )[:LISTED],
        }
        for kind in Kind
        if kind in of_kind
    ]
    context = {"clinic": clinic, "sections": sections, "site": settings.SITE_URL}
    return _rendered("reminders/staff.txt", context)


def _entry(kind: Kind, notices: list[Notice], clinic: Clinic, today: date) -> Entry:
    first = min(notices, key=lambda notice: _day(notice, clinic))
    return Entry(
        link=f"{settings.SITE_URL}/patients/{first.patient.public_id}/",
        exam=_exam(first),
        day=_day(first, clinic),
        days_late=days_late(first.slot, today) if kind == Kind.OVERDUE and first.slot else 0,
        more=len({_subject(notice) for notice in notices}) - 1,
    )


def _subject(notice: Notice) -> Slot | int | None:
    return notice.slot or notice.booking_id or notice.result_id


def _exam(notice: Notice) -> str:
    if notice.result:
        return notice.result.study.modality
    slot = notice.slot or (notice.booking and notice.booking.slot)
    return slot.exam if slot else ""


def _day(notice: Notice, clinic: Clinic) -> date:
    if notice.slot:
        return notice.slot.due_on
    if notice.booking:
        return notice.booking.starts_at.astimezone(clinic.zone).date()
    assert notice.result is not None  # held by a constraint
    return notice.result.study.performed_on


def _rendered(template: str, context: Mapping[str, object]) -> tuple[str, str]:
    subject, body = render_to_string(template, dict(context)).split("\n\n", 1)
    return " ".join(subject.split()), body
