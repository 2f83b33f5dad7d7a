"""How and by whom what was received became a study."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('imaging', '0001_initial'),
        ('patients', '0006_findings_withdrawn'),
        ('schedules', '0014_studies_withdrawn'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='received',
            name='filed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='received',
            name='filed_by',
            field=models.ForeignKey(blank=True, help_text='Nobody, if the program filed it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='received',
            name='known_before',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, help_text='The regions that somebody had recorded for the study before it was filed.', size=None),
        ),
        migrations.AddField(
            model_name='received',
            name='taken_back_because',
            field=models.CharField(blank=True, default='', help_text='Why it was taken back; since then only people file it.', max_length=300),
        ),
        migrations.AddField(
            model_name='received',
            name='way',
            field=models.CharField(blank=True, choices=[('order', 'the order that the scanner was given'), ('accession', 'the accession number'), ('patient', 'the patient’s number, with name or birth date'), ('person', 'whoever filed it chose the patient')], default='', max_length=9),
        ),
        migrations.AlterField(
            model_name='received',
            name='judged_at',
            field=models.DateTimeField(blank=True, help_text='When the program last looked whether it can be filed; once it is filed, when all that came was found to fit, and empty until then.', null=True),
        ),
        migrations.AddIndex(
            model_name='received',
            index=models.Index(condition=models.Q(('judged_at', None), ('study__isnull', False)), fields=['clinic', 'last_at'], name='received_grown'),
        ),
        migrations.AddConstraint(
            model_name='received',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('filed_at', None), ('filed_by', None), ('known_before', []), ('study', None), ('way', '')), models.Q(('filed_at__isnull', False), ('study__isnull', False), models.Q(('way', ''), _negated=True)), _connector='OR'), name='filed_in_some_way'),
        ),
    ]
