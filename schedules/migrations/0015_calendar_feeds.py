"""Calendar feeds, and what calendars know an appointment by through all its changes."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


# Whoever writes a booking: rows that replaced each other are one event, whose sequence never goes
# down, and grows with whatever a calendar must be told of.
WHAT_CALENDARS_KNOW = """
UPDATE schedules_booking AS booking
SET calendar_uid = chain.calendar_uid, calendar_sequence = chain.place, changed_at = booked_at
FROM (
    WITH RECURSIVE chain (id, calendar_uid, place) AS (
        SELECT id, public_id, 0 FROM schedules_booking WHERE replaces_id IS NULL
        UNION ALL
        SELECT booking.id, chain.calendar_uid, chain.place + 1
        FROM schedules_booking AS booking JOIN chain ON chain.id = booking.replaces_id
    )
    SELECT * FROM chain
) AS chain
WHERE chain.id = booking.id;
CREATE FUNCTION schedules_booking_in_calendars() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT calendar_uid, calendar_sequence + 1 INTO NEW.calendar_uid, NEW.calendar_sequence
        FROM schedules_booking WHERE id = NEW.replaces_id
        UNION ALL SELECT NEW.public_id, 0 WHERE NEW.replaces_id IS NULL;
        RETURN NEW;
    END IF;
    NEW.calendar_uid := OLD.calendar_uid;
    NEW.calendar_sequence := OLD.calendar_sequence;
    NEW.changed_at := OLD.changed_at;
    IF (NEW.starts_at, NEW.minutes, NEW.scanner_id, NEW.state)
        IS DISTINCT FROM (OLD.starts_at, OLD.minutes, OLD.scanner_id, OLD.state)
    THEN
        NEW.changed_at := now();
    END IF;
    IF (NEW.starts_at, NEW.minutes, NEW.scanner_id, NEW.state = 'cancelled')
        IS DISTINCT FROM (OLD.starts_at, OLD.minutes, OLD.scanner_id, OLD.state = 'cancelled')
    THEN
        NEW.calendar_sequence := OLD.calendar_sequence + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER schedules_booking_in_calendars BEFORE INSERT OR UPDATE ON schedules_booking
    FOR EACH ROW EXECUTE FUNCTION schedules_booking_in_calendars();
"""
NOTHING_OF_CALENDARS = """
DROP TRIGGER schedules_booking_in_calendars ON schedules_booking;
DROP FUNCTION schedules_booking_in_calendars();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0007_imports'),
        ('schedules', '0014_studies_withdrawn'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='booking',
            name='calendar_sequence',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='booking',
            name='calendar_uid',
            field=models.UUIDField(db_index=True, default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name='booking',
            name='changed_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.RunSQL(WHAT_CALENDARS_KNOW, NOTHING_OF_CALENDARS),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=80)),
                ('secret_digest', models.CharField(help_text='SHA-256, hexadecimal.', max_length=64, unique=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('read_at', models.DateTimeField(blank=True, help_text='To the minute.', null=True)),
                ('told_digest', models.CharField(blank=True, default='', max_length=64)),
                ('told_since', models.DateTimeField(blank=True, help_text='Since when it says what it said last.', null=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='patients.clinic')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('scanner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='schedules.scanner')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('revoked_at', None), ('revoked_by', None)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False)), _connector='OR'), name='feed_revoked_by_somebody')],
            },
        ),
    ]
