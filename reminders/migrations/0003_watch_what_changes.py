"""Whoever changes what the rules speak of, the sweep looks at that patient again.

A statement that changes rows marks their patients in its own transaction: an action, a bulk
import, and a hand at the database prompt alike. Nothing has to remember to call anything.
"""

from django.db import migrations

OF_SLOT = """
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
"""

# Table -> whose patients its changed rows are.
PATIENTS_OF = {
    "patients_patient": "SELECT id AS patient_id FROM changed",
    "patients_clinic": """
        SELECT patient.id AS patient_id
        FROM changed JOIN patients_patient AS patient ON patient.clinic_id = changed.id
    """,
    "reminders_rule": """
        SELECT patient.id AS patient_id
        FROM changed JOIN patients_patient AS patient ON patient.clinic_id = changed.clinic_id
    """,
    "schedules_schedule": """
        SELECT tumour.patient_id
        FROM changed JOIN patients_tumour AS tumour ON tumour.id = changed.tumour_id
    """,
    "schedules_slot": f"SELECT tumour.patient_id FROM changed AS slot {OF_SLOT}",
    "schedules_booking": f"""
        SELECT tumour.patient_id
        FROM changed JOIN schedules_slot AS slot ON slot.id = changed.slot_id {OF_SLOT}
    """,
    "schedules_review": f"""
        SELECT tumour.patient_id
        FROM changed JOIN schedules_slot AS slot ON slot.id = changed.slot_id {OF_SLOT}
    """,
    "schedules_result": """
        SELECT study.patient_id
        FROM changed JOIN schedules_study AS study ON study.id = changed.study_id
    """,
}

# The order of the rows keeps two writers of many from waiting for each other. The row of a
# patient who is marked already is locked all the same, so a sweep that has it in hand is waited
# for, and cannot overwrite the mark with what it saw before.
WATCH = """
CREATE FUNCTION reminders_watch_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reminders_watch (patient_id, look_at)
    SELECT DISTINCT patient_id, 'epoch'::timestamptz FROM ({patients}) AS theirs
    ORDER BY patient_id
    ON CONFLICT (patient_id) DO UPDATE SET look_at = EXCLUDED.look_at
    WHERE reminders_watch.look_at IS DISTINCT FROM EXCLUDED.look_at;
    RETURN NULL;
END $$;
CREATE TRIGGER reminders_watch_inserted AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reminders_watch_{table}();
CREATE TRIGGER reminders_watch_updated AFTER UPDATE ON {table}
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reminders_watch_{table}();
"""

UNWATCH = """
DROP TRIGGER reminders_watch_inserted ON {table};
DROP TRIGGER reminders_watch_updated ON {table};
DROP FUNCTION reminders_watch_{table}();
"""

EVERYBODY = "INSERT INTO reminders_watch (patient_id, look_at) SELECT id, 'epoch' FROM patients_patient"


class Migration(migrations.Migration):
    dependencies = [("reminders", "0002_rules_notices_messages")]
    operations = [
        *(
            migrations.RunSQL(
                WATCH.format(table=table, patients=patients), UNWATCH.format(table=table)
            )
            for table, patients in PATIENTS_OF.items()
        ),
        migrations.RunSQL(EVERYBODY, migrations.RunSQL.noop),
    ]
