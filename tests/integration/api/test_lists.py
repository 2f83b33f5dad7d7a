"""What lists of follow-up let through, whose, and at what cost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.models import Clinic
from schedules.actions import record_contact, record_result, record_study, review
from schedules.models import ContactOutcome, Decision, ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.api_v1 import router
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    HalfYearlyProtocolFactory,
    ResectionFactory,
    ScannerFactory,
    ScheduleFactory,
)
from tests.integration.api.asking import API, act, get, listed, post, refused
from tests.integration.api.described import Program
from tests.integration.pages.scene import moment, slot_due_in

pytestmark = pytest.mark.django_db

HALVES = {  # of lists that show one part or another
    "worklists/to-book": ("", "snoozed"),
    "worklists/overdue": ("", "deferred"),
    "worklists/results": ("", "unreviewed"),
}

# What other tests hold.
NOT_HERE = {(of, "") for of in ("findings", "images", "messages", "notices")}


def enter_of_every_list(clinic: Clinic, by: User) -> None:
    """Enter patients so that each list of follow-up has one or more of them."""
    late, deferred, called, snoozed = (slot_due_in(days, clinic) for days in (-30, -30, 0, 0))
    BookingFactory.create(slot=late, starts_at=moment(clinic, -3), at=moment(clinic, -9), by=by)
    for slot in (late, deferred):
        study = record_study(
            patient=slot.patient,
            modality="CT",
            performed_on=clinic.today() - timedelta(days=5),
            regions=["chest"],
            by=by,
        )
    record_result(study=study, outcome=ResultOutcome.INDETERMINATE, by=by)
    review(slot=late, decision=Decision.CHASE, by=by)
    review(
        slot=deferred,
        decision=Decision.DEFER,
        until=clinic.today() + timedelta(days=9),
        by=by,
    )
    record_contact(slot=called, outcome=ContactOutcome.NO_ANSWER, by=by)
    tomorrow = clinic.today() + timedelta(days=1)
    record_contact(slot=snoozed, outcome=ContactOutcome.CALL_BACK, snooze_until=tomorrow, by=by)
    ResectionFactory.create(tumour=late.schedule.tumour, on=clinic.today())


def test_each_list_costs_as_many_queries_however_long_it_is(
    clinic: Clinic,
    nurse: User,
    nurses_program: Program,
    clinicians_program: Program,
) -> None:
    addresses = [
        (prefix, half, {"limit": "200"} if "limit" in view.pagination_class.asked_by else {})
        for prefix, view, _ in router.registry
        if hasattr(view, "list")
        for half in HALVES.get(prefix, ("",))
    ]

    def ask() -> dict[tuple[str, str], tuple[int, int]]:
        """Return of each list how many rows it has, and how many queries it took."""
        found = {}
        for prefix, half, limit in addresses:
            for program in (nurses_program, clinicians_program):
                with CaptureQueriesContext(connection) as queries:
                    query = {"show": half} if half else {}
                    answer = program.get(f"{API}{prefix}/", query | limit)
                if answer.status_code == 200:
                    found[prefix, half] = len(answer.json()["results"]), len(queries)
        return found

    enter_of_every_list(clinic, nurse)
    ask()  # the first notes the use of the tokens
    few = ask()
    assert {of for of, (rows, _) in few.items() if not rows} <= NOT_HERE
    for _ in range(3):
        enter_of_every_list(clinic, nurse)
    many = ask()

    grown = {of for of in few if many[of][0] > few[of][0]}
    assert {of for of, _ in grown} >= {"slots", "bookings", "schedules", "reviews", "contacts"}
    assert {of: (few[of], many[of]) for of in few if many[of][1] != few[of][1]} == {}


def test_slots_are_narrowed_by_what_is_asked(
    clinic: Clinic, nurse: User, nurses_program: Program
) -> None:
    other = HalfYearlyProtocolFactory.create()
    late, due = slot_due_in(-30, clinic), slot_due_in(0, clinic)
    half_yearly = ScheduleFactory.create(
        anchor__tumour__patient__clinic=clinic,
        anchor__on=clinic.today() - timedelta(days=30),
        protocol=other,
    )
    Slot.objects.filter(pk=due.pk).update(outcome="skipped")

    def found(**query: object) -> set[str]:
        return {row["id"] for row in listed(nurses_program, "slots/", limit=200, **query)}

    everything = found()
    assert found(status="overdue") == {str(late.public_id)}
    assert found(status="due") == set()  # it is skipped: nothing is left to do
    statuses = ("upcoming", "due", "overdue", "lapsed")
    assert set[str]().union(*(found(status=one) for one in statuses)) == (
        everything - {str(due.public_id)}
    )
    assert found(outcome="skipped") == {str(due.public_id)}
    assert found(status="lapsed", on="2199-12-31") == everything - {str(due.public_id)}
    assert found(patient=late.patient.public_id) == found(schedule=late.schedule.public_id)
    of_other = found(protocol=other.code)
    assert of_other == {str(one.public_id) for one in half_yearly.slots.all()}
    day = late.due_on
    assert found(due_from=day, due_to=day) == {str(late.public_id)}
    assert (found(clinic=clinic.code), found(clinic="elsewhere")) == (everything, set())


def test_appointments_and_worklists_are_narrowed_by_what_is_asked(
    clinic: Clinic, nurse: User, nurses_program: Program
) -> None:
    one, other = slot_due_in(0, clinic), slot_due_in(3, clinic)
    booking = BookingFactory.create(
        slot=one, starts_at=moment(clinic, 2), at=moment(clinic, -2), by=nurse
    )
    before = moment(clinic, 1).isoformat()
    asked: list[tuple[dict[str, Any], bool]] = [
        ({"state": "booked"}, True),
        ({"state": "arrived"}, False),
        ({"scanner": booking.scanner.public_id}, True),
        ({"patient": other.patient.public_id}, False),
        ({"starts_from": before}, True),
        ({"starts_to": before}, False),
    ]
    for query, is_there in asked:
        assert bool(listed(nurses_program, "bookings/", **query)) == is_there, query

    waiting = str(other.public_id)
    asked = [
        ({}, True),
        ({"within": 30}, True),
        ({"within": 0}, False),
        ({"site": "femur"}, True),
        ({"site": "arm"}, False),
        ({"protocol": "other"}, False),
        ({"contrast": "with"}, False),
        ({"clinic": clinic.code, "order": "due"}, True),
        ({"clinic": "elsewhere"}, False),
        ({"on": clinic.today() - timedelta(days=90)}, False),
    ]
    for query, is_there in asked:
        rows = [row["id"] for row in listed(nurses_program, "worklists/to-book/", **query)]
        assert rows == [waiting] * is_there, query


def test_nothing_of_another_clinic_can_be_named(
    clinic: Clinic, nurses_program: Program, clinicians_program: Program
) -> None:
    elsewhere = ClinicFactory.create()
    theirs = slot_due_in(0, elsewhere)
    scanner, own = ScannerFactory.create(clinic=elsewhere), slot_due_in(0, clinic)
    starts_at = moment(clinic, 2).isoformat()

    def named(program: Program, address: str, **told: object) -> set[str]:
        status, fields = refused(post(program, address, **told))
        assert status == 400
        return set(fields)

    booking = {"slot": theirs.public_id, "scanner": scanner.public_id, "starts_at": starts_at}
    assert named(nurses_program, "bookings/", **booking) == {"slot", "scanner"}
    call = {"slot": theirs.public_id, "outcome": "agreed"}
    assert named(nurses_program, "contacts/", **call) == {"slot"}
    decision = {"slot": theirs.public_id, "decision": "chase", "seen": None}
    assert named(clinicians_program, "reviews/", **decision) == {"slot"}
    slots = [{"slot": one.public_id, "seen": None} for one in (own, theirs)]
    together = {"slots": slots, "decision": "chase"}
    assert named(clinicians_program, "reviews/together/", **together) == {"slots.1.slot"}
    enrolment = {
        "tumour": theirs.schedule.tumour.public_id,
        "protocol": "no-such",
        "anchor": theirs.schedule.anchor.public_id,
    }
    fields = {"tumour", "protocol", "anchor"}
    assert named(clinicians_program, "schedules/", **enrolment) == fields
    asked = {"anchor": theirs.schedule.anchor.public_id}
    address = f"schedules/{own.schedule.public_id}/what-if/"
    assert named(clinicians_program, address, **asked) == {"anchor"}


def test_what_going_on_by_a_newer_version_changes_is_told_of_ones_own_patients(
    clinic: Clinic, clinicians_program: Program
) -> None:
    own, _ = slot_due_in(0, clinic), slot_due_in(0, ClinicFactory.create())
    protocol = own.schedule.protocol
    newer = HalfYearlyProtocolFactory.create(code=protocol.code, version=2, state="draft")

    told = get(clinicians_program, f"protocols/{newer.code}/2/what-if/")["results"]

    assert [one["schedule"] for one in told] == [str(own.schedule.public_id)]
    acts = [change["act"] for change in told[0]["changes"]]
    assert acts.count("withdraw") > acts.count("create") > 0
    versions = [(one["version"], one["in_use"]) for one in listed(clinicians_program, "protocols/")]
    assert versions == [(2, 0), (1, 1)]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T23:00:00Z",
               "9999-12-31T00:00:00Z", "2026-03-05T09:00:00", "x"]
)  # fmt: skip
def test_moments_that_nobody_means_are_refused(
    clinic: Clinic, nurse: User, nurses_program: Program, moment: str
) -> None:
    slot = slot_due_in(0, clinic)
    scanner = ScannerFactory.create(clinic=clinic)
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        Clinic.objects.filter(pk=clinic.pk).update(time_zone=zone)
        booking = {"slot": slot.public_id, "scanner": scanner.public_id, "starts_at": moment}
        assert refused(post(nurses_program, "bookings/", **booking)) == (400, ["starts_at"])
        answer = nurses_program.get(f"{API}bookings/", {"starts_from": moment})
        assert answer.status_code in (200, 400)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "x", "1"])
def test_days_that_nobody_means_are_refused_or_show_nothing(
    clinic: Clinic,
    nurses_program: Program,
    clinicians_program: Program,
    program_of: Callable[..., Program],
    day: str,
) -> None:
    slot = slot_due_in(-30, clinic)
    patient, schedule = slot.patient.public_id, slot.schedule.public_id
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        Clinic.objects.filter(pk=clinic.pk).update(time_zone=zone)
        asked = [
            nurses_program.get(f"{API}{address}")
            for address in (
                f"slots/?on={day}&status=due",
                f"slots/?due_from={day}&due_to={day}",
                f"slots/{slot.public_id}/?on={day}",
                f"slots/{slot.public_id}/openings/?day={day}",
                f"worklists/to-book/?on={day}&within=3660",
                f"protocols/{slot.schedule.protocol.code}/1/preview/?anchor={day}",
                f"protocols/{slot.schedule.protocol.code}/1/preview/?anchor=2026-01-15&on={day}",
            )
        ] + [
            clinicians_program.get(f"{API}worklists/overdue/?on={day}"),
            post(clinicians_program, f"schedules/{schedule}/what-if/", review_on=day),
            post(nurses_program, "contacts/", slot=slot.public_id, outcome="agreed",
                 snooze_until=day),
            post(clinicians_program, "reviews/", slot=slot.public_id, decision="defer",
                 seen=None, until=day),
            act(clinicians_program, f"patients/{patient}/record-death/", died_on=day),
        ]  # fmt: skip
        assert [one.status_code for one in asked if one.status_code >= 500] == []
