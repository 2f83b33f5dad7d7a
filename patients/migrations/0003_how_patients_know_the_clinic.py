from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_hours_consent_and_the_responsible")]
    operations = [
        migrations.AddField(
            model_name="clinic",
            name="name_for_patients",
            field=models.CharField(
                max_length=120,
                blank=True,
                default="",
                help_text="How messages to patients are signed: nothing that tells a stranger why, such "
                "as the hospital's name. Without it they are signed with no name.",
            ),
        ),
        migrations.AddField(
            model_name="clinic",
            name="phone",
            field=models.CharField(
                max_length=40, blank=True, default="", help_text="Which patients are asked to call."
            ),
        ),
    ]
