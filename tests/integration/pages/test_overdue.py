"""The list of overdue exams: in which order, why, and a page at a time."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.formats import date_format

from patients.actions import add_finding
from patients.models import Clinic, FindingKind, Treatment, Tumour
from schedules.models import Slot
from schedules.rules.months import add_months
from tests.factories import BookingFactory, UserFactory
from tests.integration.pages.deciding import DEFERRED, OVERDUE, days_late, decide, names
from tests.integration.pages.reading import Page, text_of
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db


def test_an_overdue_slot_says_how_late_it_is(clinician_client: Client, overdue_slot: Slot) -> None:
    [case] = Page(clinician_client.get(OVERDUE)).cases()

    assert case["late"].startswith(f"Overdue by {days_late(overdue_slot)} days due ")
    assert case["who"].startswith(str(overdue_slot.patient))
    assert case["done"] == "Never booked No decision yet"


def test_the_higher_rank_comes_first_and_says_what_it_is_made_of(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)
    Tumour.objects.filter(pk=overdue_slot.schedule.tumour_id).update(grade=3, size_mm=120)
    add_finding(
        tumour=overdue_slot.schedule.tumour,
        kind=FindingKind.METASTASIS,
        sites=["lung"],
        found_on=overdue_slot.schedule.anchor_on,
        found_by="CT",
        by=UserFactory.create(),
    )

    page = Page(clinician_client.get(OVERDUE))

    assert names(page) == [str(overdue_slot.patient), str(lapsed.patient)]
    late = days_late(overdue_slot)
    months = 3 + (add_months(overdue_slot.schedule.anchor_on, 4) <= clinic.today())
    points = f" +{late // 14}" if late >= 14 else ""
    assert page.cases()[0]["why"] == (
        f"Rank: {9 + late // 14} points previous metastasis +3 , grade 3 +2 , 120 mm +2 , "
        f"{months} months after the resection +2 , {late} days late{points} , "
        "depth, margin not stated"
    )


def test_the_list_says_that_its_order_predicts_nothing(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    said = Page(clinician_client.get(OVERDUE)).text(".list-head details")

    assert "It predicts nothing about a patient" in said
    assert "Previous metastasis +3" in said


def test_the_list_can_be_ordered_by_lateness_alone(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    lapsed = slot_due_in(-70, clinic)
    Tumour.objects.filter(pk=overdue_slot.schedule.tumour_id).update(grade=3, size_mm=120)
    Treatment.objects.filter(tumour=overdue_slot.schedule.tumour_id).update(margin="R2")
    ranked = Page(clinician_client.get(OVERDUE))

    by_lateness = Page(clinician_client.get(ranked.link("Order by lateness alone")))

    assert names(ranked) == [str(overdue_slot.patient), str(lapsed.patient)]
    assert names(by_lateness) == [str(lapsed.patient), str(overdue_slot.patient)]
    assert by_lateness.cases()[0]["late"].startswith(f"Lapsed, {days_late(lapsed)} days late")
    assert by_lateness.link("Order by rank") == OVERDUE


def test_the_last_appointment_stands_beside_the_slot(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    BookingFactory.create(
        slot=overdue_slot, starts_at=moment(clinic, days=2), at=moment(clinic, days=-1)
    )

    [case] = Page(clinician_client.get(OVERDUE)).cases()

    when = date_format(moment(clinic, days=2), "j M Y, H:i")
    assert case["done"].startswith(f"Booked {when}")


def test_of_the_deferred_the_next_to_come_back_stands_first(
    clinician_client: Client, clinic: Clinic, overdue_slot: Slot
) -> None:
    later = slot_due_in(-70, clinic)
    today = clinic.today()
    decide(clinician_client, later, "defer", until=today + timedelta(days=20))
    decide(clinician_client, overdue_slot, "defer", until=today + timedelta(days=10))

    page = Page(clinician_client.get(DEFERRED))

    assert names(page) == [str(overdue_slot.patient), str(later.patient)]


def walked(client: Client, address: str) -> list[list[str]]:
    """The exams of each page of the list, from `address` to its end."""
    pages = []
    while address:
        page = Page(client.get(address))
        pages.append([str(case["id"]) for case in page.document.select(".case")])
        onward = [link for link in page.document.select(".pages a") if "Next" in text_of(link)]
        address = str(onward[0]["href"]) if onward else ""
    return pages


@pytest.mark.parametrize("order", ["", "?order=lateness"])
def test_the_list_comes_fifty_a_page_in_one_order(
    clinician_client: Client, overdue_slot: Slot, order: str
) -> None:
    one = overdue_slot
    for n in range(2, 121):  # many of one day, so that pages end among equals
        day = one.latest_on - timedelta(days=n % 7)
        Slot.objects.filter(schedule=one.schedule, n=n).delete()
        Slot.objects.create(
            schedule=one.schedule,
            exam=one.exam,
            modality=one.modality,
            regions=one.regions,
            n=n,
            month=n,
            earliest_on=day - timedelta(days=40),
            due_on=day - timedelta(days=14),
            latest_on=day,
            lapses_on=day + timedelta(days=40),
        )

    pages = walked(clinician_client, OVERDUE + order)

    assert [len(page) for page in pages] == [50, 50, 20]
    overdue = Slot.objects.filter(latest_on__lt=one.patient.clinic.today())
    assert [row for page in pages for row in page] == [
        f"slot-{slot.public_id}" for slot in overdue.order_by("latest_on", "id")
    ]
    last = Page(clinician_client.get(OVERDUE + order)).find(f"[id='{pages[0][-1]}'] [data-opens]")
    answer = clinician_client.post(str(last["href"]), {"decision": "chase"})
    page = Page(clinician_client.get(answer.headers["Location"]))
    assert str(page.find(".case")["id"]) == pages[1][0]


@pytest.mark.parametrize("after", ["x", "1_2026-01-01", "x_2026-01-01_{}", "1_no-day_{}", "1_{}"])
def test_a_place_that_is_none_is_refused(
    clinician_client: Client, overdue_slot: Slot, after: str
) -> None:
    page = Page(clinician_client.get(OVERDUE, {"after": after.format(overdue_slot.public_id)}))

    assert page.status == 400
    assert page.text("h1 + p") == "after is no place in this list."


def test_a_page_behind_the_end_leads_back_to_the_beginning(
    clinician_client: Client, overdue_slot: Slot
) -> None:
    last = f"0_{overdue_slot.latest_on}_{overdue_slot.public_id}"

    page = Page(clinician_client.get(OVERDUE, {"after": last}))

    assert page.text(".empty").startswith("Nothing follows here any more.")
    assert page.link("To the beginning of the list") == OVERDUE
