"""Patients are listed by name, a page at a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_days_on_which_a_clinic_closes")]

    operations = [
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                fields=["family_name", "given_name", "mrn", "id"], name="patients_by_name"
            ),
        ),
    ]
