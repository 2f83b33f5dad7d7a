"""A booking has a length, and neither a scanner nor a patient is booked twice at a time."""

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models
from django.db.models import DateTimeField, ExpressionWrapper, F, Func, Q, Value
from django.db.models.expressions import CombinedExpression

# Whoever writes a booking, its patient is the slot's.
PATIENT_OF_SLOT = """
CREATE FUNCTION schedules_booking_patient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tumour.patient_id INTO NEW.patient_id
    FROM schedules_slot AS slot
    JOIN schedules_schedule AS schedule ON schedule.id = slot.schedule_id
    JOIN patients_tumour AS tumour ON tumour.id = schedule.tumour_id
    WHERE slot.id = NEW.slot_id;
    RETURN NEW;
END $$;
CREATE TRIGGER schedules_booking_patient BEFORE INSERT OR UPDATE OF slot_id, patient_id
    ON schedules_booking FOR EACH ROW EXECUTE FUNCTION schedules_booking_patient();
UPDATE schedules_booking SET patient_id = NULL;
"""
NO_PATIENT_OF_SLOT = """
DROP TRIGGER schedules_booking_patient ON schedules_booking;
DROP FUNCTION schedules_booking_patient();
"""

TWICE_AT_A_TIME = """
SELECT booking.public_id, other.public_id, booking.starts_at, other.starts_at, scanner.name
FROM schedules_booking AS booking
JOIN schedules_booking AS other
    ON other.id > booking.id
    AND (other.scanner_id = booking.scanner_id OR other.patient_id = booking.patient_id)
    AND other.starts_at < booking.starts_at + make_interval(mins => booking.minutes)
    AND booking.starts_at < other.starts_at + make_interval(mins => other.minutes)
JOIN schedules_scanner AS scanner ON scanner.id = booking.scanner_id
WHERE booking.state IN ('booked', 'arrived') AND other.state IN ('booked', 'arrived')
ORDER BY booking.starts_at, booking.id
"""


def refuse_double_bookings(apps, schema_editor):
    """Name the appointments that cannot both stand: only people can say which one is true."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(TWICE_AT_A_TIME)
        pairs = cursor.fetchall()
    if pairs:
        lines = [
            f"  {first} at {starts:%Y-%m-%d %H:%M %Z} on {scanner}, and {second} at {then:%H:%M %Z}"
            for first, second, starts, then, scanner in pairs
        ]
        raise ValueError(
            "These appointments overlap, by scanner or by patient. Cancel one of each pair on the "
            "page Booked of the version before, then migrate again:\n" + "\n".join(lines)
        )


def time_taken():
    utc = Func(Value("UTC"), F("starts_at"), function="timezone", output_field=DateTimeField())
    lasts = Func(
        *(Value(0) for _ in range(5)),
        F("minutes"),
        function="make_interval",
        output_field=models.DurationField(),
    )
    ends = ExpressionWrapper(CombinedExpression(utc, "+", lasts), output_field=DateTimeField())
    return Func(
        utc,
        ends,
        function="tsrange",
        output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
    )


def one_at_a_time(whose):
    return migrations.AddConstraint(
        model_name="booking",
        constraint=ExclusionConstraint(
            name=f"{whose}_has_one_booking_at_a_time",
            expressions=[(whose, "="), (time_taken(), "&&")],
            condition=Q(state__in=["booked", "arrived"]),
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0003_how_patients_know_the_clinic"),
        ("schedules", "0004_slots_to_be_done_by_schedule"),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.AddField(
            model_name="scanner",
            name="minutes",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text="How long an appointment takes, unless its booking says otherwise.",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="minutes",
            field=models.PositiveSmallIntegerField(default=30),
        ),
        migrations.AddField(
            model_name="booking",
            name="patient",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bookings",
                to="patients.patient",
            ),
        ),
        migrations.RunSQL(PATIENT_OF_SLOT, NO_PATIENT_OF_SLOT),
        migrations.AlterField(
            model_name="booking",
            name="patient",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bookings",
                to="patients.patient",
            ),
        ),
        migrations.RunPython(refuse_double_bookings, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="scanner",
            constraint=models.CheckConstraint(
                condition=Q(minutes__range=(1, 720)), name="scanner_takes_up_to_12_hours"
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=Q(minutes__range=(1, 720)), name="booking_takes_up_to_12_hours"
            ),
        ),
        one_at_a_time("scanner"),
        one_at_a_time("patient"),
    ]
