"""Two at once, one of them by the API."""

from collections.abc import Callable

import pytest

from patients.models import Clinic
from schedules.models import Booking
from surveillance.accounts.models import User
from tests.factories import ScannerFactory
from tests.integration.api.asking import post
from tests.integration.api.described import Program
from tests.integration.pages.scene import moment, signed_in, slot_due_in
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_a_program_and_a_person_who_book_one_exam_one_does(
    clinic: Clinic, nurse: User, program_of: Callable[..., Program]
) -> None:
    slot, scanner = slot_due_in(0, clinic), ScannerFactory.create(clinic=clinic)
    program, page = program_of(nurse), signed_in(nurse)
    first, second = moment(clinic, 2).isoformat(), moment(clinic, 3)

    def by_program() -> int:
        told = {
            "slot": slot.public_id,
            "scanner": scanner.public_id,
            "starts_at": first,
        }
        answer = post(program, "bookings/", **told)
        return int(answer.status_code)

    def by_page() -> int:
        told = {"choice": f"{second:%Y-%m-%dT%H:%M}_{scanner.pk}"}
        return int(page.post(f"/slots/{slot.public_id}/book/", told).status_code)

    answers = at_once([by_program, by_page])

    assert answers in ([201, 200], [409, 302])  # the page shows the form again, with why
    assert Booking.objects.filter(state="booked").count() == 1
