"""What is true today: for each kind of notice, the things that a clinic's rules speak of.

The same conditions raise a notice, end it, and are asked once more by the statement that claims
its message. What must be done about a slot is asked of `schedules.queries`, as the worklists do.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    DateField,
    Exists,
    Expression,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from patients.models import Clinic
from patients.queries import clinic_days
from reminders.models import Audience, Kind, Notice, RelativeTo, Rule
from schedules.models import Booking, BookingState, Decision, Result, Review, Slot
from schedules.queries import CLINIC, unbooked

ANSWER_HOLDS = 14  # days in which a clinician who answered an alert is not asked again

# From the thing that a notice is of to its patient.
PATIENT = {
    "slot": "schedule__tumour__patient",
    "booking": "slot__schedule__tumour__patient",
    "result": "study__patient",
}


class LocalDate(Func):
    """The date of a moment in a time zone: `LocalDate(moment, zone)`."""

    template = "(%(expressions)s)::date"
    arg_joiner = " AT TIME ZONE "
    output_field = DateField()


class DaysBetween(Func):
    """The days from the second date to the first."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def subject_of(kind: Kind) -> str:
    """Return which of a notice's foreign keys a kind uses."""
    return {Kind.APPOINTMENT: "booking", Kind.NO_SHOW: "booking", Kind.RESULT: "result"}.get(
        kind, "slot"
    )


def due(kind: Kind, at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Any]:
    """Return the things of a kind that a rule speaks of at `at`, once for each such rule.

    Annotated with `rule_pk` and with `round`, how often it was said before.
    """
    return _DUE[kind](at, clinics)


def still_true(
    at: datetime, clinics: Sequence[Clinic], among: Callable[[str], Expression | Q] = lambda _: Q()
) -> Q:
    """Return the condition on a notice that it would be raised today.

    Whoever asks of notices of some patients alone says so by `among`, a condition on the path to a
    patient: PostgreSQL may choose to find all that is due first, and look each notice up in that.
    """
    condition = Q(pk__in=[])
    for kind in Kind:
        subject = subject_of(kind)
        same = due(kind, at, clinics).filter(
            among(PATIENT[subject]),
            pk=OuterRef(f"{subject}_id"),
            rule_pk=OuterRef("rule_id"),
            round=OuterRef("round"),
        )
        condition |= Q(Exists(same), rule__kind=kind)
    return condition


def _to_book(at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Slot]:
    slots = _opened(Kind.TO_BOOK, at, clinics)
    return _reminding(Kind.TO_BOOK, _ruled(Kind.TO_BOOK, slots, at)).filter(
        lapses_on__gte=F("today")
    )


def _overdue(at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Slot]:
    slots = _opened(Kind.OVERDUE, at, clinics)
    zone = OuterRef(f"{CLINIC}__time_zone")
    in_hand = Exists(
        Review.objects.alias(on=LocalDate("at", zone)).filter(
            slot=OuterRef("pk"),
            decision__in=[Decision.CHASE, Decision.REBOOK],
            on__gt=DaysBetween(OuterRef("today"), Value(ANSWER_HOLDS), output_field=DateField()),
        )
    )
    overdue = _ruled(Kind.OVERDUE, slots, at).filter(latest_on__lt=F("today"))
    return _escalating(Kind.OVERDUE, overdue.filter(~in_hand))


def _opened(kind: Kind, at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Slot]:
    """Return the slots that nobody has in hand, without those that open too late for any rule of
    the kind: the rules are the judges of it, but most slots lie years ahead."""
    today = max((clinic.today(at) for clinic in clinics), default=at.date())
    earliest_rule = (
        Rule.objects.filter(clinic__in=clinics, kind=kind, active=True)
        .values("kind")
        .values(days=Min("days"))
    )
    return (
        unbooked(clinic_days(clinics, at=at))
        .filter(
            earliest_on__lte=DaysBetween(
                Value(today), Subquery(earliest_rule), output_field=DateField()
            )
        )
        .order_by()
    )


def _appointment(at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Booking]:
    ahead = Booking.objects.filter(
        **{f"slot__{CLINIC}__in": clinics}, state=BookingState.BOOKED, starts_at__gt=at
    )
    return _reminding(Kind.APPOINTMENT, _ruled(Kind.APPOINTMENT, ahead, at))


def _no_show(at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Booking]:
    later = Booking.objects.filter(slot=OuterRef("slot"), pk__gt=OuterRef("pk"))
    missed = Booking.objects.filter(
        ~Exists(later),
        state=BookingState.NO_SHOW,
        slot__in=unbooked(clinic_days(clinics, at=at)).order_by(),
    )
    return _reminding(Kind.NO_SHOW, _ruled(Kind.NO_SHOW, missed, at))


def _result(at: datetime, clinics: Sequence[Clinic]) -> QuerySet[Result]:
    unreviewed = Result.objects.filter(study__patient__clinic__in=clinics, reviewed_at=None)
    return _escalating(Kind.RESULT, _ruled(Kind.RESULT, unreviewed, at))


_DUE: Mapping[Kind, Callable[[datetime, Sequence[Clinic]], QuerySet[Any]]] = {
    Kind.TO_BOOK: _to_book,
    Kind.APPOINTMENT: _appointment,
    Kind.NO_SHOW: _no_show,
    Kind.OVERDUE: _overdue,
    Kind.RESULT: _result,
}


def _ruled(kind: Kind, things: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """Join each thing to the rules of its clinic whose day has come.

    What is filtered by is annotated first: a filter across the relation would join it once more.
    """
    subject = subject_of(kind)
    rules = f"{PATIENT[subject]}__clinic__rules"
    zone = F(f"{PATIENT[subject]}__clinic__time_zone")
    dates: dict[RelativeTo, Expression | F]
    if subject == "slot":
        dates = {
            RelativeTo.OPENS: F("earliest_on"),
            RelativeTo.DUE: F("due_on"),
            RelativeTo.LATEST: F("latest_on"),
        }
    elif subject == "booking":
        dates = {RelativeTo.APPOINTMENT: LocalDate("starts_at", zone)}
    else:
        dates = {RelativeTo.RESULT: LocalDate("recorded_at", zone)}
    ruled: QuerySet[Any] = (
        things.annotate(
            rule=FilteredRelation(
                rules, condition=Q(**{f"{rules}__kind": kind, f"{rules}__active": True})
            ),
            rule_pk=F("rule__pk"),
            rule_clinic=F("rule__clinic_id"),
            relative_to=F("rule__relative_to"),
            days=F("rule__days"),
            repeat_days=F("rule__repeat_days"),
            audience=F("rule__audience"),
            today=LocalDate(Value(at), zone),
        )
        .annotate(
            elapsed=DaysBetween(
                F("today"), Case(*(When(relative_to=name, then=day) for name, day in dates.items()))
            ),
        )
        .annotate(
            round=Case(
                When(
                    repeat_days__isnull=False,
                    then=(F("elapsed") - F("days")) / F("repeat_days"),
                ),
                default=0,
                output_field=IntegerField(),
            )
        )
        .filter(
            ~Q(audience=Audience.PATIENT)
            | ~Q(**{f"{PATIENT[subject]}__contact_by": ""})
            & Q(**{f"{PATIENT[subject]}__died_on": None}),
            rule_pk__isnull=False,
            elapsed__gte=F("days"),
        )
    )
    return ruled


def _reminding(kind: Kind, ruled: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out what the next rule to the same people says by now: of seven days and one day
    before an appointment that was booked for tomorrow, only the one is said."""
    next_one = Rule.objects.filter(
        clinic=OuterRef("rule_clinic"),
        kind=kind,
        audience=OuterRef("audience"),
        relative_to=OuterRef("relative_to"),
        active=True,
        days__gt=OuterRef("days"),
        days__lte=OuterRef("elapsed"),
    )
    return ruled.filter(~Exists(next_one))


def _escalating(kind: Kind, ruled: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out the later rules of an alert until the first has stood open for as long as lies
    between them, and all while somebody's answer holds."""
    subject = subject_of(kind)
    zone = OuterRef(f"{PATIENT[subject]}__clinic__time_zone")
    of_this = Notice.objects.filter(**{subject: OuterRef("pk")}, rule__kind=kind)
    acknowledged = of_this.alias(on=LocalDate("ended_at", zone)).filter(
        acknowledged_by__isnull=False,
        on__gt=DaysBetween(OuterRef("today"), Value(ANSWER_HOLDS), output_field=DateField()),
    )
    rules = Rule.objects.filter(kind=kind, active=True)
    first = (
        rules.filter(clinic=OuterRef(OuterRef("rule_clinic")))
        .values("clinic")
        .values(days=Min("days"))
    )
    # Asked once for all things, not of each: most are told of by the first rule alone.
    earlier = rules.filter(clinic=OuterRef("clinic"), days__lt=OuterRef("days"))
    first_ones = rules.filter(~Exists(earlier)).values("pk")
    stood = of_this.alias(
        stood=DaysBetween(OuterRef("today"), LocalDate("since", zone)),
        gap=OuterRef("days") - Subquery(first),
    ).filter(ended_at=None, stood__gte=F("gap"))
    return ruled.filter(Q(rule_pk__in=first_ones) | Exists(stood), ~Exists(acknowledged))
