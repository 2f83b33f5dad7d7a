"""What rows were is only added to, as the audit is, and an event may lose its detail by an erasure.

That takes an event “patient.erased” in the same transaction, which is there to be seen. And nobody
switches a trigger off by a setting of their session, as django-pgtrigger would let them.
"""

from django.db import migrations

HISTORY = (
    "accounts_userhistory",
    "api_tokenhistory",
    "imaging_arrangementhistory",
    "imaging_peerhistory",
    "imaging_textmeaninghistory",
    "patients_clinichistory",
    "patients_closeddayhistory",
    "patients_findinghistory",
    "patients_membershiphistory",
    "patients_patienthistory",
    "patients_treatmenthistory",
    "patients_tumourhistory",
    "reminders_receiverhistory",
    "reminders_rulehistory",
    "schedules_bookinghistory",
    "schedules_contacthistory",
    "schedules_correctionhistory",
    "schedules_declinedanchorhistory",
    "schedules_feedhistory",
    "schedules_protocolhistory",
    "schedules_resulthistory",
    "schedules_reviewhistory",
    "schedules_scannerhistory",
    "schedules_schedulehistory",
    "schedules_studyhistory",
    "schedules_suspensionhistory",
)
NOT_SWITCHED_OFF = """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN
LANGUAGE sql IMMUTABLE AS $$ SELECT false $$;
"""
GUARDS = """
CREATE FUNCTION audit_event_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sealed_as IS NULL AND NEW.sealed_as IS NOT NULL AND NEW.detail = '{}'
        AND to_jsonb(NEW) - ARRAY['detail', 'sealed_as'] = to_jsonb(OLD) - ARRAY['detail', 'sealed_as']
        AND EXISTS (
            SELECT FROM audit_event
            WHERE transaction = pg_current_xact_id()::text::bigint AND act = 'patient.erased'
                AND detail -> 'events' @> to_jsonb(OLD.id)
        )
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'the audit is only ever added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE FUNCTION audit_history_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM audit_event
        WHERE transaction = pg_current_xact_id()::text::bigint AND act = 'patient.erased'
    ) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the audit is only ever added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER audit_event_never_changes ON audit_event;
CREATE TRIGGER audit_event_never_changes BEFORE DELETE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_event_only_erased BEFORE UPDATE ON audit_event
FOR EACH ROW EXECUTE FUNCTION audit_event_only_erased();
"""
NO_GUARDS = """
DROP TRIGGER audit_event_only_erased ON audit_event;
DROP TRIGGER audit_event_never_changes ON audit_event;
CREATE TRIGGER audit_event_never_changes BEFORE UPDATE OR DELETE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
DROP FUNCTION audit_history_only_erased();
DROP FUNCTION audit_event_only_erased();
"""
GUARDS_OF_ONE = """
CREATE TRIGGER {table}_only_erased BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION audit_history_only_erased();
CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
NO_GUARDS_OF_ONE = """
DROP TRIGGER {table}_only_erased ON {table};
DROP TRIGGER {table}_never_emptied ON {table};
"""


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_history'),
        ('accounts', '0004_history'),
        ('api', '0003_history'),
        ('imaging', '0003_history'),
        ('patients', '0011_history'),
        ('reminders', '0011_history'),
        ('schedules', '0018_history'),
    ]

    operations = [
        migrations.RunSQL(NOT_SWITCHED_OFF, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        *(
            migrations.RunSQL(
                GUARDS_OF_ONE.format(table=table), NO_GUARDS_OF_ONE.format(table=table)
            )
            for table in HISTORY
        ),
    ]
