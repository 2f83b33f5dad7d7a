"""The few studies that await a result are found without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('schedules', '0019_who_awaits_a_result'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='study',
            index=models.Index(condition=models.Q(('awaits_result', True)), fields=['performed_on', 'id'], name='study_awaits_result'),
        ),
    ]
