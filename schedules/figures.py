"""The figures of a follow-up: what came of the slots that were due, and how many CTs are to come.

PostgreSQL counts; `rules.adherence` says what, and a property test holds the two together. Nothing
is kept: each figure is worked out for the day that is asked about, on each clinic's own calendar.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects

from patients.models import Clinic
from patients.queries import ClinicDay, clinics_of
from schedules.models import Booking, ResultOutcome, Scanner, ScheduleState, Slot
from schedules.openings import open_minutes, why_off
from schedules.rules.adherence import EARLY_DAYS, LATE_DAYS, Adherence
from schedules.rules.outcome import Outcome

WEEKS = 12
REASONS_SHOWN = 12
NONE = Adherence(0, 0)
STANDINGS = ("on_time", "late", "lapsed", "skipped", "open", "put_aside")  # as they are counted

# How a slot that came due stands on the day `asked_on`; exports say it by these words, too.
STANDING = f"""CASE
    WHEN outcome IN ('{Outcome.SUPERSEDED}', '{Outcome.WITHDRAWN}') THEN 'put_aside'
    WHEN outcome = '{Outcome.SKIPPED}' THEN 'skipped'
    WHEN done_on <= latest_on THEN 'on_time'
    WHEN done_on IS NOT NULL THEN 'late'
    WHEN asked_on > lapses_on THEN 'lapsed'
    ELSE 'open'
END"""
HAS_RUN_OUT = f"asked_on - due_on > {LATE_DAYS}"
IS_ASKED_FOR = "standing NOT IN ('put_aside', 'skipped')"
IS_KEPT = f"done_on - due_on BETWEEN -{EARLY_DAYS} AND {LATE_DAYS}"

# One row for each slot that came due in the period, with the day on which it was done, if it was.
_CAME = f"""
WITH day (clinic_id, asked_on) AS (SELECT * FROM unnest(%(clinics)s::bigint[], %(days)s::date[])),
slot AS (
    SELECT s.id, s.due_on, s.latest_on, s.lapses_on, s.outcome, s.outcome_reason, s.regions,
        p.code AS protocol, day.asked_on
    FROM schedules_slot s
    JOIN schedules_schedule h ON h.id = s.schedule_id
    JOIN schedules_protocol p ON p.id = h.protocol_id
    JOIN patients_tumour t ON t.id = h.tumour_id
    JOIN patients_patient q ON q.id = t.patient_id
    JOIN day ON day.clinic_id = q.clinic_id
    WHERE s.due_on BETWEEN %(first)s AND %(last)s AND s.due_on <= day.asked_on
        AND (%(protocol)s = '' OR p.code = %(protocol)s)
),
covered AS (
    SELECT slot.id, region, min(study.performed_on) AS first_on
    FROM slot
    JOIN schedules_study_slots link ON link.slot_id = slot.id
    JOIN schedules_study study ON study.id = link.study_id
    LEFT JOIN schedules_result result ON result.study_id = study.id
    CROSS JOIN unnest(study.regions) AS region
    WHERE region = ANY (slot.regions) AND study.performed_on <= slot.asked_on
        AND result.outcome IS DISTINCT FROM '{ResultOutcome.INADEQUATE.value}'
    GROUP BY slot.id, region
),
done AS (
    SELECT id, max(first_on) AS done_on, count(*) AS regions FROM covered GROUP BY id
),
came AS (
    SELECT slot.*, done.done_on, done.done_on - slot.due_on AS lateness,
        {STANDING} AS standing,
        {HAS_RUN_OUT} AS has_run_out
    FROM slot LEFT JOIN done ON done.id = slot.id AND done.regions = cardinality(slot.regions)
)
"""  # noqa: S608 - words and numbers of our own

_COUNTS = f"""
SELECT grouping(month) = 0, grouping(protocol) = 0, month, protocol,
    count(*) FILTER (WHERE standing = 'on_time'),
    count(*) FILTER (WHERE standing = 'late'),
    count(*) FILTER (WHERE standing = 'lapsed'),
    count(*) FILTER (WHERE standing = 'skipped'),
    count(*) FILTER (WHERE standing = 'open'),
    count(*) FILTER (WHERE standing = 'put_aside'),
    count(*) FILTER (
        WHERE counts AND {IS_KEPT}
    ),
    count(*) FILTER (WHERE counts),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY lateness)
        FILTER (WHERE standing IN ('on_time', 'late')),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY lateness) FILTER (WHERE standing = 'late')
FROM (
    SELECT came.*, date_trunc('month', due_on::timestamp)::date AS month,
        has_run_out AND {IS_ASKED_FOR} AS counts
    FROM came
) AS told
GROUP BY GROUPING SETS ((), (month), (protocol))
ORDER BY month, protocol
"""  # noqa: S608 - numbers of our own

_REASONS = """
SELECT outcome_reason, count(*) FROM came WHERE standing = 'skipped'
GROUP BY outcome_reason ORDER BY count(*) DESC, outcome_reason
"""

_EXPECTED = """
WITH day (clinic_id, asked_on, begins_at) AS (
    SELECT * FROM unnest(%(clinics)s::bigint[], %(days)s::date[], %(begins)s::timestamptz[])
)
SELECT greatest(-1, (s.due_on - %(monday)s::date + 7) / 7 - 1) AS week,
    count(*), count(*) FILTER (WHERE s.latest_on < asked_on),
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM schedules_booking b
        WHERE b.slot_id = s.id AND b.state = ANY (%(active)s) AND b.starts_at >= day.begins_at
    ))
FROM schedules_slot s
JOIN schedules_schedule h ON h.id = s.schedule_id
JOIN schedules_protocol p ON p.id = h.protocol_id
JOIN patients_tumour t ON t.id = h.tumour_id
JOIN patients_patient q ON q.id = t.patient_id
JOIN day ON day.clinic_id = q.clinic_id
WHERE s.outcome = ANY (%(to_be_done)s) AND h.state = %(live)s AND s.modality = 'CT'
    AND s.lapses_on >= asked_on
    AND s.due_on < %(monday)s::date + 7 * %(weeks)s
    AND (%(protocol)s = '' OR p.code = %(protocol)s)
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of some slots that came due."""

    on_time: int = 0
    late: int = 0
    lapsed: int = 0
    skipped: int = 0
    open: int = 0
    put_aside: int = 0
    adherence: Adherence = NONE
    median_days: float | None = None  # after the due date, of those that were done
    median_days_late: float | None = None  # the same, of those done late

    @property
    def came_due(self) -> int:
        """How many came due and were meant to be done."""
        return self.on_time + self.late + self.lapsed + self.skipped + self.open


@dataclass(frozen=True, slots=True)
class Reason:
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The figures of a period: altogether, by month of the due date, by protocol."""

    total: Counted
    months: dict[date, Counted]  # each month of the period, by its first day
    protocols: dict[str, Counted]
    reasons: list[Reason]  # why slots were skipped, the most frequent first
    other_reasons: int  # how many were skipped for reasons that are not listed


@dataclass(frozen=True, slots=True)
class Week:
    """The CTs whose due date lies in one week, and how many appointments the scanners can take."""

    begins_on: date | None  # its Monday; none for what is left of the weeks before
    expected: int
    overdue: int  # of these
    booked: int  # of these
    capacity: int | None  # in appointments of the usual length; none where it cannot be compared

    @property
    def unbooked(self) -> int:
        return self.expected - self.booked

    @property
    def over(self) -> int:
        """By how many the expected CTs are more than the scanners can take."""
        return max(0, self.expected - self.capacity) if self.capacity is not None else 0


def follow_up(
    days: Iterable[ClinicDay], *, first: date, last: date, protocol: str = ""
) -> FollowUp:
    """Return what came of the slots due from `first` to `last`, in two queries."""
    told = _told(days) | {"first": first, "last": last, "protocol": protocol}
    total = Counted()
    months = {month: Counted() for month in months_of(first, last)}
    protocols: dict[str, Counted] = {}
    for is_month, is_protocol, month, code, *numbers in _rows(_CAME + _COUNTS, told):
        *standings, kept, of, median, median_late = numbers
        counted = Counted(
            **dict(zip(STANDINGS, standings, strict=True)),
            adherence=Adherence(kept, of),
            median_days=median,
            median_days_late=median_late,
        )
        if is_month:
            months[month] = counted
        elif is_protocol:
            protocols[code] = counted
        else:
            total = counted
    reasons = [Reason(*row) for row in _rows(_CAME + _REASONS, told)]
    shown, others = reasons[:REASONS_SHOWN], reasons[REASONS_SHOWN:]
    return FollowUp(total, months, protocols, shown, sum(one.count for one in others))


def expected(days: Sequence[ClinicDay], *, protocol: str = "") -> list[Week]:
    """Return what is left of earlier weeks, then the next `WEEKS`, the present one first.

    In three queries. With no scanner in use there is no capacity to compare with.
    """
    today = min(day.on for day in days)
    monday = today - timedelta(days=today.weekday())
    told = _told(days) | {
        "monday": monday,
        "begins": [day.begins_at for day in days for _ in day.clinics],
        "active": [state.value for state in Booking.ACTIVE],
        "to_be_done": list(Slot.TO_BE_DONE),
        "live": ScheduleState.ACTIVE.value,
        "weeks": WEEKS,
        "protocol": protocol,
    }
    found = {week: numbers for week, *numbers in _rows(_EXPECTED, told)}
    clinics = clinics_of(days)
    prefetch_related_objects(clinics, "closed_days")
    scanners = list(Scanner.objects.filter(clinic__in=clinics, in_use=True))
    weeks = [_week(None, found.get(-1), None)]
    for nth in range(WEEKS):
        begins_on = monday + timedelta(weeks=nth)
        room = sum(
            _capacity(clinic, scanners, max(begins_on, day.on), begins_on + timedelta(days=7))
            for day in days
            for clinic in day.clinics
        )
        weeks.append(_week(begins_on, found.get(nth), room if scanners else None))
    return weeks


def months_of(first: date, last: date) -> list[date]:
    """Return the first day of each month from that of `first` to that of `last`."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def _week(begins_on: date | None, numbers: list[int] | None, capacity: int | None) -> Week:
    count, overdue, booked = numbers or (0, 0, 0)
    return Week(begins_on, count, overdue, booked, capacity)


def _capacity(clinic: Clinic, scanners: Iterable[Scanner], first: date, end: date) -> int:
    """How many appointments of the usual length the clinic's scanners take, `end` left out."""
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    working = sum(not why_off(clinic, day) for day in days)
    own = [scanner for scanner in scanners if scanner.clinic_id == clinic.pk]
    return sum(working * (open_minutes(clinic) // scanner.minutes) for scanner in own)


def _told(days: Iterable[ClinicDay]) -> dict[str, Any]:
    pairs = [(clinic.pk, day.on) for day in days for clinic in day.clinics]
    return {"clinics": [pk for pk, _ in pairs], "days": [on for _, on in pairs]}


def _rows(statement: str, told: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        return list(cursor.fetchall())
