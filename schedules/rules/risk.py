"""In which order overdue exams are looked at: a sum of few points that says what it is made of.

It orders a list and predicts nothing: no patient's risk is worked out here, and the weights are
this software's choice, not a study's. Grade, size, depth and margin are what sarcoma units weigh.
The time since the operation counts because metastases come early: of those of leiomyosarcoma of
the extremities and trunk, 61 % within a year of the diagnosis and 87 % within three, says the
report that the protocol ct-chest-abdomen-3m cites; here the operation stands for the diagnosis.
What nobody stated adds nothing, and the reasons name it. `schedules.ranking` works the same sum out
in SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from schedules.rules.months import add_months
from schedules.rules.wording import gettext as _
from schedules.rules.wording import listed, ngettext

GRADE = {2: 1, 3: 2}
LARGER_THAN_MM = ((100, 2), (50, 1))
DEEP = 1
MARGIN = {"R1": 1, "R2": 2}
WITHIN_MONTHS = ((12, 2), (36, 1))
METASTASIS = 3
LOCAL_RECURRENCE = 2
DAYS_FOR_A_POINT = 14
LATE_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What the order of an overdue exam rests on, as it stands on one day."""

    grade: int | None  # FNCLCC, 1 to 3
    size_mm: int | None
    is_deep: bool | None
    margin: str  # R0, R1, R2, or empty: of the operation that month 0 counts from
    operation: str  # that operation's kind, in a word
    operated_on: date
    had_metastasis: bool
    had_local_recurrence: bool
    days_late: int
    on: date


class Part(NamedTuple):
    """One reason, and what it adds."""

    words: str
    points: int


@dataclass(frozen=True, slots=True)
class Rank:
    """The sum, and its parts in the order in which people weigh them."""

    parts: tuple[Part, ...]

    @property
    def score(self) -> int:
        return sum(part.points for part in self.parts)


def rank(facts: RiskFacts) -> Rank:
    """Return what the facts add up to; more of any one of them never adds up to less.

    Lists put the highest sum first, then the longest overdue, then the slot that was entered first.
    """
    return Rank(tuple(_parts(facts)))


def _parts(facts: RiskFacts) -> Iterator[Part]:
    if facts.had_metastasis:
        yield Part(_("previous metastasis"), METASTASIS)
    if facts.had_local_recurrence:
        yield Part(_("previous local recurrence"), LOCAL_RECURRENCE)
    if points := GRADE.get(facts.grade or 0):
        yield Part(_("grade %(grade)s") % {"grade": facts.grade}, points)
    if points := _size(facts.size_mm):
        yield Part(_("%(size)s mm") % {"size": facts.size_mm}, points)
    if facts.is_deep:
        yield Part(_("deep"), DEEP)
    if points := MARGIN.get(facts.margin):
        yield Part(_("%(margin)s margin") % {"margin": facts.margin}, points)
    months = _full_months(facts.operated_on, facts.on)
    if points := next((points for limit, points in WITHIN_MONTHS if months < limit), 0):
        since = ngettext(
            "%(count)s month after the %(operation)s",
            "%(count)s months after the %(operation)s",
            months,
        )
        yield Part(since % {"count": months, "operation": facts.operation}, points)
    days = facts.days_late
    late = min(days // DAYS_FOR_A_POINT, LATE_AT_MOST)
    lateness = ngettext("%(count)s day late", "%(count)s days late", days)
    yield Part(lateness % {"count": days}, late)
    if missing := _not_stated(facts):
        yield Part(_("%(facts)s not stated") % {"facts": missing}, 0)


def _size(size_mm: int | None) -> int:
    return next((points for limit, points in LARGER_THAN_MM if (size_mm or 0) > limit), 0)


def _full_months(since: date, on: date) -> int:
    """Return how many whole months lie between the days; none if `on` is the earlier one."""
    months = (on.year - since.year) * 12 + on.month - since.month
    return max(0, months if add_months(since, months) <= on else months - 1)


def _not_stated(facts: RiskFacts) -> str:
    unknown = {
        _("grade"): facts.grade is None,
        _("size"): facts.size_mm is None,
        _("depth"): facts.is_deep is None,
        _("margin"): not facts.margin,
    }
    return listed(name for name, is_unknown in unknown.items() if is_unknown)


def weights() -> tuple[Part, ...]:
    """Return what can add points, and how many, for the page that shows the order."""
    return (
        Part(_("previous metastasis"), METASTASIS),
        Part(_("previous local recurrence"), LOCAL_RECURRENCE),
        *(Part(_("grade %(grade)s") % {"grade": grade}, points) for grade, points in GRADE.items()),
        *(
            Part(_("larger than %(size)s mm") % {"size": limit}, points)
            for limit, points in reversed(LARGER_THAN_MM)
        ),
        Part(_("deep"), DEEP),
        *(
            Part(_("%(margin)s margin") % {"margin": margin}, points)
            for margin, points in MARGIN.items()
        ),
        *(
            Part(_("less than %(count)s months after the operation") % {"count": limit}, points)
            for limit, points in WITHIN_MONTHS
        ),
        Part(
            _("every %(days)s days late, up to %(times)s times")
            % {"days": DAYS_FOR_A_POINT, "times": LATE_AT_MOST},
            1,
        ),
    )
