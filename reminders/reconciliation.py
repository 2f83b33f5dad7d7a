"""What should have been said by now, compared with what was said and delivered.

It shares nothing with the sweep: it reads the tables in SQL of its own, looks at everybody instead
of those whom the triggers marked, and keeps its own idea of the truth as simple as can be. Where
the two differ, one of them is wrong, and administrators hear of it.

It must never cry in vain. What became so by the calendar counts when it was so an hour ago; a
patient of whom something has just changed waits for the next sweep, and is left out until then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from patients.models import Clinic
from reminders.alarms import end_alarm, raise_alarm, tell_administrators
from reminders.hours import Hours, next_opening
from reminders.models import AlarmKind, Kind, Reconciliation
from reminders.troubles import (
    COMPARED,
    DIFFERENCE,
    NEVER_GATHERED,
    NOT_DELIVERED,
    NOT_SAID,
    STILL_SAID,
    WRONGLY_WITHDRAWN,
)
from schedules.sentences import stored

GRACE = timedelta(hours=1)
ANSWER_HOLDS = 14  # days, as the guides promise; written here once more on purpose
NAMED = 5  # of each difference


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that should be so and is not: of how many, and the public ids of the first."""

    what: str
    count: int
    first: Sequence[str]

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.first) else ""
        first = f"{', '.join(self.first)}{more}"
        return stored(DIFFERENCE, what=self.what, count=self.count, first=first)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was looked at, and what differs."""

    slots: int
    expected: int
    differences: Sequence[Difference]

    @property
    def count(self) -> int:
        return sum(difference.count for difference in self.differences)


def reconcile(*, at: datetime | None = None) -> Reconciliation:
    """Compare all that should have been said by `at` (now, unless told) with what was.

    Leaves a row saying so. A difference raises an alarm, which ends by itself when the next
    comparison finds none.
    """
    started_at = timezone.now()
    at = at or started_at
    compared = compare(at)
    if compared.differences:
        raise_alarm(AlarmKind.DIFFERENCE, _told(compared, at), at=at)
    else:
        end_alarm(AlarmKind.DIFFERENCE, at=at)
    tell_administrators(at)
    return Reconciliation.objects.create(
        at=at,
        started_at=started_at,
        finished_at=timezone.now(),
        slots=compared.slots,
        expected=compared.expected,
        differences=compared.count,
    )


def compare(at: datetime) -> Comparison:
    """Return what differs at `at`, and write nothing."""
    given = {"at": at, "settled": at - GRACE, "holds": ANSWER_HOLDS, "named": NAMED}
    [(slots,)] = _rows(_SLOTS, given)
    notices = _rows(_NOTICES, given)
    differences = [
        *(
            Difference(stored(NOT_SAID, kind=Kind(kind).label), missing, first)
            for kind, _, missing, first in notices
        ),
        *(Difference(what, *_rows(statement, given)[0]) for what, statement in _OTHERS.items()),
        *_waiting_too_long(at, given),
    ]
    return Comparison(
        slots,
        expected=sum(expected for _, expected, *_ in notices),
        differences=[one for one in differences if one.count],
    )


def _told(compared: Comparison, at: datetime) -> str:
    """The alarm's text. It names no patient."""
    at = at.astimezone(UTC)
    compared_on = stored(COMPARED, day=at, time=f"{at:%H:%M}")
    return "\n".join([compared_on, *map(str, compared.differences)])


def _rows(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_SLOTS = """
SELECT count(*)
FROM schedules_slot AS slot JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
WHERE schedule.state = 'active' AND slot.outcome IN ('open', 'partially_satisfied')
"""

# Of each kind: how many notices should be open, how many are not, and of what.
#
# `settled_on` is the clinic's date an hour ago. What comes with a day must have come by then; what
# goes with a day is judged by today's. Each statement sees one moment of the database, so a
# patient whose change waits for the sweep is marked in it. For reminders a later rule of the same
# audience takes an earlier one's place, so any notice of such a rule will do.
_NOTICES = """
WITH day AS (
    SELECT id AS clinic_id, time_zone AS zone,
        (%(at)s AT TIME ZONE time_zone)::date AS today,
        (%(settled)s AT TIME ZONE time_zone)::date AS settled_on,
        -- No rule counts from a day before the window opens, so before this nothing is said.
        (SELECT min(days) FROM reminders_rule WHERE clinic_id = clinic.id AND active) AS first_days
    FROM patients_clinic AS clinic
),
-- Slots still to be done, with no appointment ahead and not deferred.
idle AS (
    SELECT slot.id, slot.public_id, tumour.patient_id, slot.earliest_on, slot.due_on,
        slot.latest_on, slot.lapses_on, day.zone, day.today, day.settled_on
    FROM schedules_slot AS slot
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
    JOIN patients_patient AS patient ON patient.id = tumour.patient_id
    JOIN day ON day.clinic_id = patient.clinic_id
    WHERE schedule.state = 'active' AND slot.outcome IN ('open', 'partially_satisfied')
        AND slot.earliest_on + day.first_days <= day.settled_on
        AND NOT EXISTS (
            SELECT FROM schedules_booking AS booking
            WHERE booking.slot_id = slot.id AND booking.state IN ('booked', 'arrived')
                AND (booking.starts_at AT TIME ZONE day.zone)::date >= day.settled_on
        )
        AND NOT EXISTS (
            SELECT FROM schedules_review AS review
            WHERE review.slot_id = slot.id AND review.until > day.settled_on AND NOT EXISTS (
                SELECT FROM schedules_review AS later
                WHERE later.slot_id = slot.id AND later.id > review.id
            )
        )
),
thing (kind, id, public_id, patient_id, opens_on, due_on, latest_on, happened_on) AS (
    SELECT 'to_book', id, public_id, patient_id, earliest_on, due_on, latest_on, NULL::date
    FROM idle WHERE lapses_on >= today
    UNION ALL
    SELECT 'overdue', id, public_id, patient_id, earliest_on, due_on, latest_on, NULL
    FROM idle WHERE latest_on < settled_on AND NOT EXISTS (
        SELECT FROM schedules_review AS review
        WHERE review.slot_id = idle.id AND review.decision IN ('chase', 'rebook')
            AND (review.at AT TIME ZONE zone)::date > settled_on - %(holds)s
    )
    UNION ALL
    SELECT 'no_show', booking.id, booking.public_id, idle.patient_id, NULL, NULL, NULL,
        (booking.starts_at AT TIME ZONE idle.zone)::date
    FROM idle JOIN schedules_booking AS booking ON booking.slot_id = idle.id
    WHERE booking.state = 'no_show' AND NOT EXISTS (
        SELECT FROM schedules_booking AS later
        WHERE later.slot_id = idle.id AND later.id > booking.id
    )
    UNION ALL
    SELECT 'appointment', booking.id, booking.public_id, patient.id, NULL, NULL, NULL,
        (booking.starts_at AT TIME ZONE day.zone)::date
    FROM schedules_booking AS booking
    JOIN schedules_slot AS slot ON slot.id = booking.slot_id
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
    JOIN patients_patient AS patient ON patient.id = tumour.patient_id
    JOIN day ON day.clinic_id = patient.clinic_id
    WHERE booking.state = 'booked' AND booking.starts_at > %(at)s
    UNION ALL
    SELECT 'result', result.id, study.public_id, study.patient_id, NULL, NULL, NULL,
        (result.recorded_at AT TIME ZONE day.zone)::date
    FROM schedules_result AS result
    JOIN schedules_study AS study ON study.id = result.study_id
    JOIN patients_patient AS patient ON patient.id = study.patient_id
    JOIN day ON day.clinic_id = patient.clinic_id
    WHERE result.reviewed_at IS NULL AND study.withdrawn_at IS NULL
),
-- Each thing with each rule, and from which day on the rule speaks of it.
ruled AS (
    SELECT thing.kind, thing.id, thing.public_id, thing.patient_id, rule.audience,
        rule.relative_to, day.zone, day.settled_on, its.from_on,
        min(its.from_on) OVER (PARTITION BY thing.kind, thing.id) AS first_on
    FROM thing
    JOIN patients_patient AS patient ON patient.id = thing.patient_id
    JOIN day ON day.clinic_id = patient.clinic_id
    JOIN reminders_rule AS rule
        ON rule.clinic_id = patient.clinic_id AND rule.kind = thing.kind AND rule.active
    CROSS JOIN LATERAL (
        SELECT rule.days + CASE rule.relative_to
            WHEN 'opens' THEN opens_on WHEN 'due' THEN due_on WHEN 'latest' THEN latest_on
            ELSE happened_on
        END AS from_on
    ) AS its
    WHERE rule.audience <> 'patient' OR (patient.contact_by <> '' AND patient.died_on IS NULL)
),
told AS (
    SELECT rule.kind, COALESCE(notice.slot_id, notice.booking_id, notice.result_id) AS id,
        rule.audience, rule.relative_to, notice.since, notice.ended_at
    FROM reminders_notice AS notice JOIN reminders_rule AS rule ON rule.id = notice.rule_id
    WHERE notice.ended_at IS NULL OR notice.acknowledged_by_id IS NOT NULL
),
-- Of each thing: since when it is told of, and when somebody last answered.
stands AS (
    SELECT kind, id, min(since) FILTER (WHERE ended_at IS NULL) AS since,
        max(ended_at) AS answered_at
    FROM told GROUP BY kind, id
),
expected AS (
    SELECT DISTINCT ruled.kind, ruled.id, public_id, patient_id, audience, relative_to
    FROM ruled LEFT JOIN stands ON stands.kind = ruled.kind AND stands.id = ruled.id
    WHERE from_on <= settled_on AND (
        ruled.kind NOT IN ('overdue', 'result')
        -- An alert is asked again once an answer has run out, and goes on to the next people
        -- once it has stood for as long as lies between their rules.
        OR (answered_at AT TIME ZONE zone)::date > settled_on - %(holds)s IS NOT TRUE
        AND (
            from_on = first_on
            OR (since AT TIME ZONE zone)::date + (from_on - first_on) <= settled_on
        )
    )
),
said AS (
    SELECT DISTINCT kind, id, audience, relative_to, true AS is_said
    FROM told WHERE ended_at IS NULL
),
compared AS (
    SELECT kind, id, public_id,
        is_said IS NULL AND watch.look_at <= 'epoch' IS NOT TRUE AS is_missing
    FROM expected
    LEFT JOIN said USING (kind, id, audience, relative_to)
    LEFT JOIN reminders_watch AS watch USING (patient_id)
)
SELECT kind, count(*), count(*) FILTER (WHERE is_missing),
    (array_agg(public_id::text ORDER BY id) FILTER (WHERE is_missing))[:%(named)s]
FROM compared GROUP BY kind ORDER BY kind
"""

_OTHERS = {
    STILL_SAID: """
SELECT count(*), (array_agg(notice.public_id::text ORDER BY notice.id))[:%(named)s]
FROM reminders_notice AS notice
JOIN reminders_rule AS rule ON rule.id = notice.rule_id
JOIN patients_patient AS patient ON patient.id = notice.patient_id
LEFT JOIN reminders_watch AS watch ON watch.patient_id = patient.id
LEFT JOIN schedules_booking AS booking ON booking.id = notice.booking_id
LEFT JOIN schedules_slot AS slot ON slot.id = COALESCE(notice.slot_id, booking.slot_id)
LEFT JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
LEFT JOIN schedules_result AS result ON result.id = notice.result_id
LEFT JOIN schedules_study AS study ON study.id = result.study_id
WHERE notice.ended_at IS NULL AND notice.raised_at < %(settled)s
    AND watch.look_at > 'epoch' IS NOT FALSE
    AND (
        NOT rule.active
        OR (rule.audience = 'patient' AND (patient.contact_by = '' OR patient.died_on IS NOT NULL))
        OR (rule.kind = 'appointment' AND booking.state <> 'booked')
        OR (rule.kind = 'no_show' AND booking.state <> 'no_show')
        OR (rule.kind IN ('to_book', 'overdue', 'no_show') AND (
            schedule.state <> 'active' OR slot.outcome NOT IN ('open', 'partially_satisfied')
        ))
        OR result.reviewed_at IS NOT NULL OR study.withdrawn_at IS NOT NULL
    )
""",
    NEVER_GATHERED: """
SELECT count(*), (array_agg(notice.public_id::text ORDER BY line.id))[:%(named)s]
FROM reminders_line AS line JOIN reminders_notice AS notice ON notice.id = line.notice_id
WHERE notice.ended_at IS NULL AND line.message_id IS NULL AND line.withdrawn_at IS NULL
    AND line.deliver_at < %(settled)s
""",
    # What an administrator discarded was meant not to be sent. An appointment that has begun is
    # open until the day ends, and is told to nobody.
    WRONGLY_WITHDRAWN: """
SELECT count(*), (array_agg(notice.public_id::text ORDER BY line.id))[:%(named)s]
FROM reminders_notice AS notice
JOIN reminders_rule AS rule ON rule.id = notice.rule_id
LEFT JOIN reminders_watch AS watch ON watch.patient_id = notice.patient_id
LEFT JOIN schedules_booking AS booking ON booking.id = notice.booking_id
JOIN reminders_line AS line ON line.notice_id = notice.id
LEFT JOIN reminders_message AS message ON message.id = line.message_id
LEFT JOIN reminders_hold AS hold ON hold.id = message.hold_id
WHERE notice.ended_at IS NULL AND line.withdrawn_at < %(settled)s
    AND watch.look_at > 'epoch' IS NOT FALSE
    AND NOT (hold.decided_at IS NOT NULL AND NOT hold.released)
    AND NOT (rule.kind = 'appointment' AND booking.starts_at <= %(at)s)
""",
}

_WAITING = """
SELECT clinic_id, any_hour, count(*), min(ready_at),
    (array_agg(public_id::text ORDER BY id))[:%(named)s]
FROM (
    SELECT id, public_id, clinic_id, any_hour,
        CASE state WHEN 'queued' THEN next_try_at ELSE claimed_at END AS ready_at
    FROM reminders_message
    WHERE state IN ('queued', 'sending')
) AS message
WHERE ready_at < %(settled)s AND EXISTS (
    SELECT FROM reminders_line AS line
    JOIN reminders_notice AS notice ON notice.id = line.notice_id
    WHERE line.message_id = message.id AND line.withdrawn_at IS NULL AND notice.ended_at IS NULL
)
GROUP BY clinic_id, any_hour ORDER BY clinic_id, any_hour
"""


def _waiting_too_long(at: datetime, given: Mapping[str, Any]) -> Iterator[Difference]:
    """Messages that could have left for an hour, and neither did nor wait for their next try."""
    clinics = {clinic.pk: clinic for clinic in Clinic.objects.all()}
    for clinic_id, any_hour, count, oldest, first in _rows(_WAITING, given):
        if any_hour or _must_have_left(clinics[clinic_id], oldest) <= at:
            yield Difference(NOT_DELIVERED, count, first)


def _must_have_left(clinic: Clinic, ready_at: datetime) -> datetime:
    """Return when what was ready then must have left: after an hour in which the clinic was open;
    where it closed within the hour, an hour after it opens again."""
    hours = Hours(
        clinic.zone,
        clinic.opens_at,
        clinic.closes_at,
        clinic.country,
        clinic.region,
        clinic.days_closed.keys(),
    )
    left = next_opening(hours, ready_at) + GRACE
    opened = next_opening(hours, left)
    return left if opened == left else opened + GRACE
