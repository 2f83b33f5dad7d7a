"""What a message says. It names no patient to staff, and to a patient nothing but the day."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from patients.models import Clinic
from reminders import staff_mail
from reminders.models import Kind, Line, Message, Notice
from reminders.staff_mail import Entry, Section
from schedules.models import Slot
from schedules.rules.windows import days_late
from surveillance.accounts.models import User

_LINES = (
    Line.objects.filter(withdrawn_at=None)
    .select_related(
        "notice__rule",
        "notice__patient",
        "notice__slot",
        "notice__booking__slot",
        "notice__result__study",
    )
    .only(
        "message_id",
        "to_patient",
        "notice__rule__kind",
        "notice__patient__public_id",
        "notice__patient__language",
        "notice__slot__exam",
        "notice__slot__due_on",
        "notice__slot__latest_on",
        "notice__booking__starts_at",
        "notice__booking__slot__exam",
        "notice__result__study__modality",
        "notice__result__study__performed_on",
    )
    .order_by("pk")
)


def lines_of(messages: Collection[Message]) -> Mapping[int | None, Sequence[Line]]:
    """Return what is still to be told by each message, with all that it is written from."""
    lines: dict[int | None, list[Line]] = defaultdict(list)
    for line in _LINES.filter(message__in=messages):
        lines[line.message_id].append(line)
    return lines


def languages_of(messages: Iterable[Message]) -> dict[str, str]:
    """Return the language of each person at whose own address a message is; an address of a clinic
    stands for nobody, and reads the product's own."""
    theirs = User.objects.filter(
        is_active=True, email__in={message.recipient for message in messages}
    ).exclude(language="")
    return dict(theirs.order_by("-pk").values_list("email", "language"))


def compose(
    message: Message, lines: Sequence[Line], languages: Mapping[str, str], at: datetime
) -> tuple[str, str]:
    """Return the subject and the body of a message that tells its `lines_of` at `at`; `languages`
    are those `languages_of` it and others."""
    clinic = message.clinic
    if lines[0].to_patient:
        return _to_patient(lines[0].notice, clinic)
    english: str = settings.LANGUAGE_CODE
    is_clinics = message.recipient in (clinic.booking_email, clinic.alert_email)
    with translation.override(english if is_clinics else languages.get(message.recipient, english)):
        return _to_staff([line.notice for line in lines], clinic, at)


def _to_patient(notice: Notice, clinic: Clinic) -> tuple[str, str]:
    kind = "appointment" if notice.booking else "call_to_book"
    context = {
        "clinic": clinic,
        "starts_at": notice.booking and notice.booking.starts_at,
    }
    with timezone.override(clinic.zone):  # templates show times by the zone that holds now
        written = render_to_string(
            f"reminders/patient/{kind}.{notice.patient.language}.txt", context
        )
    subject, body = written.split("\n\n", 1)
    return " ".join(subject.split()), body


def _to_staff(notices: Iterable[Notice], clinic: Clinic, at: datetime) -> tuple[str, str]:
    today = clinic.today(at)
    of_kind: dict[Kind, dict[int, list[Notice]]] = {}
    for notice in notices:
        patients = of_kind.setdefault(Kind(notice.rule.kind), {})
        patients.setdefault(notice.patient_id, []).append(notice)
    sections = [
        Section(
            kind,
            sorted(
                (_entry(kind, theirs, clinic, today) for theirs in of_kind[kind].values()),
                key=lambda entry: entry.day,
            ),
        )
        for kind in Kind
        if kind in of_kind
    ]
    name = str(clinic)
    return staff_mail.subject(name, sections), staff_mail.body(name, sections)


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
    return slot.exam_name if slot else ""


def _day(notice: Notice, clinic: Clinic) -> date:
    if notice.slot:
        return notice.slot.due_on
    if notice.booking:
        return notice.booking.starts_at.astimezone(clinic.zone).date()
    assert notice.result is not None  # held by a constraint
    return notice.result.study.performed_on
