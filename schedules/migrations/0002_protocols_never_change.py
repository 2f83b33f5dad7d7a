"""A protocol that is or was in use never changes: whoever writes, the database refuses."""

from django.db import migrations

GUARD = """
CREATE FUNCTION schedules_guard_protocol() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'protocol % version % is %: it cannot be deleted',
            OLD.code, OLD.version, OLD.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- All that may happen to it is that it is retired.
    IF OLD.state = 'active' AND NEW.state = 'retired'
        AND (to_jsonb(NEW) - 'state') = (to_jsonb(OLD) - 'state') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'protocol % version % is %: a change is a new version',
        OLD.code, OLD.version, OLD.state USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER schedules_protocol_never_changes
BEFORE UPDATE OR DELETE ON schedules_protocol
FOR EACH ROW EXECUTE FUNCTION schedules_guard_protocol();
"""

NO_GUARD = """
DROP TRIGGER schedules_protocol_never_changes ON schedules_protocol;
DROP FUNCTION schedules_guard_protocol();
"""


class Migration(migrations.Migration):
    dependencies = [("schedules", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, NO_GUARD)]
