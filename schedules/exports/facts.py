"""Where the rows of each table come from, in SQL: one patient's after another's.

`asked_on` is the day of the patient's clinic; the session's time zone is the clinic's, too.
"""

from schedules.figures import HAS_RUN_OUT, IS_ASKED_FOR, IS_KEPT, STANDING
from schedules.models import ResultOutcome, Slot
from schedules.rules.outcome import Outcome
from schedules.rules.windows import WindowStatus

_TO_BE_DONE = "outcome IN ({})".format(", ".join(f"'{word}'" for word in Slot.TO_BE_DONE))

# What `rules.windows` says of a window, while the slot still lacks an exam; a property test holds
# the two together.
WINDOW_STATUS = f"""CASE
    WHEN NOT {_TO_BE_DONE} THEN NULL
    WHEN asked_on < earliest_on THEN '{WindowStatus.UPCOMING}'
    WHEN asked_on <= latest_on THEN '{WindowStatus.DUE}'
    WHEN asked_on <= lapses_on THEN '{WindowStatus.OVERDUE}'
    ELSE '{WindowStatus.LAPSED}'
END"""
DAYS_LATE = f"CASE WHEN {_TO_BE_DONE} THEN greatest(0, asked_on - latest_on) END"

PATIENT = """
    clinic.code AS clinic, clinic.time_zone, patient.id AS patient_id,
    patient.public_id AS patient_public_id, patient.mrn_issuer, patient.mrn, patient.family_name,
    patient.given_name, patient.birth_date, patient.phone
"""
SLOT = """
    protocol.code AS protocol, protocol.version AS protocol_version, schedule.anchor_on,
    schedule.state AS schedule_state, slot.id AS slot_id, slot.exam, slot.n, slot.earliest_on,
    slot.due_on, slot.latest_on, slot.lapses_on, slot.outcome, slot.outcome_reason,
    %(on)s::date AS asked_on
"""
OF_SLOT = """
    schedules_slot AS slot
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN schedules_protocol AS protocol ON protocol.id = schedule.protocol_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
    JOIN patients_patient AS patient ON patient.id = tumour.patient_id
    JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
"""
_ITS_STUDIES = f"""
    schedules_study_slots AS link
    JOIN schedules_study AS study ON study.id = link.study_id
    LEFT JOIN schedules_result AS result ON result.study_id = study.id
    WHERE link.slot_id = slot.id
        AND result.outcome IS DISTINCT FROM '{ResultOutcome.INADEQUATE.value}'
"""
MISSING = f"""CASE slot.outcome
    WHEN '{Outcome.OPEN}' THEN slot.regions
    WHEN '{Outcome.PARTIALLY_SATISFIED}' THEN ARRAY(
        SELECT region FROM unnest(slot.regions) WITH ORDINALITY AS asked_for (region, place)
        WHERE NOT EXISTS (SELECT FROM {_ITS_STUDIES} AND region = ANY (study.regions))
        ORDER BY place
    )
END AS missing_regions"""  # noqa: S608 - words of our own
# The whole row, so that it is looked up once, and not at all if no column of it is asked for.
LAST_BOOKING = """(
    SELECT booking FROM schedules_booking AS booking
    WHERE booking.slot_id = slot.id ORDER BY booking.id DESC LIMIT 1
) AS last_booking"""
LAST_REVIEW = """(
    SELECT review FROM schedules_review AS review
    WHERE review.slot_id = slot.id ORDER BY review.id DESC LIMIT 1
) AS last_review"""
_DONE_ON = f"""(
    SELECT max(first_on) FROM (
        SELECT min(study.performed_on) AS first_on
        FROM unnest(slot.regions) AS region CROSS JOIN {_ITS_STUDIES}
            AND region = ANY (study.regions) AND study.performed_on <= %(on)s
        GROUP BY region
    ) AS covered HAVING count(*) = cardinality(slot.regions)
) AS done_on"""  # noqa: S608 - words of our own
_OF_PATIENT = """
    patient.clinic_id = %(clinic)s
    AND (%(patients)s::bigint[] IS NULL OR patient.id = ANY (%(patients)s))
    AND (%(protocol)s = '' OR {})
"""
OF_PROTOCOL = _OF_PATIENT.format("protocol.code = %(protocol)s")
OF_A_PROTOCOL = _OF_PATIENT.format(
    """EXISTS (
        SELECT FROM schedules_study_slots AS link
        JOIN schedules_slot AS slot ON slot.id = link.slot_id
        JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
        JOIN schedules_protocol AS protocol ON protocol.id = schedule.protocol_id
        WHERE link.study_id = study.id AND protocol.code = %(protocol)s
    )"""
)


OF_A_SCHEDULE = _OF_PATIENT.format(
    """EXISTS (
        SELECT FROM schedules_schedule AS schedule
        JOIN schedules_protocol AS protocol ON protocol.id = schedule.protocol_id
        JOIN patients_tumour AS own ON own.id = schedule.tumour_id
        WHERE own.patient_id = patient.id AND protocol.code = %(protocol)s
    )"""
)


def _between(day: str) -> str:
    """Keep what lies between the days asked for; a day that nobody gave is no bound."""
    return (
        f"(%(first)s::date IS NULL OR {day} >= %(first)s) "
        f"AND (%(last)s::date IS NULL OR {day} <= %(last)s)"
    )


# The same columns as an import has, so that what is taken out can be loaded again.
PATIENTS = f"""
SELECT {PATIENT}, patient.sex, patient.email, patient.language, tumour.id AS tumour_id, tumour.site,
    tumour.topography, tumour.morphology, tumour.morphology_name, tumour.icdo_edition,
    tumour.laterality, tumour.grade, tumour.size_mm, tumour.depth, tumour.diagnosed_on,
    treatment.id AS treatment_id, treatment.kind AS treatment, treatment."on" AS treated_on,
    treatment.intent, treatment.margin, treatment.drugs, treatment.cycles, treatment.description
FROM patients_patient AS patient
JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
LEFT JOIN patients_tumour AS tumour ON tumour.patient_id = patient.id
LEFT JOIN patients_treatment AS treatment ON treatment.tumour_id = tumour.id
WHERE {OF_A_SCHEDULE} AND {_between('treatment."on"')}
"""  # noqa: S608

SCHEDULES = f"""
SELECT {PATIENT}, {SLOT}, {MISSING}, {LAST_BOOKING}
FROM {OF_SLOT}
WHERE {OF_PROTOCOL} AND {_between("slot.due_on")}
"""  # noqa: S608

# `listed` are those that the list of overdue exams has, by its own query.
OVERDUE = f"""
SELECT {PATIENT}, {SLOT}, {MISSING}, {LAST_BOOKING}, {LAST_REVIEW}
FROM {OF_SLOT}
WHERE {OF_PROTOCOL} AND {_between("slot.due_on")} AND slot.id IN (%(listed)s)
"""  # noqa: S608

ADHERENCE = f"""
SELECT stood.*, {HAS_RUN_OUT} AND {IS_ASKED_FOR} AS counts, coalesce({IS_KEPT}, false) AS in_time,
    done_on - due_on AS days_after_due
FROM (
    SELECT came.*, {STANDING} AS standing
    FROM (
        SELECT {PATIENT}, {SLOT}, {_DONE_ON} FROM {OF_SLOT}
        WHERE {OF_PROTOCOL} AND {_between("slot.due_on")} AND slot.due_on <= %(on)s
        OFFSET 0  -- so that each of these is worked out once
    ) AS came
) AS stood
"""  # noqa: S608

BOOKINGS = f"""
SELECT {PATIENT}, {SLOT}, booking.id AS booking_id, booking.starts_at, booking.minutes,
    scanner.name AS scanner, booking.state AS booking_state, booking.outside_window_reason,
    booking.broken_off_because, booking.accession, booking.booked_at,
    coalesce(nullif(concat_ws(' ', nullif(person.first_name, ''), nullif(person.last_name, '')),
        ''), person.username) AS booked_by
FROM schedules_booking AS booking
JOIN schedules_scanner AS scanner ON scanner.id = booking.scanner_id
JOIN accounts_user AS person ON person.id = booking.booked_by_id
JOIN {OF_SLOT} ON slot.id = booking.slot_id
WHERE {OF_PROTOCOL} AND {_between("booking.starts_at::date")}
"""  # noqa: S608

RESULTS = f"""
SELECT {PATIENT}, study.id AS study_id, study.performed_on, study.modality, study.regions,
    study.description, study.study_uid, result.outcome, result.sites, result.comment,
    result.recorded_at, result.reviewed_at,
    coalesce(nullif(concat_ws(' ', nullif(person.first_name, ''), nullif(person.last_name, '')),
        ''), person.username) AS reviewed_by
FROM schedules_result AS result
JOIN schedules_study AS study ON study.id = result.study_id
JOIN patients_patient AS patient ON patient.id = study.patient_id
JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
LEFT JOIN accounts_user AS person ON person.id = result.reviewed_by_id
WHERE {OF_A_PROTOCOL} AND {_between("study.performed_on")}
"""  # noqa: S608
