"""Choosing and changing a follow-up: what is offered, what is refused, and what is done."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.models import Clinic, Treatment, TreatmentKind
from schedules.actions import record_death, resume, suspend
from schedules.models import Protocol, Schedule, ScheduleState, Slot
from schedules.rules.outcome import Outcome
from surveillance.accounts.models import User
from tests.factories import (
    BookingFactory,
    HalfYearlyProtocolFactory,
    ProtocolFactory,
    ResectionFactory,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation(clinic: Clinic) -> Treatment:
    """Of a week ago; nobody has chosen a follow-up yet."""
    ProtocolFactory.create()
    return ResectionFactory.create(
        tumour__patient__clinic=clinic, on=clinic.today() - timedelta(days=7)
    )


def enrol_page(operation: Treatment) -> str:
    return f"/tumours/{operation.tumour.public_id}/enrol/"


def chosen(operation: Treatment, protocol: Protocol) -> dict[str, str]:
    return {"protocol": str(protocol.pk), "anchor": str(operation.pk)}


def what_if(slot: Slot, **asked: object) -> str:
    [(name, value)] = asked.items()
    return f"/schedules/{slot.schedule.public_id}/what-if/?{name}={value}"


def shown(page: Page) -> dict[str, str]:
    return {"shown": str(page.find("[name=shown]")["value"])}


def links(page: Page) -> set[str]:
    return {link.get_text(strip=True) for link in page.document.select("main a")}


def patient_page(client: Client, slot: Slot) -> Page:
    return Page(client.get(f"/patients/{slot.patient.public_id}/"))


def test_the_protocol_that_suits_and_the_last_operation_stand_chosen(
    clinician_client: Client, operation: Treatment
) -> None:
    HalfYearlyProtocolFactory.create(suits={})
    later = ResectionFactory.create(tumour=operation.tumour, on=operation.on)

    page = Page(clinician_client.get(enrol_page(operation)))

    picked = {str(option["value"]) for option in page.document.select("option[selected]")}
    suiting = Protocol.objects.get(code="ct-chest-abdomen-3m")
    assert picked == {str(suiting.pk), str(later.pk)}
    assert "made for site C40.2 and morphology 8890/3" in page.text(".facts")


def test_where_no_protocol_suits_the_page_says_so(
    clinician_client: Client, operation: Treatment
) -> None:
    operation.tumour.morphology = "8850/3"
    operation.tumour.save()

    page = Page(clinician_client.get(enrol_page(operation)))

    assert "No active protocol was made for such a tumour" in page.text(".facts")


def test_a_draft_and_a_treatment_that_is_no_operation_are_no_choice(
    clinician_client: Client, operation: Treatment
) -> None:
    draft = ProtocolFactory.create(version=2, state="draft")
    chemotherapy = ResectionFactory.create(tumour=operation.tumour, kind=TreatmentKind.CHEMOTHERAPY)

    page = Page(clinician_client.post(enrol_page(operation), chosen(chemotherapy, draft)))

    for field in ("protocol", "anchor"):
        assert "not one of the available choices" in page.error_beside(field)
    assert not Schedule.objects.exists()


def test_no_follow_up_is_chosen_for_who_has_died(
    clinician_client: Client, clinician: User, clinic: Clinic, operation: Treatment
) -> None:
    record_death(patient=operation.tumour.patient, died_on=clinic.today(), by=clinician)

    page = Page(
        clinician_client.post(enrol_page(operation), chosen(operation, Protocol.objects.get()))
    )

    assert page.error_summary == ["The patient has died."]
    assert not Schedule.objects.exists()


def test_another_protocol_can_be_looked_at_first_and_is_then_gone_on_with(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    other = HalfYearlyProtocolFactory.create()
    address = patient_page(clinician_client, overdue_slot).link(f"Go on under {other}?")
    page = Page(clinician_client.get(address))
    assert "New slots 10, the first due" in page.text(".facts")
    assert Schedule.objects.get().protocol != other

    done = Page(clinician_client.post(address, shown(page), follow=True))

    assert done.messages == [f"{overdue_slot.patient}: The new series has started."]
    assert Schedule.objects.get(state=ScheduleState.ACTIVE).protocol == other


def test_an_appointment_cancelled_in_between_stops_a_change_of_protocol(
    clinician_client: Client, nurse_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    booking = BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )
    address = what_if(overdue_slot, protocol=HalfYearlyProtocolFactory.create().code)
    before = shown(Page(clinician_client.get(address)))
    nurse_client.post(f"/bookings/{booking.public_id}/cancelled/")

    page = Page(clinician_client.post(address, before))

    assert page.error_summary == ["Something has changed since this was shown: look at it again."]
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


@pytest.mark.parametrize(
    ("on", "kind", "why"),
    [
        (-400, TreatmentKind.RESECTION, "The operation is not later than the present anchor."),
        (-7, TreatmentKind.CHEMOTHERAPY, "Month 0 counts from an operation on this tumour."),
    ],
)
def test_what_can_be_no_new_anchor_is_refused_in_words(
    clinician_client: Client,
    clinic: Clinic,
    overdue_slot: Slot,
    on: int,
    kind: TreatmentKind,
    why: str,
) -> None:
    treatment = ResectionFactory.create(
        tumour=overdue_slot.schedule.tumour, kind=kind, on=clinic.today() + timedelta(days=on)
    )
    address = what_if(overdue_slot, anchor=treatment.public_id)

    page = Page(clinician_client.post(address, shown(Page(clinician_client.get(address)))))

    assert page.error_summary == [why]
    assert Schedule.objects.get().state == ScheduleState.ACTIVE


def test_to_go_on_under_the_present_protocol_is_refused_in_words(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    address = what_if(overdue_slot, protocol=overdue_slot.schedule.protocol.code)

    page = Page(clinician_client.post(address, shown(Page(clinician_client.get(address)))))

    assert page.error_summary == ["This is the present protocol."]


@pytest.mark.parametrize("code", ["", "no-such-protocol"])
def test_a_protocol_that_is_not_there_is_not_found(
    clinician_client: Client, overdue_slot: Slot, code: str
) -> None:
    assert clinician_client.get(what_if(overdue_slot, protocol=code)).status_code == 404


def test_an_active_follow_up_offers_to_suspend_and_to_end_it(
    clinician_client: Client, nurse_client: Client, overdue_slot: Slot
) -> None:
    offered = links(patient_page(clinician_client, overdue_slot))

    assert {"Suspend", "End", "Record a death"} <= offered
    assert "Go on" not in offered
    assert offered.isdisjoint({"Choose the follow-up"})
    assert links(patient_page(nurse_client, overdue_slot)).isdisjoint(
        {"Suspend", "End", "Record a death"}
    )


def test_a_suspended_follow_up_offers_to_go_on_and_to_end_it(
    clinician_client: Client, clinician: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    review_on = clinic.today() + timedelta(days=30)
    suspend(schedule=overdue_slot.schedule, reason="Rest", review_on=review_on, by=clinician)

    offered = links(patient_page(clinician_client, overdue_slot))

    assert {"Go on", "End"} <= offered
    assert "Suspend" not in offered


def test_what_going_on_would_withdraw_is_shown_before(
    clinician_client: Client, clinician: User, clinic: Clinic
) -> None:
    lapsed = slot_due_in(-70, clinic)
    suspend(
        schedule=lapsed.schedule,
        reason="Rest",
        review_on=clinic.today() + timedelta(days=30),
        by=clinician,
        at=moment(clinic, days=-30),
    )

    page = Page(clinician_client.get(f"/schedules/{lapsed.schedule.public_id}/resume/"))

    [row] = page.table()
    assert (row["Exam"], row["No."]) == ("CT chest+abdomen", "1")
    assert row["What happens"].startswith("Withdraw: ")
    lapsed.refresh_from_db()
    assert lapsed.outcome == Outcome.OPEN


def test_who_goes_on_second_is_told_that_somebody_has(
    clinician_client: Client, clinician: User, clinic: Clinic, overdue_slot: Slot
) -> None:
    schedule = overdue_slot.schedule
    review_on = clinic.today() + timedelta(days=30)
    suspend(schedule=schedule, reason="Rest", review_on=review_on, by=clinician)
    resume(schedule=schedule, by=clinician)

    page = Page(clinician_client.post(f"/schedules/{schedule.public_id}/resume/"))

    assert page.error_summary == [f"This schedule is active: {clinician} has already changed it."]


def test_an_ended_follow_up_can_be_chosen_anew(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    end = patient_page(clinician_client, overdue_slot).link("End")

    page = Page(clinician_client.post(end, {"end_reason": "declined"}, follow=True))

    assert page.messages == [f"{overdue_slot.patient}: The follow-up has ended."]
    assert page.link("Choose the follow-up") == (
        f"/tumours/{overdue_slot.schedule.tumour.public_id}/enrol/"
    )


@pytest.mark.parametrize(
    ("days_from_today", "error"),
    [(1, "This day has not come yet."), (-36500, "This is before the patient was born.")],
)
def test_a_day_of_death_that_cannot_be_is_refused_beside_it(
    clinician_client: Client,
    clinic: Clinic,
    overdue_slot: Slot,
    days_from_today: int,
    error: str,
) -> None:
    died_on = clinic.today() + timedelta(days=days_from_today)
    death = f"/patients/{overdue_slot.patient.public_id}/death/"

    page = Page(clinician_client.post(death, {"died_on": died_on.isoformat()}))

    assert page.error_beside("died_on") == f"Read as {date_format(died_on, 'j F Y')}. {error}"
    assert Schedule.objects.get().state == ScheduleState.ACTIVE
