"""Results are corrected, and know the finding that they tell of."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0006_findings_withdrawn'),
        ('schedules', '0009_saved_views'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='result',
            name='finding',
            field=models.ForeignKey(blank=True, help_text='What a new lesion is in the history.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='results', to='patients.finding'),
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('no_disease', 'No evidence of disease'), ('new_lesion', 'New lesion'), ('indeterminate', 'Indeterminate'), ('inadequate', 'Inadequate, to be repeated')], max_length=15)),
                ('sites', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None)),
                ('comment', models.CharField(blank=True, max_length=300)),
                ('reason', models.CharField(max_length=300)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('result', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='schedules.result')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
    ]
