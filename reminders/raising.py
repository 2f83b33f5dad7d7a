"""Deciding once: what has become true is raised, what is no longer true is ended.

Only patients of whom something changed, or for whom a day came that matters, are looked at
(`Watch`). All that is decided about them, and the lines that will tell of it, is written in the
transaction that looks; two sweeps at once share the patients between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from patients.models import Clinic, Membership, Patient
from reminders.clocks import CLOCKS_DIFFER, TAKE_UP_AGAIN
from reminders.conditions import PATIENT, due, still_true, subject_of
from reminders.endings import end
from reminders.hours import Hours, next_morning, next_opening
from reminders.models import Kind, Line, Notice, Rule, Watch
from reminders.prepared import THEM, Prepared, among_them, plan_anew, plan_once
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role

PATIENTS_AT_A_TIME = 2_000  # a nurse who changes one of them meanwhile waits until they are done


@dataclass(frozen=True, slots=True)
class Times:
    """A clinic's moments that matter to a sweep."""

    clinic_id: int
    opening: datetime  # the sweep's own moment, while the clinic is open
    morning: datetime
    tomorrow: datetime


@dataclass(slots=True)
class Raised:
    """What a pass over the watched patients came to."""

    looked_at: int = 0
    raised: int = 0
    ended: int = 0


def hours_of(clinic: Clinic) -> Hours:
    return Hours(
        clinic.zone,
        clinic.opens_at,
        clinic.closes_at,
        clinic.country,
        clinic.region,
        clinic.days_closed.keys(),
    )


def raise_notices(clinics: Sequence[Clinic], at: datetime) -> Raised:
    """Look at every patient whose time has come by `at`; say how many, and what came of it."""
    done = Raised()
    look: Look | None = None
    batches = 0
    while True:
        with transaction.atomic():
            patients = _to_look_at(clinics, at)
            if not patients:
                return done
            look = look or Look(clinics, at)
            plan_once()
            if batches.bit_count() == 1:  # 1, 2, 4, 8: each time the tables may be twice as large
                plan_anew()
            batches += 1
            done.looked_at += len(patients)
            look.take_up_again(patients)
            untrue = []
            # Asked first: what is raised now is true, and goes to the address given last.
            if Notice.objects.filter(patient__in=patients, ended_at=None).exists():
                untrue = look.untrue(patients)
                look.readdress(patients)
            done.raised += look.raise_new(patients)
            if untrue:
                end(untrue, at)
            done.ended += len(untrue)
            look.look_again(patients)


def _to_look_at(clinics: Sequence[Clinic], at: datetime) -> list[int]:
    """Lock a batch of the patients whose time has come. Another sweep takes others."""
    return list(
        Watch.objects.filter(look_at__lte=at, patient__clinic__in=[clinic.pk for clinic in clinics])
        .order_by("look_at")  # and by no more: as the index has them, without a sort of all
        .select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", flat=True)[:PATIENTS_AT_A_TIME]
    )


def _times(clinics: Sequence[Clinic], at: datetime) -> list[Times]:
    return [
        Times(
            clinic.pk,
            opening=next_opening(hours_of(clinic), at),
            morning=next_morning(hours_of(clinic), at),
            tomorrow=datetime.combine(clinic.today(at) + timedelta(days=1), time(), clinic.zone),
        )
        for clinic in clinics
    ]


# Only names of our own tables and columns, and queries of Django's making, are put into the text.
_RAISE = """
WITH due (subject_id, rule_id, patient_id, round) AS ({due}),
times (clinic_id, opening, morning) AS (
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])
),
raised AS (
    INSERT INTO {notice}
        (public_id, rule_id, patient_id, {subject}, round, since, raised_at, end_reason)
    SELECT gen_random_uuid(), rule_id, patient_id, subject_id, round,
        COALESCE((
            SELECT min(told.since) FROM {notice} AS told
            JOIN {rule} AS its ON its.id = told.rule_id
            WHERE told.{subject} = due.subject_id AND told.ended_at IS NULL AND its.kind = %s
        ), %s), %s, ''
    FROM due
    WHERE NOT EXISTS (
        SELECT FROM {notice} AS told
        WHERE told.{subject} = due.subject_id AND told.rule_id = due.rule_id
            AND told.round = due.round AND told.ended_at IS NULL
    )
    ON CONFLICT ({subject}, rule_id, round) WHERE ended_at IS NULL DO NOTHING
    RETURNING id, rule_id, patient_id
),
told AS (
    INSERT INTO {line}
        (notice_id, clinic_id, to_patient, any_hour, deliver_at, channel, recipient)
    SELECT raised.id, clinic.id, rule.audience = 'patient', rule.any_hour,
        CASE WHEN rule.digest THEN times.morning WHEN rule.any_hour THEN %s ELSE times.opening END,
        address.channel, address.recipient
    FROM raised
    JOIN {rule} AS rule ON rule.id = raised.rule_id
    JOIN {patient} AS patient ON patient.id = raised.patient_id
    JOIN {clinic} AS clinic ON clinic.id = patient.clinic_id
    JOIN times ON times.clinic_id = clinic.id
    CROSS JOIN LATERAL (
        SELECT 'email' AS channel, clinic.booking_email AS recipient
        WHERE rule.by_mail AND rule.audience = 'nurses'
        UNION ALL
        SELECT 'email', COALESCE((
            SELECT NULLIF(named.email, '')
            FROM {user} AS named
            JOIN {membership} AS theirs ON theirs.user_id = named.id
                AND theirs.clinic_id = clinic.id
            WHERE named.is_active AND named.id =
                CASE rule.audience WHEN 'lead' THEN clinic.lead_id ELSE patient.responsible_id END
        ), clinic.alert_email)
        WHERE rule.by_mail AND rule.audience IN ('responsible', 'lead')
        UNION ALL
        SELECT * FROM (
            SELECT 'email', clinic.alert_email
            UNION
            SELECT 'email', member.email
            FROM {membership} AS membership JOIN {user} AS member ON member.id = membership.user_id
            WHERE membership.clinic_id = clinic.id AND membership.role = ANY(%s)
                AND member.is_active AND member.email <> ''
        ) AS everybody
        WHERE rule.by_mail AND rule.audience = 'clinic'
        UNION ALL
        SELECT patient.contact_by,
            CASE patient.contact_by WHEN 'sms' THEN patient.phone ELSE patient.email END
        WHERE rule.audience = 'patient' AND patient.contact_by <> ''
    ) AS address
)
SELECT count(*) FROM raised
"""


# An address that a patient has changed since is the one that is used.
_READDRESS = """
UPDATE {table} AS told SET channel = patient.contact_by,
    recipient = CASE patient.contact_by WHEN 'sms' THEN patient.phone ELSE patient.email END
FROM reminders_line AS line
JOIN reminders_notice AS notice ON notice.id = line.notice_id
JOIN patients_patient AS patient ON patient.id = notice.patient_id
WHERE told.id = line.{key} AND line.to_patient AND patient.contact_by <> ''
    AND notice.ended_at IS NULL AND notice.patient_id = ANY(%s) AND {waits}
    AND (told.channel, told.recipient) IS DISTINCT FROM (patient.contact_by,
        CASE patient.contact_by WHEN 'sms' THEN patient.phone ELSE patient.email END)
"""
READDRESS = {
    "line": _READDRESS.format(table="reminders_line", key="id", waits="told.message_id IS NULL"),
    "message": _READDRESS.format(
        table="reminders_message", key="message_id", waits="told.state IN ('held', 'queued')"
    ),
}

# A patient with anything under way is looked at every day, the others when their next window
# nears. To look too early costs little; to look too late is caught by nothing but a change.
_LOOK_AGAIN = """
WITH times (clinic_id, tomorrow) AS (
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[])
),
-- How long before a window opens the first rule speaks.
lead (clinic_id, days) AS (
    SELECT clinic_id, LEAST(min(days), 0) FROM reminders_rule
    WHERE active AND kind IN ('to_book', 'overdue') GROUP BY clinic_id
)
UPDATE reminders_watch AS watch SET look_at = CASE
    WHEN
        EXISTS (SELECT FROM reminders_notice WHERE patient_id = patient.id AND ended_at IS NULL)
        OR EXISTS (
            SELECT FROM schedules_booking AS booking
            JOIN schedules_slot AS slot ON slot.id = booking.slot_id
            JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
            JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
            WHERE tumour.patient_id = patient.id AND booking.state IN ('booked', 'arrived')
        )
        OR EXISTS (
            SELECT FROM schedules_result AS result
            JOIN schedules_study AS study ON study.id = result.study_id
            WHERE study.patient_id = patient.id AND study.withdrawn_at IS NULL
                AND result.reviewed_at IS NULL
        )
    THEN times.tomorrow
    ELSE (
        SELECT GREATEST(times.tomorrow,
            (min(slot.earliest_on) + COALESCE(lead.days, 0))::timestamp
                AT TIME ZONE clinic.time_zone)
        FROM schedules_slot AS slot
        JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
        JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
        WHERE tumour.patient_id = patient.id AND schedule.state = 'active'
            AND slot.outcome IN ('open', 'partially_satisfied')
        HAVING count(*) > 0
    )
END
FROM patients_patient AS patient
JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
JOIN times ON times.clinic_id = clinic.id
LEFT JOIN lead ON lead.clinic_id = clinic.id
WHERE patient.id = watch.patient_id AND watch.patient_id = ANY(%s)
"""


class Look:
    """What a sweep asks and writes of each batch of patients, by statements made once for all."""

    def __init__(self, clinics: Sequence[Clinic], at: datetime) -> None:
        self._clinics, self._at = clinics, at
        self._times = _times(clinics, at)
        self._take_up_again = Prepared(
            "take_up_again", TAKE_UP_AGAIN, [THEM, at + CLOCKS_DIFFER, at]
        )
        untrue = Notice.objects.filter(
            ~still_true(at, clinics, among_them), among_them("patient"), ended_at=None
        ).order_by("pk")
        self._untrue = Prepared("untrue", *untrue.values_list("pk").query.sql_with_params())
        self._raise = [Prepared(f"raise_{kind}", *self._statement(kind)) for kind in Kind]
        self._readdress = [
            Prepared(f"readdress_{table}", statement, [THEM])
            for table, statement in READDRESS.items()
        ]
        tomorrows = [
            [one.clinic_id for one in self._times],
            [one.tomorrow for one in self._times],
        ]
        self._look_again = Prepared("look_again", _LOOK_AGAIN, [*tomorrows, THEM])

    def _statement(self, kind: Kind) -> tuple[str, Sequence[Any]]:
        """What raises all that a kind's rules say, with its lines."""
        subject = subject_of(kind)
        patient = PATIENT[subject]
        sql, params = (
            due(kind, self._at, self._clinics)
            .filter(among_them(patient))
            .values_list("pk", "rule_pk", patient, "round")
            .query.sql_with_params()
        )
        statement = _RAISE.format(
            due=sql,
            subject=f"{subject}_id",
            notice=Notice._meta.db_table,
            rule=Rule._meta.db_table,
            line=Line._meta.db_table,
            clinic=Clinic._meta.db_table,
            patient=Patient._meta.db_table,
            membership=Membership._meta.db_table,
            user=User._meta.db_table,
        )
        at = self._at
        return statement, [
            *params,
            [one.clinic_id for one in self._times],
            [one.opening for one in self._times],
            [one.morning for one in self._times],
            kind.value,
            *(at, at, at),
            [Role.NURSE.value, Role.CLINICIAN.value],
        ]

    def take_up_again(self, patients: list[int]) -> None:
        """Open again what a clock that was wrong has ended."""
        self._take_up_again.execute(patients)

    def untrue(self, patients: list[int]) -> list[int]:
        """Return the patients' open notices that are no longer true."""
        return [pk for (pk,) in self._untrue.execute(patients)]

    def raise_new(self, patients: list[int]) -> int:
        """Raise what the rules say of the patients and is not open yet, and write its lines."""
        raised = 0
        for statement in self._raise:
            [(notices,)] = statement.execute(patients)
            raised += notices
        return raised

    def readdress(self, patients: list[int]) -> None:
        """Send what waits for the patients to the address that they have given last."""
        for statement in self._readdress:
            statement.execute(patients)

    def look_again(self, patients: list[int]) -> None:
        """Say when to look at the patients next."""
        self._look_again.execute(patients)
