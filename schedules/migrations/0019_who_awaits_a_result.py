"""Each study says whether it awaits a result, and PostgreSQL keeps that true, whoever writes."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

# As in audit.0005: the changed trigger has put the library's own function back.
NOT_SWITCHED_OFF = """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE AS $$ SELECT false $$;
"""
# A study is asked anew whenever it is written, so what was read before and is written back does no
# harm. A result writes its study; a study taken back awaits none, and is left alone.
KEPT = """
CREATE FUNCTION schedules_study_awaits_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.awaits_result := NEW.withdrawn_at IS NULL
        AND NOT EXISTS (SELECT FROM schedules_result WHERE study_id = NEW.id);
    RETURN NEW;
END $$;
CREATE TRIGGER schedules_study_awaits_result BEFORE INSERT OR UPDATE ON schedules_study
FOR EACH ROW EXECUTE FUNCTION schedules_study_awaits_result();

CREATE FUNCTION schedules_result_awaited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE schedules_study SET awaits_result = awaits_result
    WHERE id IN (OLD.study_id, NEW.study_id) AND OLD.study_id IS DISTINCT FROM NEW.study_id
        AND withdrawn_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER schedules_result_awaited AFTER INSERT OR DELETE OR UPDATE OF study_id ON schedules_result
FOR EACH ROW EXECUTE FUNCTION schedules_result_awaited();
"""
NOT_KEPT = """
DROP TRIGGER schedules_result_awaited ON schedules_result;
DROP FUNCTION schedules_result_awaited();
DROP TRIGGER schedules_study_awaits_result ON schedules_study;
DROP FUNCTION schedules_study_awaits_result();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0012_history_of_emergency_accesses'),
        ('audit', '0005_history_is_kept'),
        ('schedules', '0018_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='study',
            name='update_update',
        ),
        migrations.AddField(
            model_name='study',
            name='awaits_result',
            field=models.BooleanField(db_default=False, editable=False, help_text='Derived by PostgreSQL, whatever is written here (ADR 0022).'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='study',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kept_at" IS DISTINCT FROM (NEW."kept_at") OR OLD."kept_because" IS DISTINCT FROM (NEW."kept_because") OR OLD."kept_by_id" IS DISTINCT FROM (NEW."kept_by_id") OR OLD."modality" IS DISTINCT FROM (NEW."modality") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."performed_on" IS DISTINCT FROM (NEW."performed_on") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."regions" IS DISTINCT FROM (NEW."regions") OR OLD."study_uid" IS DISTINCT FROM (NEW."study_uid") OR OLD."withdrawn_at" IS DISTINCT FROM (NEW."withdrawn_at") OR OLD."withdrawn_because" IS DISTINCT FROM (NEW."withdrawn_because") OR OLD."withdrawn_by_id" IS DISTINCT FROM (NEW."withdrawn_by_id"))', func='INSERT INTO "schedules_studyhistory" ("description", "id", "kept_at", "kept_because", "kept_by_id", "modality", "patient_id", "performed_on", "pgh_created_at", "pgh_label", "pgh_obj_id", "public_id", "regions", "study_uid", "withdrawn_at", "withdrawn_because", "withdrawn_by_id") VALUES (OLD."description", OLD."id", OLD."kept_at", OLD."kept_because", OLD."kept_by_id", OLD."modality", OLD."patient_id", OLD."performed_on", NOW(), \'update\', OLD."id", OLD."public_id", OLD."regions", OLD."study_uid", OLD."withdrawn_at", OLD."withdrawn_because", OLD."withdrawn_by_id"); RETURN NULL;', hash='0a88f6995234298f502294103e8f6c1c250edd98', operation='UPDATE', pgid='pgtrigger_update_update_1f076', table='schedules_study', when='AFTER')),
        ),
        migrations.RunSQL(NOT_SWITCHED_OFF, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
