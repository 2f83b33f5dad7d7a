"""A clinic whose appointments are told to a hospital's system, and an appointment there."""

from datetime import datetime, timedelta
from typing import Any

from patients.models import Clinic
from reminders.appointments.arranging import arrange_receiver
from reminders.models import Announcement, Receiver
from schedules.models import Booking
from tests.factories import BookingFactory, ScheduleFactory, UserFactory, morning
from tests.integration.reminders.appointments.hospital import Hospital

AT = morning(3, 20)
A_MINUTE = timedelta(minutes=1)


def arranged(clinic: Clinic, port: int, *, at: datetime = AT, **told: Any) -> Receiver:
    """Tell a clinic's appointments to whatever listens on this port of this machine."""
    return arrange_receiver(
        clinic=clinic,
        by=UserFactory.create(),
        at=at,
        **{"on": True, "host": "127.0.0.1", "port": port, **told},
    )


def booked(clinic: Clinic, **told: Any) -> Booking:
    """Book an exam of a new patient of the clinic."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    return BookingFactory.create(slot=schedule.slots.get(n=1), **told)


def told_of(hospital: Hospital) -> list[tuple[str, str, str]]:
    """Return the event, the status and the start of each message that was heard."""
    return [
        (
            str(message["MSH.F9.R1.C2"]),
            str(message["SCH.F25.R1.C1"]),
            str(message["AIS.F4"])[:12],
        )
        for message in hospital.heard
    ]


def states() -> list[tuple[str, str]]:
    """Return the event and the state of each message, in their order."""
    return list(Announcement.objects.order_by("message").values_list("event", "message__state"))
