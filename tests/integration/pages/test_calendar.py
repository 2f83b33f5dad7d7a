"""The calendar: what is booked, on which scanner, and how full each day is."""

from datetime import date, datetime, time, timedelta

import pytest
from django.test import Client

from patients.models import Clinic
from schedules.actions import move_booking
from schedules.calendar import Asked, View, calendars
from schedules.models import Booking, BookingState, Scanner
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Look
from tests.factories import (
    TOKYO,
    BookingFactory,
    ClinicFactory,
    PatientFactory,
    ScannerFactory,
    ScheduleFactory,
    morning,
)
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db
THE_WEEK = "/calendar/?view=week&from=2026-04-08"  # a Wednesday
THE_MONTH = "/calendar/?view=month&from=2026-04-08"


def booked(scanner: Scanner, starts_at: datetime, **told: int) -> Booking:
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=scanner.clinic)
    return BookingFactory.create(
        slot=schedule.slots.get(n=1), scanner=scanner, starts_at=starts_at, **told
    )


def words(page: Page, selector: str) -> list[str]:
    return [" ".join(found.get_text(" ").split()) for found in page.document.select(selector)]


def test_a_week_shows_each_scanners_appointments_in_the_order_of_their_time(
    nurse_client: Client, clinic: Clinic, scanner: Scanner
) -> None:
    other = ScannerFactory.create(clinic=clinic, name="Zeta")
    later = booked(scanner, morning(4, 8) + timedelta(hours=2))
    first = booked(scanner, morning(4, 8))
    elsewhere = booked(other, morning(4, 9))

    page = Page(nurse_client.get(THE_WEEK))

    assert words(page, "tbody th") == [scanner.name, "Zeta"]
    wednesday = page.document.select("tbody tr:first-child td")[2]
    assert [str(link["href"]) for link in wednesday.select("a")] == [
        f"/patients/{booking.patient.public_id}/" for booking in (first, later)
    ]
    said = " ".join(wednesday.get_text(" ").split())
    assert "09:00 –09:30 Booked" in said
    assert f"{first.patient} CT chest+abdomen" in said
    assert "60 of 660 min, light" in said
    assert str(elsewhere.patient) in words(page, "tbody tr:last-child td")[3]


def test_a_cancelled_appointment_is_left_out_and_the_others_say_their_state(
    nurse_client: Client, nurse: User, scanner: Scanner
) -> None:
    moves = (BookingState.ARRIVED, BookingState.NO_SHOW, BookingState.CANCELLED)
    for n, state in enumerate(moves):
        booking = booked(scanner, morning(4, 8) + timedelta(hours=n))
        move_booking(booking=booking, to=state, by=nurse, at=morning(4, 8))

    page = Page(nurse_client.get(THE_WEEK))

    assert words(page, ".cal-list .tag") == ["Arrived", "Did not attend"]
    assert "30 of 660 min" in page.text("td:nth-of-type(3) .cal-full")


def test_weekends_and_holidays_are_named_and_a_booking_on_one_stands_out(
    nurse_client: Client, clinic: Clinic, scanner: Scanner
) -> None:
    clinic.country = "JP"
    clinic.save()
    booked(scanner, morning(5, 4))  # Greenery Day

    page = Page(nurse_client.get("/calendar/?view=week&from=2026-05-04"))

    heads = words(page, "thead th")[1:]
    assert [head for head in heads if "weekend" in head] == [
        "Sat 9 May weekend",
        "Sun 10 May weekend",
    ]
    assert len(page.document.select("thead .cal-off")) == 5  # three holidays in a row
    assert "Booked on a day off" in words(page, "tbody td")[0]
    assert "all free" in heads[3]


def test_an_empty_week_says_that_every_scanner_is_free(
    nurse_client: Client, scanner: Scanner
) -> None:
    page = Page(nurse_client.get("/calendar/?view=week&from=2030-01-09"))

    assert "Nothing is booked in this week: every scanner is free" in page.text()


def test_a_clinic_without_scanners_says_who_adds_them(nurse_client: Client) -> None:
    assert "No scanner is entered for this clinic" in Page(nurse_client.get(THE_WEEK)).text()


def test_a_month_counts_by_day_and_scanner_in_words_and_each_day_leads_to_its_week(
    nurse_client: Client, scanner: Scanner
) -> None:
    for hours in range(4):
        booked(scanner, morning(4, 8) + timedelta(hours=2 * hours), minutes=120)

    page = Page(nurse_client.get(THE_MONTH))

    [day] = [cell for cell in words(page, "td") if cell.startswith("Wed 8 ")]
    assert day == f"Wed 8 Wed 8 April 2026 {scanner.name}: 4 , busy"
    assert "2026-04-08" in page.link("Wed 8 April 2026")
    assert "view=week" in page.link("Wed 8 April 2026")
    assert len(page.document.select("td:not(.cal-blank)")) == 30


def test_the_days_are_those_of_the_clinics_own_clock() -> None:
    clinic = ClinicFactory.create(time_zone="America/Los_Angeles")
    scanner = ScannerFactory.create(clinic=clinic)
    booking = booked(scanner, datetime.combine(date(2026, 4, 12), time(18), clinic.zone))
    asked = Asked.by({"from": "2026-04-12"}, date(2026, 1, 1))

    [of_clinic] = calendars(asked, [clinic])

    assert booking.starts_at.astimezone(TOKYO).date() == date(2026, 4, 13)
    [sunday] = of_clinic.days[-1].cells
    assert sunday.appointments == [booking]


@pytest.mark.parametrize(
    ("view", "on", "first", "last"),
    [
        ("week", "2026-04-08", date(2026, 4, 6), date(2026, 4, 12)),
        ("week", "2026-04-05", date(2026, 3, 30), date(2026, 4, 5)),
        ("month", "2028-02-29", date(2028, 2, 1), date(2028, 2, 29)),
        ("month", "2026-12-31", date(2026, 12, 1), date(2026, 12, 31)),
        ("decade", "2026-04-08", date(2026, 4, 6), date(2026, 4, 12)),
    ],
)
def test_a_week_begins_on_monday_and_a_month_on_its_first(
    view: str, on: str, first: date, last: date
) -> None:
    asked = Asked.by({"view": view, "from": on}, date(2026, 1, 1))

    assert (asked.first, asked.last) == (first, last)


def test_earlier_and_later_lead_on_without_a_gap_and_keep_the_filters() -> None:
    asked = Asked.by({"view": "month", "from": "2026-03-31", "clinic": "here"}, date(2026, 1, 1))

    assert asked.earlier == "/calendar/?view=month&from=2026-02-28&clinic=here"
    assert asked.later == "/calendar/?view=month&from=2026-04-01&clinic=here"
    assert asked.now == "/calendar/?view=month&clinic=here"
    assert asked.address(view=View.WEEK) == "/calendar/?view=week&from=2026-03-31&clinic=here"


@pytest.mark.parametrize("day", ["no-day", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_this_age_is_refused(nurse_client: Client, day: str) -> None:
    assert nurse_client.get(f"/calendar/?from={day}").status_code == 400


def test_only_ones_own_clinics_are_shown_and_each_look_is_recorded(
    nurse_client: Client, scanner: Scanner
) -> None:
    here = booked(scanner, morning(4, 8))
    foreign = booked(ScannerFactory.create(), morning(4, 8))

    page = Page(nurse_client.get(THE_WEEK))

    assert str(foreign.patient) not in page.text()
    [look] = Look.objects.filter(page="calendar")
    assert look.patient_ids == [here.patient.public_id]


def test_a_month_names_nobody_and_records_no_look(nurse_client: Client, scanner: Scanner) -> None:
    here = booked(scanner, morning(4, 8))

    assert str(here.patient) not in Page(nurse_client.get(THE_MONTH)).text()
    assert not Look.objects.exists()


def test_one_clinic_or_one_scanner_can_be_asked_for(nurse: User, scanner: Scanner) -> None:
    elsewhere = ScannerFactory.create(clinic=member_too(nurse))
    client = signed_in(nurse)

    of_clinic = Page(client.get(f"{THE_WEEK}&clinic={elsewhere.clinic.code}"))
    of_scanner = Page(client.get(f"{THE_WEEK}&scanner={scanner.public_id}"))
    both = Page(client.get(THE_WEEK))

    assert words(of_clinic, "tbody th") == [elsewhere.name]
    assert words(of_scanner, "tbody th") == [scanner.name]
    assert set(words(both, "tbody th")) == {scanner.name, elsewhere.name}


def member_too(nurse: User) -> Clinic:
    clinic = ClinicFactory.create()
    clinic.memberships.create(user=nurse, role=Role.NURSE)
    return clinic


@pytest.mark.parametrize("which", ["scanner=nothing", "clinic=elsewhere"])
def test_a_scanner_or_clinic_of_others_is_refused_beside_its_field(
    nurse: User, scanner: Scanner, which: str
) -> None:
    member_too(nurse)
    ClinicFactory.create(code="elsewhere")

    page = Page(signed_in(nurse).get(f"{THE_WEEK}&{which}"))

    assert page.status == 200
    assert len(page.error_summary) == 1


def test_an_appointment_of_a_patient_stands_in_no_other_clinics_calendar(
    scanner: Scanner,
) -> None:
    booked(scanner, morning(4, 8))
    elsewhere = PatientFactory.create().clinic
    ScannerFactory.create(clinic=elsewhere)

    page = Page(signed_in(member(elsewhere, Role.CLINICIAN)).get(THE_WEEK))

    assert "Nothing is booked in this week" in page.text()
