"""On a day on which a clinic itself has closed, nothing leaves."""

from datetime import date

import pytest
from django.core.mail import EmailMessage

from patients.clinic_actions import close_on
from reminders.actions import sweep
from reminders.reconciliation import compare
from tests.factories import ClinicFactory, ScheduleFactory, UserFactory
from tests.integration.reminders.days import moment

pytestmark = pytest.mark.django_db


def test_what_would_leave_on_a_closed_day_leaves_on_the_next_and_nothing_is_missed(
    mailoutbox: list[EmailMessage],
) -> None:
    clinic = ClinicFactory.create(booking_email="nurses@example.org")
    ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    close_on(
        clinic=clinic,
        on=date(2026, 3, 9),  # a Monday
        reason="Maintenance",
        by=UserFactory.create(),
        at=moment(3, 1),
    )

    for hour in (0, 8, 12, 18):
        sweep(at=moment(3, 9, hour=hour))
        assert compare(moment(3, 9, hour=hour)).differences == []
    on_the_day = len(mailoutbox)
    sweep(at=moment(3, 10, hour=8))

    assert (on_the_day, len(mailoutbox)) == (0, 1)
