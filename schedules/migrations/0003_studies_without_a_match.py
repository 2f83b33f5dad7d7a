"""A study may be kept off schedule by a person; results say when they were recorded."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# When the results so far were recorded is not known; the day of the study is the nearest to it.
RECORDED_WHEN_PERFORMED = """
UPDATE schedules_result SET recorded_at = study.performed_on::timestamp AT TIME ZONE 'UTC'
FROM schedules_study AS study WHERE study.id = schedules_result.study_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0002_hours_consent_and_the_responsible"),
        ("schedules", "0002_protocols_never_change"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="result",
            name="recorded_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When what it says now was recorded."
            ),
        ),
        migrations.RunSQL(RECORDED_WHEN_PERFORMED, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="study",
            name="kept_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="study",
            name="kept_because",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Why it may count for no slot, where somebody decided so.",
            ),
        ),
        migrations.AddField(
            model_name="study",
            name="kept_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kept_at", None), ("kept_because", ""), ("kept_by", None)),
                    models.Q(
                        models.Q(("kept_because", ""), _negated=True),
                        ("kept_at__isnull", False),
                        ("kept_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="kept_by_somebody_for_a_reason",
            ),
        ),
    ]
