"""A study that is not this patient’s is withdrawn, and its UID may be filed anew."""

import django.core.validators
import django.db.models.deletion
import schedules.models.study
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0006_findings_withdrawn"),
        ("schedules", "0013_job_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="study",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="study",
            name="withdrawn_because",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="study",
            name="withdrawn_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="study",
            name="study_uid",
            field=models.CharField(
                default=schedules.models.study.made_up_study_uid,
                max_length=64,
                validators=[
                    django.core.validators.RegexValidator("^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*))+$")
                ],
                verbose_name="StudyInstanceUID",
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("study_uid",),
                name="one_standing_study_per_uid",
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("withdrawn_at", None), ("withdrawn_because", ""), ("withdrawn_by", None)
                    ),
                    models.Q(
                        models.Q(("withdrawn_because", ""), _negated=True),
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="study_withdrawn_by_somebody_for_a_reason",
            ),
        ),
    ]
