"""A scanner can be taken out of use; it stays for the sake of its appointments."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("schedules", "0006_contacts")]

    operations = [
        migrations.AddField(
            model_name="scanner",
            name="in_use",
            field=models.BooleanField(
                default=True,
                help_text="Out of use nothing new is booked on it; what is booked stands.",
            ),
        ),
    ]
