"""A decision that is taken back is a change, too: the sweep looks at that patient again."""

from django.db import migrations

WATCH = """
CREATE TRIGGER reminders_watch_deleted AFTER DELETE ON schedules_review
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reminders_watch_schedules_review();
"""
UNWATCH = "DROP TRIGGER reminders_watch_deleted ON schedules_review;"


class Migration(migrations.Migration):
    dependencies = [("reminders", "0004_notices_ended_too_early")]
    operations = [migrations.RunSQL(WATCH, UNWATCH)]
