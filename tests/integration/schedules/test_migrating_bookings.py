"""Appointments from before two could no longer overlap."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from schedules.actions import reschedule
from schedules.models import Booking
from tests.factories import BookingFactory, morning

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]

BEFORE = "0004_slots_to_be_done_by_schedule"
AFTER = "0005_no_double_booking"


def migrate_to(name: str) -> None:
    MigrationExecutor(connection).migrate([("schedules", name)])


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture(autouse=True)
def at_the_end_all_is_as_it_was() -> Iterator[None]:
    yield
    migrate_to_now()


def test_overlapping_appointments_stop_the_migration_and_are_named() -> None:
    first, second = BookingFactory.create(), BookingFactory.create()
    migrate_to(BEFORE)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE schedules_booking SET scanner_id = %s, starts_at = %s WHERE id = %s",
            [first.scanner_id, first.starts_at + timedelta(minutes=29), second.pk],
        )

    with pytest.raises(ValueError, match="These appointments overlap") as refused:
        migrate_to(AFTER)

    assert f"{first.public_id} at " in str(refused.value)
    assert f"{second.public_id} at " in str(refused.value)
    with connection.cursor() as cursor:  # as its people would, in the version before
        cursor.execute(
            "UPDATE schedules_booking SET state = 'cancelled' WHERE id = %s", [second.pk]
        )


def test_every_appointment_learns_its_patient_its_length_and_the_event_that_it_is() -> None:
    booking = BookingFactory.create(minutes=45)
    new = reschedule(
        booking=booking,
        scanner=booking.scanner,
        starts_at=morning(4, 9),
        by=booking.booked_by,
        at=morning(3, 21),
    )
    migrate_to(BEFORE)

    migrate_to_now()

    first, second = Booking.objects.order_by("pk")
    assert first.patient == second.patient == booking.slot.patient
    assert first.minutes == 30
    assert first.calendar_uid == second.calendar_uid == booking.public_id
    assert (first.calendar_sequence, second.calendar_sequence) == (0, 1)
    assert second.changed_at == new.booked_at
