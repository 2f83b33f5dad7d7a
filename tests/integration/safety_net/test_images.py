"""Images that wait too long for whose they are, and exams that are done without their images."""

from datetime import date, timedelta

import pytest

from imaging.filing import settle
from imaging.models import Step, StepState
from patients.models import Clinic
from patients.safety import Gap
from schedules.models import Slot
from surveillance.accounts.roles import Role
from tests.factories import BookingFactory, PatientFactory
from tests.integration.imaging.scene import AT, ct, identity_of, received
from tests.integration.safety_net.net import gaps, the_one

pytestmark = pytest.mark.django_db


def test_images_that_are_nobodys_for_three_days_are_listed_at_their_clinic(clinic: Clinic) -> None:
    stranger = identity_of(PatientFactory.create())
    for uid in ("1.2.3", "1.2.4"):
        settle(received=received(clinic, ct(stranger, uid=uid)), at=AT)

    assert gaps(clinic, date(2026, 4, 17)) == []
    row = the_one(Gap.NOT_FILED, clinic, date(2026, 4, 18))

    assert (row.patient, row.clinic, row.since) == (None, clinic, date(2026, 4, 14))
    assert row.detail == "2 received studies wait for somebody to say whose they are"
    assert row.url == "/worklists/unmatched/"
    assert list(row.who) == [Role.NURSE, Role.CLINICIAN]


def test_an_exam_done_at_the_scanner_whose_images_do_not_come_is_listed_until_they_do(
    clinic: Clinic, slot: Slot
) -> None:
    booking = BookingFactory.create(slot=slot)
    Step.objects.create(
        clinic=clinic,
        sop_uid="2.25.9",
        state=StepState.COMPLETED,
        booking=booking,
        study_uid=booking.study_uid,
        station="CT1",
        began_at=AT,
        ended_at=AT + timedelta(minutes=10),
    )

    assert Gap.NO_IMAGES not in gaps(clinic, date(2026, 4, 15))
    assert the_one(Gap.NO_IMAGES, clinic, date(2026, 4, 16)).patient == slot.patient

    settle(received=received(clinic, ct(identity_of(slot.patient), booking=booking)), at=AT)
    assert Gap.NO_IMAGES not in gaps(clinic, date(2026, 4, 16))
