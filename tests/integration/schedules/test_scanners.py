"""Scanners: added, renamed, taken out of use; and never deleted."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from patients.clinic_actions import close_on
from schedules.actions import add_scanner, change_scanner, use_scanner
from schedules.actions.scanners import mark_of
from schedules.booking_forms import BookingForm
from schedules.models import Scanner
from schedules.openings import openings
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import BookingFactory, ScannerFactory, ScheduleFactory, UserFactory, morning

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> User:
    return UserFactory.create()


@pytest.fixture
def scanner() -> Scanner:
    return ScannerFactory.create(name="CT 1")


def test_a_scanner_is_added_and_changed_with_before_and_after_in_the_audit(
    scanner: Scanner, administrator: User
) -> None:
    added = add_scanner(clinic=scanner.clinic, name=" CT 2 ", minutes=20, by=administrator)
    seen = mark_of(added)
    change_scanner(
        scanner=added, name="CT B", minutes=40, ae_title="CT_B", seen=seen, by=administrator
    )

    added.refresh_from_db()
    assert (added.name, added.minutes, added.ae_title) == ("CT B", 40, "CT_B")
    events = list(Event.objects.order_by("id"))
    assert [event.act for event in events] == ["scanner.added", "scanner.changed"]
    before = {"name": "CT 2", "minutes": 20, "ae_title": "", "in_use": True}
    assert events[1].detail["before"] == before
    assert events[1].detail["after"] == {
        **before,
        "name": "CT B",
        "minutes": 40,
        "ae_title": "CT_B",
    }


@pytest.mark.parametrize(
    ("name", "minutes", "field"),
    [("CT 1", 30, "name"), ("CT 2", 0, "minutes"), ("CT 2", 721, "minutes"), ("", 30, "name")],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    scanner: Scanner, administrator: User, name: str, minutes: int, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        add_scanner(clinic=scanner.clinic, name=name, minutes=minutes, by=administrator)

    assert list(refused.value.error_dict) == [field]


def test_two_scanners_ask_by_two_titles(scanner: Scanner, administrator: User) -> None:
    add_scanner(clinic=scanner.clinic, name="CT 2", minutes=30, ae_title="CT", by=administrator)

    with pytest.raises(ValidationError, match="Another scanner has this AE title") as refused:
        add_scanner(clinic=scanner.clinic, name="CT 3", minutes=30, ae_title="CT", by=administrator)
    assert list(refused.value.error_dict) == ["ae_title"]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    scanner: Scanner, administrator: User
) -> None:
    seen = mark_of(scanner)
    change_scanner(scanner=scanner, name="CT A", minutes=30, seen=seen, by=administrator)

    with pytest.raises(ValidationError, match="it is “CT A” now"):
        change_scanner(scanner=scanner, name="CT B", minutes=30, seen=seen, by=administrator)


def test_out_of_use_nothing_new_is_booked_on_it_and_what_is_booked_stands(
    administrator: User,
) -> None:
    booking = BookingFactory.create()
    scanner = booking.scanner
    slot = ScheduleFactory.create(anchor__tumour__patient__clinic=booking.patient.clinic).slots.get(
        n=1
    )
    assert openings(slot, morning(3, 20)).best

    use_scanner(scanner=scanner, in_use=False, by=administrator)

    booking.refresh_from_db()
    assert booking.state == "booked"
    assert not openings(slot, morning(3, 20)).best
    assert scanner not in BookingForm(clinic=scanner.clinic).fields["scanner"].queryset  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="out of use"):
        BookingFactory.create(slot=slot, scanner=scanner, starts_at=morning(4, 9))


def test_a_scanner_comes_into_use_again_and_each_turn_is_recorded_once(
    scanner: Scanner, administrator: User
) -> None:
    for in_use in (False, False, True):
        use_scanner(scanner=scanner, in_use=in_use, by=administrator)

    scanner.refresh_from_db()
    assert scanner.in_use
    assert [event.act for event in Event.objects.order_by("id")] == [
        "scanner.taken_out_of_use",
        "scanner.used",
    ]


def test_on_a_day_on_which_the_clinic_closes_no_time_is_proposed(administrator: User) -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    clinic = slot.patient.clinic
    ScannerFactory.create(clinic=clinic)
    due_on = slot.due_on
    assert openings(slot, morning(3, 20)).best[0].starts_at.date() == due_on

    close_on(clinic=clinic, on=due_on, reason="Maintenance", by=administrator, at=morning(3, 1))
    slot.refresh_from_db()
    found = openings(slot, morning(3, 20), chosen=due_on)

    assert due_on not in {choice.starts_at.date() for choice in found.best}
    assert found.of_chosen == []
    [day] = [day for week in found.weeks for day in week.days if day.on == due_on]
    assert day.off == "Maintenance"
    assert due_on == date(2026, 4, 15)
