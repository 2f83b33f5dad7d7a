"""The tables that people take out: their columns, and what narrows them down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from patients.models import TreatmentKind
from patients.queries import ClinicDay
from schedules import queries
from schedules.exports import facts
from schedules.exports.columns import Column, Kind
from schedules.models import BookingState, ExportTable, ResultOutcome, ScheduleState, Slot
from schedules.rules.adherence import Standing
from schedules.rules.windows import WindowStatus

_SCHEDULE_STATES = [(state.value, state.label) for state in ScheduleState]
_BOOKING_STATES = [(state.value, state.label) for state in BookingState]
_RESULTS = [(outcome.value, outcome.label) for outcome in ResultOutcome]
_LATE = [(WindowStatus.OVERDUE.value, _("Overdue")), (WindowStatus.LAPSED.value, _("Lapsed"))]
_TREATMENTS = [(kind.value, kind.label) for kind in TreatmentKind]
_STANDINGS = [
    (Standing.ON_TIME.value, _("On time")),
    (Standing.LATE.value, _("Late")),
    (Standing.LAPSED.value, _("Lapsed")),
    (Standing.SKIPPED.value, _("Skipped")),
    (Standing.OPEN.value, _("Still open")),
    (Standing.PUT_ASIDE.value, _("Superseded or withdrawn")),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: where its rows come from, and what is known of each."""

    row: Promise  # what one row is
    facts: str  # a SELECT that takes `clinic`, `on`, `protocol`, `first` and `last`
    order: str  # within a patient, of the facts
    columns: tuple[Column, ...]
    state: str  # the column of whose values people choose one
    states: Sequence[tuple[str, Promise | str]]
    day: str  # the column that `first` and `last` bound
    listed: Callable[[list[ClinicDay]], QuerySet[Slot]] | None = None  # if a list says which slots

    @property
    def usual(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_usual)

    def named(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _column(
    name: str, label: Promise, kind: Kind, sql: str = "", *, is_usual: bool = True
) -> Column:
    return Column(name, label, kind, sql or name, is_usual)


_PATIENT = (
    _column("clinic", _("Clinic"), Kind.TEXT),
    _column("mrn_issuer", _("Issuer of the MRN"), Kind.TEXT),
    _column("mrn", _("MRN"), Kind.TEXT),
    _column("family_name", _("Family name"), Kind.TEXT),
    _column("given_name", _("Given name"), Kind.TEXT),
    _column("birth_date", _("Birth date"), Kind.DATE),
)
_ZONE = _column("time_zone", _("Time zone of the clinic"), Kind.WORD, is_usual=False)
_PLAN = (
    _column("protocol", _("Protocol"), Kind.TEXT),
    _column("protocol_version", _("Version of the protocol"), Kind.NUMBER),
    _column("anchor_on", _("Anchor"), Kind.DATE),
    _column("schedule_state", _("State of the follow-up"), Kind.WORD),
)
_EXAM = (_column("exam", _("Exam"), Kind.TEXT), _column("n", _("No."), Kind.NUMBER))
_DATES = (
    _column("earliest_on", _("Earliest date"), Kind.DATE),
    _column("due_on", _("Due date"), Kind.DATE),
    _column("latest_on", _("Last date on time"), Kind.DATE),
    _column("lapses_on", _("Last date of the window"), Kind.DATE),
)
_OUTCOME = (
    _column("outcome", _("Outcome"), Kind.WORD),
    _column("outcome_reason", _("Reason of the outcome"), Kind.TEXT),
)
_STATUS = (
    _column("missing_regions", _("Regions still missing"), Kind.WORDS),
    _column("on", _("As of"), Kind.DATE, "asked_on"),
    _column("window_status", _("Status of the window"), Kind.WORD, facts.WINDOW_STATUS),
    _column("days_late", _("Days late"), Kind.NUMBER, facts.DAYS_LATE),
)
_LAST_BOOKING = (
    _column("booking_state", _("State of the last appointment"), Kind.WORD, "(last_booking).state"),
    _column(
        "booking_starts_at",
        _("Time of the last appointment"),
        Kind.MOMENT,
        "(last_booking).starts_at",
    ),
)

TABLES: Mapping[ExportTable, Table] = {
    ExportTable.SCHEDULES: Table(
        row=_("One row for each exam of a follow-up: its dates, its outcome, its status today."),
        facts=facts.SCHEDULES,
        order="due_on, slot_id",
        columns=(*_PATIENT, *_PLAN, *_EXAM, *_DATES, *_OUTCOME, *_STATUS, *_LAST_BOOKING, _ZONE),
        state="schedule_state",
        states=_SCHEDULE_STATES,
        day="due_on",
    ),
    ExportTable.BOOKINGS: Table(
        row=_("One row for each appointment, those that were moved or cancelled too."),
        facts=facts.BOOKINGS,
        order="starts_at, booking_id",
        columns=(
            *_PATIENT,
            _column("starts_at", _("Starts at"), Kind.MOMENT),
            _column("minutes", _("Minutes"), Kind.NUMBER),
            _column("scanner", _("Scanner"), Kind.TEXT),
            _column("booking_state", _("State of the appointment"), Kind.WORD),
            _column("outside_window_reason", _("Reason, if outside the window"), Kind.TEXT),
            _column("broken_off_because", _("Why it was broken off"), Kind.TEXT),
            *_EXAM,
            _column("due_on", _("Due date"), Kind.DATE),
            _column("latest_on", _("Last date on time"), Kind.DATE),
            *(_PLAN[:2]),
            _column("booked_by", _("Booked by"), Kind.TEXT),
            _column("booked_at", _("Booked at"), Kind.MOMENT),
            _column("accession", _("Accession number"), Kind.WORD, is_usual=False),
            _ZONE,
        ),
        state="booking_state",
        states=_BOOKING_STATES,
        day="starts_at",
    ),
    ExportTable.OVERDUE: Table(
        row=_("One row for each overdue exam, as on the list of overdue exams today."),
        facts=facts.OVERDUE,
        order="latest_on, slot_id",
        columns=(
            *_PATIENT,
            _column("phone", _("Phone"), Kind.TEXT),
            *(_PLAN[:2]),
            *_EXAM,
            *(_DATES[1:]),
            *_STATUS,
            *_LAST_BOOKING,
            _column("decision", _("Last decision"), Kind.WORD, "(last_review).decision"),
            _column("decided_at", _("Decided at"), Kind.MOMENT, '(last_review)."at"'),
            _column(
                "decision_reason", _("Reason of the decision"), Kind.TEXT, "(last_review).reason"
            ),
            _ZONE,
        ),
        state="window_status",
        states=_LATE,
        day="due_on",
        listed=queries.overdue,
    ),
    ExportTable.RESULTS: Table(
        row=_("One row for each reported study: what it showed, and who reviewed it."),
        facts=facts.RESULTS,
        order="performed_on, study_id",
        columns=(
            *_PATIENT,
            _column("performed_on", _("Performed on"), Kind.DATE),
            _column("modality", _("Modality"), Kind.TEXT),
            _column("regions", _("Regions covered"), Kind.WORDS),
            _column("description", _("Description"), Kind.TEXT),
            _column("outcome", _("Result"), Kind.WORD),
            _column("sites", _("Sites"), Kind.TEXTS),
            _column("comment", _("Comment"), Kind.TEXT),
            _column("recorded_at", _("Recorded at"), Kind.MOMENT),
            _column("reviewed_by", _("Reviewed by"), Kind.TEXT),
            _column("reviewed_at", _("Reviewed at"), Kind.MOMENT),
            _column("study_uid", _("StudyInstanceUID"), Kind.WORD, is_usual=False),
            _ZONE,
        ),
        state="outcome",
        states=_RESULTS,
        day="performed_on",
    ),
    ExportTable.ADHERENCE: Table(
        row=_("One row for each exam that has come due: whether it was done, and how late."),
        facts=facts.ADHERENCE,
        order="due_on, slot_id",
        columns=(
            *_PATIENT,
            *_PLAN,
            *_EXAM,
            *(_DATES[1:]),
            *_OUTCOME,
            _column("on", _("As of"), Kind.DATE, "asked_on"),
            _column("done_on", _("Done on"), Kind.DATE),
            _column("days_after_due", _("Days after the due date"), Kind.NUMBER),
            _column("standing", _("What came of it"), Kind.WORD),
            _column("counts", _("Counts for adherence"), Kind.FLAG),
            _column("in_time", _("Done in time for adherence"), Kind.FLAG),
        ),
        state="standing",
        states=_STANDINGS,
        day="due_on",
    ),
    ExportTable.PATIENTS: Table(
        row=_("One row for each treatment, as a list for loading patients has it."),
        facts=facts.PATIENTS,
        order="tumour_id, treatment_id",
        columns=(
            *_PATIENT,
            _column("sex", _("Sex"), Kind.WORD),
            _column("phone", _("Phone"), Kind.TEXT),
            _column("email", _("E-mail address"), Kind.TEXT),
            _column("language", _("Language"), Kind.WORD),
            _column("site", _("Site"), Kind.TEXT),
            _column("topography", _("Topography"), Kind.WORD),
            _column("morphology", _("Morphology"), Kind.WORD),
            _column("morphology_name", _("Morphology name"), Kind.TEXT),
            _column("icdo_edition", _("ICD-O edition"), Kind.WORD),
            _column("laterality", _("Laterality"), Kind.WORD),
            _column("grade", _("Grade (FNCLCC)"), Kind.NUMBER),
            _column("size_mm", _("Size in mm"), Kind.NUMBER),
            _column("depth", _("Depth"), Kind.WORD),
            _column("diagnosed_on", _("Diagnosed on"), Kind.DATE),
            _column("treatment", _("Treatment"), Kind.WORD),
            _column("treated_on", _("Date of treatment"), Kind.DATE),
            _column("intent", _("Intent"), Kind.WORD),
            _column("margin", _("Margin"), Kind.WORD),
            _column("drugs", _("Drugs"), Kind.TEXTS),
            _column("cycles", _("Cycles"), Kind.NUMBER),
            _column("description", _("Description"), Kind.TEXT),
        ),
        state="treatment",
        states=_TREATMENTS,
        day="treated_on",
    ),
}
