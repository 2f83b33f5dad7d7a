"""After an act the page says what happened, offers to take it back, and shows what is next."""

from datetime import timedelta

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import record_result
from schedules.models import Booking, BookingState, Contact, ResultOutcome, Review, Scanner, Slot
from surveillance.accounts.models import User
from tests.factories import BookingFactory, StudyFactory
from tests.integration.pages.deciding import DEFERRED, OVERDUE, decide
from tests.integration.pages.deciding import names as overdue_names
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db

BOOKED = "/worklists/booked/"
RESULTS = "/worklists/results/"
TO_BOOK = "/worklists/to-book/"


def undo(client: Client, page: Page) -> Page:
    """Press Undo beside the message."""
    return Page(client.post(str(page.find(".undo form")["action"]), follow=True))


def names(page: Page) -> list[str]:
    return [row["Patient"].split(" MRN")[0] for row in page.table()]


@pytest.fixture
def passed(clinic: Clinic, open_slot: Slot) -> Booking:
    """Yesterday's appointment, whose outcome nobody has recorded."""
    return BookingFactory.create(
        slot=open_slot, starts_at=moment(clinic, days=-1), at=moment(clinic, days=-8)
    )


def test_what_became_of_an_appointment_is_taken_back(nurse_client: Client, passed: Booking) -> None:
    patient = passed.slot.patient
    for to, said in (("no_show", "did not attend"), ("arrived", "arrived"), ("cancelled", "cance")):
        done = Page(nurse_client.post(f"/bookings/{passed.public_id}/{to}/", follow=True))
        assert done.messages[0].startswith(f"{patient}: {said}")

        page = undo(nurse_client, done)

        assert page.messages == [f"{patient}: what was said of the appointment is taken back."]
        assert page.title.startswith("Booked")
        assert names(page) == [str(patient)]
        assert page.document.select(".undo") == []
        passed.refresh_from_db()
        assert passed.state == BookingState.BOOKED


def test_a_call_is_taken_back_with_its_snooze(nurse_client: Client, open_slot: Slot) -> None:
    until = (open_slot.patient.clinic.today() + timedelta(days=3)).isoformat()
    told = {"outcome": "no_answer", "snooze_until": until, "then": "later"}
    address = f"/slots/{open_slot.public_id}/contact/?within=90"

    done = Page(nurse_client.post(address, told, follow=True))
    page = undo(nurse_client, done)

    assert (names(done), names(page)) == ([], [str(open_slot.patient)])
    assert page.messages == [f"{open_slot.patient}: the call is taken back."]
    assert "(in use)" in page.text("main summary")
    assert not Contact.objects.exists()


def test_a_deferral_is_taken_back_and_the_exam_waits_for_a_decision(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    until = overdue_slot.patient.clinic.today() + timedelta(days=9)
    done = decide(clinician_client, overdue_slot, "defer", until=until)

    answer = clinician_client.post(str(done.find(".undo form")["action"]))

    assert answer.headers["Location"] == f"{OVERDUE}#slot-{overdue_slot.public_id}"
    page = Page(clinician_client.get(OVERDUE))
    assert page.messages == [f"{overdue_slot.patient}: the decision is taken back."]
    assert overdue_names(page) == [str(overdue_slot.patient)]
    assert overdue_names(Page(clinician_client.get(DEFERRED))) == []
    assert not Review.objects.exists()


def test_what_has_ended_an_exam_is_not_offered_to_be_undone(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    done = decide(clinician_client, overdue_slot, "skip", reason="Pregnant")

    assert len(done.messages) == 1
    assert done.document.select(".undo") == []


def test_a_study_waits_for_a_decision_again(
    nurse_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    told = {"modality": "MR", "regions": ["lower_limb"], "performed_on": clinic.today()}
    study = StudyFactory.create(patient=open_slot.patient, **told)
    address = f"/studies/{study.public_id}/keep-off-schedule/"
    done = Page(nurse_client.post(address, {"reason": "MR of the knee"}, follow=True))

    page = undo(nurse_client, done)

    assert (names(done), names(page)) == ([], [str(open_slot.patient)])
    assert page.messages == [f"{open_slot.patient}: {study} waits for a decision again."]


def test_a_result_waits_for_a_review_again_where_it_stood(
    clinician_client: Client, clinician: User, open_slot: Slot
) -> None:
    study = StudyFactory.create(
        patient=open_slot.patient, performed_on=open_slot.patient.clinic.today()
    )
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=clinician)
    form = Page(clinician_client.get(RESULTS)).find("form[action*=review-result]")
    seen = {"seen": str(form.select("input[name=seen]")[0]["value"])}
    done = Page(clinician_client.post(str(form["action"]), seen, follow=True))

    answer = clinician_client.post(str(done.find(".undo form")["action"]))

    assert answer.headers["Location"] == f"{RESULTS}#study-{study.public_id}"
    page = Page(clinician_client.get(RESULTS))
    assert page.messages == [f"{open_slot.patient}: the result waits for a review again."]
    assert len(page.table(under="Reported, not reviewed")) == 1


def test_who_presses_too_late_or_for_somebody_else_is_told_why(
    nurse_client: Client, passed: Booking
) -> None:
    Booking.objects.update(state=BookingState.NO_SHOW)

    page = Page(nurse_client.post(f"/bookings/{passed.public_id}/undo-outcome/", follow=True))

    assert page.messages == ["Nobody has just said what became of this appointment."]


def test_another_time_leads_back_to_booked_and_undone_to_what_is_to_be_booked(
    nurse_client: Client, clinic: Clinic, scanner: Scanner
) -> None:
    booking = BookingFactory.create(
        slot=slot_due_in(5, clinic),
        scanner=scanner,
        starts_at=moment(clinic, days=3),
        at=moment(clinic, days=-1),
    )
    address = Page(nurse_client.get(BOOKED)).link("Reschedule")
    choice = Page(nurse_client.get(address)).find("button[name=choice]")["value"]

    done = Page(nurse_client.post(address, {"choice": choice}, follow=True))

    assert done.title.startswith("Booked")
    assert names(done) == [str(booking.slot.patient)]
    assert " is booked for " in done.messages[0]
    back = undo(nurse_client, done)
    assert "The one that it replaced stays cancelled." in back.messages[0]
    assert back.title.startswith("To book")
    assert names(back) == [str(booking.slot.patient)]


def test_a_ct_that_is_recorded_from_booked_knows_its_day_and_leads_back(
    nurse_client: Client, passed: Booking, clinic: Clinic
) -> None:
    earlier = BookingFactory.create(
        slot=slot_due_in(5, clinic), starts_at=moment(clinic, -2), at=moment(clinic, -9)
    )
    place = f"{BOOKED}?after={earlier.public_id}"
    address = Page(nurse_client.get(place)).link("Record the CT")
    form = Page(nurse_client.get(address))
    yesterday = clinic.today() - timedelta(days=1)
    assert str(yesterday.day) in str(form.find("[name=performed_on]")["value"])

    told = {"performed_on": yesterday, "modality": "CT", "regions": ["chest", "abdomen"]}
    answer = nurse_client.post(address, told)

    assert answer.headers["Location"] == place
    done = Page(nurse_client.get(place))
    assert done.messages[0].startswith(f"{passed.slot.patient}: recorded CT of chest and abdomen")
    assert (done.title.startswith("Booked"), done.table()) == (True, [])
