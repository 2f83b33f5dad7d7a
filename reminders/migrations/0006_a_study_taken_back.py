"""A study that is taken back is a change, too: the sweep looks at that patient again."""

from django.db import migrations

WATCH = """
CREATE FUNCTION reminders_watch_schedules_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reminders_watch (patient_id, look_at)
    SELECT DISTINCT patient_id, 'epoch'::timestamptz FROM changed WHERE withdrawn_at IS NOT NULL
    ORDER BY patient_id
    ON CONFLICT (patient_id) DO UPDATE SET look_at = EXCLUDED.look_at
    WHERE reminders_watch.look_at IS DISTINCT FROM EXCLUDED.look_at;
    RETURN NULL;
END $$;
CREATE TRIGGER reminders_watch_updated AFTER UPDATE ON schedules_study
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reminders_watch_schedules_study();
"""
UNWATCH = """
DROP TRIGGER reminders_watch_updated ON schedules_study;
DROP FUNCTION reminders_watch_schedules_study();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reminders", "0005_a_decision_taken_back"),
        ("schedules", "0014_studies_withdrawn"),
    ]
    operations = [migrations.RunSQL(WATCH, UNWATCH)]
