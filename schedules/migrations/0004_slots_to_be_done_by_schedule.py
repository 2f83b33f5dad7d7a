"""What is still to be done of one schedule is found without a look at all that was done."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("schedules", "0003_studies_without_a_match")]

    operations = [
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                fields=["schedule", "earliest_on"],
                condition=Q(outcome__in=["open", "partially_satisfied"]),
                name="slots_to_be_done_by_schedule",
            ),
        ),
    ]
