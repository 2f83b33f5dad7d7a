"""Each appointment is an order: an accession number, and the UID of the study to be."""

import django.core.validators
import schedules.models.booking
import schedules.models.study
from django.db import migrations, models


NUMBERS = """
ALTER TABLE schedules_booking
    ADD COLUMN accession varchar(16) NOT NULL
        DEFAULT 'SV' || upper(substr(md5(gen_random_uuid()::text), 1, 12)),
    ADD COLUMN study_uid varchar(64) NOT NULL
        DEFAULT '2.25.1' || translate(left(gen_random_uuid()::text, 23), 'abcdef-', '012345');
ALTER TABLE schedules_booking
    ALTER COLUMN accession DROP DEFAULT,
    ALTER COLUMN study_uid DROP DEFAULT,
    ADD CONSTRAINT schedules_booking_accession_key UNIQUE (accession),
    ADD CONSTRAINT schedules_booking_study_uid_key UNIQUE (study_uid);
CREATE INDEX schedules_booking_accession_like
    ON schedules_booking (accession varchar_pattern_ops);
CREATE INDEX schedules_booking_study_uid_like
    ON schedules_booking (study_uid varchar_pattern_ops);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0006_findings_withdrawn'),
        ('schedules', '0011_results_know_their_findings'),
    ]

    operations = [
        # Every appointment there is gets a number and a UID of its own: a default that is drawn anew
        # for each row, as no default of Django's is.
        migrations.RunSQL(
            NUMBERS,
            """
            ALTER TABLE schedules_booking DROP COLUMN accession, DROP COLUMN study_uid;
            """,
            state_operations=[
                migrations.AddField(
                    model_name='booking',
                    name='accession',
                    field=models.CharField(default=schedules.models.booking.made_up_accession, max_length=16, unique=True),
                ),
                migrations.AddField(
                    model_name='booking',
                    name='study_uid',
                    field=models.CharField(default=schedules.models.study.made_up_study_uid, max_length=64, unique=True, validators=[django.core.validators.RegexValidator('^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*))+$')], verbose_name='StudyInstanceUID'),
                ),
            ],
        ),
        migrations.AddField(
            model_name='booking',
            name='broken_off_because',
            field=models.CharField(blank=True, default='', help_text='Why the scanner gave it back undone.', max_length=200),
        ),
        migrations.AddField(
            model_name='scanner',
            name='ae_title',
            field=models.CharField(blank=True, default='', help_text='By which it asks for its worklist; without one it gets none.', max_length=16, validators=[django.core.validators.RegexValidator('^[!-\\[\\]-~](?:[ -\\[\\]-~]{0,14}[!-\\[\\]-~])?$', 'An AE title has 1 to 16 letters, digits and signs of ASCII, but no backslash.')], verbose_name='AE title'),
        ),
        migrations.AddConstraint(
            model_name='scanner',
            constraint=models.UniqueConstraint(condition=models.Q(('ae_title', ''), _negated=True), fields=('ae_title',), name='one_scanner_per_ae_title'),
        ),
    ]
