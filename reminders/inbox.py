"""The inbox's rows: what a person is told of one patient, beside where to act on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from patients.models import Clinic, Patient
from patients.queries import clinics_where_may
from reminders.models import Kind, Notice
from reminders.wording import subject_in_words
from schedules.rules.windows import days_late
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act

# What a person who may do the act presses, and where it leads; the first that they may do.
_ACTS: Mapping[Kind, Sequence[tuple[Act, Promise, str]]] = {
    Kind.TO_BOOK: [(Act.BOOK, _("Book"), "book")],
    Kind.APPOINTMENT: [(Act.BOOK, _("See the appointments"), "booked")],
    Kind.NO_SHOW: [(Act.BOOK, _("Book"), "book")],
    Kind.OVERDUE: [(Act.REVIEW, _("Decide"), "review"), (Act.BOOK, _("Book"), "book")],
    Kind.RESULT: [(Act.REVIEW, _("See the results"), "results")],
}
_OF_A_SLOT = {"book", "review"}


@dataclass(frozen=True, slots=True)
class Row:
    """What is open of one kind at one patient: the exam that waits longest, and how many more."""

    patient: Patient
    kind: Kind
    is_alert: bool
    since: date
    what: str
    days_late: int
    things: Sequence[Notice]  # one for each exam, appointment or result
    may_acknowledge: bool
    act: str
    url: str

    @property
    def others(self) -> Sequence[Notice]:
        return self.things[1:]


def rows(notices: QuerySet[Notice], user: User) -> list[Row]:
    """Return a row for each patient and kind, alerts first, else in the notices' order."""
    acts = (Act.BOOK, Act.REVIEW, Act.ACKNOWLEDGE)
    clinics = {act: set(clinics_where_may(user, act)) for act in acts}
    gathered: dict[tuple[int, str], dict[tuple[int | None, ...], Notice]] = {}
    for notice in notices:
        things = gathered.setdefault((notice.patient_id, notice.rule.kind), {})
        things.setdefault((notice.slot_id, notice.booking_id, notice.result_id), notice)
    table = [_row(list(things.values()), clinics) for things in gathered.values()]
    return sorted(table, key=lambda row: not row.is_alert)


def _row(things: Sequence[Notice], clinics: Mapping[Act, set[Clinic]]) -> Row:
    first = things[0]
    patient, kind, slot = first.patient, Kind(first.rule.kind), first.slot
    act, url = _where_to_act(first, clinics)
    return Row(
        patient=patient,
        kind=kind,
        is_alert=first.is_alert,
        since=first.since.astimezone(patient.clinic.zone).date(),
        what=subject_in_words(first),
        days_late=days_late(slot, patient.clinic.today()) if slot and first.is_alert else 0,
        things=things,
        may_acknowledge=first.is_alert and patient.clinic in clinics[Act.ACKNOWLEDGE],
        act=act,
        url=url,
    )


def _where_to_act(notice: Notice, clinics: Mapping[Act, set[Clinic]]) -> tuple[str, str]:
    slot = notice.slot or (notice.booking and notice.booking.slot)
    for act, label, route in _ACTS[Kind(notice.rule.kind)]:
        if notice.patient.clinic in clinics[act]:
            of = [slot.public_id] if slot and route in _OF_A_SLOT else []
            return str(label), reverse(route, args=of)
    return gettext("See the patient"), reverse("patient", args=[notice.patient.public_id])
