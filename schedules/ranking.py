"""The order of overdue slots: `rules.risk`, in SQL, so that a page needs no rows but its own.

PostgreSQL sums the points of every overdue slot and hands back one page; a property test holds the
sum to the rule, which then says of each row on the page what it is made of.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db.models import (
    Case,
    DateField,
    Exists,
    Expression,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.lookups import GreaterThan

from patients.models import Depth, Finding, FindingKind
from patients.queries import ClinicDay
from schedules.models import Slot
from schedules.queries import CLINIC
from schedules.rules import risk
from schedules.rules.risk import Rank, RiskFacts, rank
from schedules.rules.windows import days_late

TUMOUR = "schedule__tumour"


def ranked(slots: QuerySet[Slot], days: Iterable[ClinicDay]) -> QuerySet[Slot]:
    """Give each slot its `score` on its clinic's day, and what `rank_of` needs to explain it."""
    on = Case(
        *(When(**{f"{CLINIC}__in": day.clinics}, then=Value(day.on)) for day in days),
        output_field=DateField(),
    )
    slots = slots.annotate(listed_on=on)
    score = (
        _points(f"{TUMOUR}__grade", risk.GRADE)
        + _first(
            (When(**{f"{TUMOUR}__size_mm__gt": limit}, then=points))
            for limit, points in risk.LARGER_THAN_MM
        )
        + _points(f"{TUMOUR}__depth", {Depth.DEEP.value: risk.DEEP})
        + _points("schedule__anchor__margin", risk.MARGIN)
        + _first(
            When(GreaterThan(_months_after_anchor(limit), F("listed_on")), then=points)
            for limit, points in risk.WITHIN_MONTHS
        )
        + _found(FindingKind.METASTASIS, risk.METASTASIS)
        + _found(FindingKind.LOCAL_RECURRENCE, risk.LOCAL_RECURRENCE)
        + Func(
            F("listed_on"),
            F("latest_on"),
            arg_joiner=" - ",
            template=f"LEAST(GREATEST(%(expressions)s, 0) / {risk.DAYS_FOR_A_POINT}, "
            f"{risk.LATE_AT_MOST})",
            output_field=IntegerField(),
        )
    )
    return (
        slots.annotate(score=score)
        .select_related(CLINIC, "schedule__protocol", "schedule__anchor")
        .prefetch_related(f"{TUMOUR}__findings")
    )


def rank_of(slot: Slot, listed_on: date) -> Rank:
    """Return the slot's place on that day, with the reasons; no query after `ranked`."""
    schedule, tumour = slot.schedule, slot.schedule.tumour
    found = {finding.kind for finding in tumour.findings.all() if finding.found_on <= listed_on}
    return rank(
        RiskFacts(
            grade=tumour.grade,
            size_mm=tumour.size_mm,
            is_deep=None if tumour.depth == Depth.UNKNOWN else tumour.depth == Depth.DEEP,
            margin=schedule.anchor.margin,
            operation=schedule.anchor.get_kind_display().lower(),
            operated_on=schedule.anchor_on,
            had_metastasis=FindingKind.METASTASIS in found,
            had_local_recurrence=FindingKind.LOCAL_RECURRENCE in found,
            days_late=days_late(slot, listed_on),
            on=listed_on,
        )
    )


def _points(field: str, points_of: Mapping[int, int] | Mapping[str, int]) -> Case:
    return _first(When(Q(**{field: key}), then=points) for key, points in points_of.items())


def _found(kind: FindingKind, points: int) -> Case:
    found = Finding.objects.filter(
        tumour=OuterRef(TUMOUR), kind=kind, found_on__lte=OuterRef("listed_on")
    )
    return _first([When(Exists(found), then=points)])


def _first(cases: Iterable[When]) -> Case:
    return Case(*cases, default=0, output_field=IntegerField())


def _months_after_anchor(months: int) -> Expression:
    return Func(
        F("schedule__anchor_on"),
        template=f"(%(expressions)s + interval '{months} months')::date",
        output_field=DateField(),
    )
