"""Notices that a clock put back has ended are found at once, by an index that is empty but then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reminders", "0003_watch_what_changes")]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("ended_at__lt", models.F("raised_at"))),
                fields=["patient"],
                name="notices_ended_too_early",
            ),
        ),
    ]
