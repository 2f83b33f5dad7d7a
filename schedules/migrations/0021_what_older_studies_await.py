"""Studies of before say, too, whether they await a result."""

from typing import Any

from django.db import migrations

PORTION = 10_000  # studies whose rows are held at a time
ASK_ANEW = """
UPDATE schedules_study AS study SET awaits_result = true
WHERE id BETWEEN %s AND %s AND withdrawn_at IS NULL AND NOT awaits_result
    AND NOT EXISTS (SELECT FROM schedules_result WHERE study_id = study.id)
"""


def ask_anew(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM schedules_study")
        [last] = cursor.fetchone()
        for first in range(1, last + 1, PORTION):
            cursor.execute(ASK_ANEW, [first, first + PORTION - 1])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('schedules', '0020_studies_found_by_what_they_await'),
    ]

    operations = [
        migrations.RunPython(ask_anew, migrations.RunPython.noop),
    ]
