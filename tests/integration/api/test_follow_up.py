"""A patient's follow-up over the API, from the operation to the end, beside what the pages show."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from patients.models import Clinic, Patient
from schedules.actions import record_study
from schedules.explanations import explain
from schedules.models import Scanner, Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Look
from tests.factories import (
    PROTOCOL,
    HalfYearlyProtocolFactory,
    ProtocolFactory,
    ScannerFactory,
    morning,
)
from tests.integration.api.asking import act, get, listed, post, refused
from tests.integration.api.described import Program
from tests.integration.pages.scene import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the clock shows: the list's last."""
    shown = [morning(3, 20)]
    monkeypatch.setattr(timezone, "now", lambda: shown[-1])
    return shown


@pytest.fixture
def scanner(clinic: Clinic) -> Scanner:
    return ScannerFactory.create(clinic=clinic)


def on_page(user: User, address: str) -> list[str]:
    """Return the ids of the slots that a list of the pages leads to, in its order."""
    page = signed_in(user).get(address).content.decode()
    return list(dict.fromkeys(re.findall(r"/slots/([0-9a-f-]{36})/", page)))


def ids(rows: list[dict[str, str]]) -> list[str]:
    return [row["id"] for row in rows]


def test_a_patient_is_followed_by_programs_as_by_people(
    clinic: Clinic,
    nurse: User,
    clinician: User,
    scanner: Scanner,
    clock: list[datetime],
    program_of: Callable[..., Program],
) -> None:
    ProtocolFactory.create()
    nurses, clinicians = program_of(nurse), program_of(clinician)

    # Entered, and enrolled as proposed.
    patient = post(
        nurses,
        "patients/",
        clinic=listed(nurses, "clinics/")[0]["code"],
        mrn="T-1",
        family_name="Test",
        given_name="Trial",
        birth_date="1960-02-29",
        sex="female",
    ).json()["id"]
    primary = {"topography": "C49.2", "morphology": "8890/3", "morphology_name": "Leiomyosarcoma"}
    tumour = post(nurses, "tumours/", patient=patient, site="left thigh", **primary).json()["id"]
    operation = post(nurses, "treatments/", tumour=tumour, kind="resection", on="2026-01-15")
    proposed = get(clinicians, f"tumours/{tumour}/proposals/")
    assert proposed["protocols"][0]["protocol"] == PROTOCOL
    assert proposed["anchor"]["anchor"] == operation.json()["id"]
    enrolment = {
        "tumour": tumour,
        "protocol": PROTOCOL,
        "anchor": proposed["anchor"]["anchor"],
    }
    schedule = post(clinicians, "schedules/", **enrolment).json()
    assert (schedule["state"], schedule["anchor_on"]) == ("active", "2026-01-15")
    assert refused(post(clinicians, "schedules/", **enrolment)) == (400, ["tumour"])

    # What is due, as it was previewed, with the words of the patient's page.
    output = StringIO()
    told = ["--protocol", PROTOCOL, "--anchor", "2026-01-15", "--on", "2026-03-20", "--json"]
    call_command("preview_schedule", *told, stdout=output)
    preview = get(nurses, f"protocols/{PROTOCOL}/1/preview/", anchor="2026-01-15", on="2026-03-20")
    assert preview == json.loads(output.getvalue())
    slots = listed(nurses, "slots/", schedule=schedule["id"])
    same = ("n", "exam", "earliest_on", "due_on", "latest_on", "lapses_on", "status")
    assert [[slot[name] for name in same] for slot in slots] == [
        [slot[name] for name in same] for slot in preview["slots"]
    ]
    first = slots[0]["id"]
    row = Slot.objects.get(public_id=first)
    explained = get(nurses, f"slots/{first}/explanation/")["sentence"]
    assert explained == explain(row, row.schedule).sentence

    # To be booked: called, snoozed, taken back.
    def to_book(**query: str) -> list[str]:
        rows = ids(listed(nurses, "worklists/to-book/", **query))
        assert rows == on_page(nurse, f"/worklists/to-book/?show={query.get('show', '')}")
        return rows

    assert to_book() == [first]
    call = {"slot": first, "outcome": "call_back"}
    assert refused(post(nurses, "contacts/", **call, snooze_until="2026-12-01")) == (
        400,
        ["snooze_until"],
    )
    called = post(nurses, "contacts/", **call, snooze_until="2026-03-25").json()
    assert (to_book(), to_book(show="snoozed")) == ([], [first])
    assert get(nurses, f"slots/{first}/")["last_contact"]["id"] == called["id"]
    assert act(nurses, f"contacts/{called['id']}/undo/").status_code == 204
    assert act(nurses, f"contacts/{called['id']}/undo/").status_code == 404
    assert to_book() == [first]

    # Booked at one of the best times, moved, taken back, cancelled and not.
    best = get(nurses, f"slots/{first}/openings/", day="2026-04-15")["best"]
    times = [{"scanner": one["scanner"], "starts_at": one["starts_at"]} for one in best]
    booked = post(nurses, "bookings/", slot=first, **times[0])
    again = post(nurses, "bookings/", slot=first, **times[1])
    assert (booked.status_code, again.status_code) == (201, 409)
    assert "has already booked this exam" in again.json()["detail"]
    assert to_book() == []
    booking = booked.json()["id"]
    address = f"bookings/{booking}/"
    assert act(nurses, f"{address}reschedule/", on='"x"', **times[1]).status_code == 412
    moved = act(nurses, f"{address}reschedule/", on=booked["ETag"], **times[1]).json()
    assert moved["replaces"] == booking
    before = get(nurses, address)
    assert (before["state"], before["replaced_by"]) == ("cancelled", moved["id"])
    assert act(nurses, f"{address}reschedule/", **times[0]).status_code == 409
    assert act(clinicians, f"bookings/{moved['id']}/undo/").status_code == 403
    assert act(nurses, f"bookings/{moved['id']}/undo/").json()["state"] == "cancelled"
    late = {"slot": first, "scanner": scanner.public_id, "starts_at": "2026-06-20T10:00:00+09:00"}
    assert refused(post(nurses, "bookings/", **late)) == (400, ["outside_window_reason"])
    late["outside_window_reason"] = "The patient is away"
    booking = post(nurses, "bookings/", **late).json()["id"]
    assert act(nurses, f"bookings/{booking}/cancel/").json()["state"] == "cancelled"
    assert act(nurses, f"bookings/{booking}/undo-outcome/").json()["state"] == "booked"
    act(nurses, f"bookings/{booking}/cancel/")
    chosen = {"scanner": scanner.public_id, "starts_at": "2026-04-14T10:00:00+09:00"}
    booking = post(nurses, "bookings/", slot=first, **chosen).json()["id"]
    assert act(nurses, f"bookings/{booking}/arrived/").status_code == 409  # before its day
    waiting = listed(nurses, "worklists/booked/")
    assert [one["booking"]["id"] for one in waiting] == [booking]
    assert booking in signed_in(nurse).get("/worklists/booked/").content.decode()

    # Come, and scanned in part.
    clock.append(morning(4, 14))
    nurses, clinicians = program_of(nurse), program_of(clinician)
    assert act(nurses, f"bookings/{booking}/undo/").status_code == 409  # too long ago
    assert act(nurses, f"bookings/{booking}/arrived/").json()["state"] == "arrived"
    record_study(
        patient=Patient.objects.get(),
        modality="CT",
        performed_on=date(2026, 4, 14),
        regions=["chest"],
        by=nurse,
    )
    slot = get(nurses, f"slots/{first}/")
    assert (slot["outcome"], slot["missing"]) == ("partially_satisfied", ["abdomen"])
    assert (slot["status"], slot["last_booking"]["state"]) == ("due", "fulfilled")
    assert ids(listed(clinicians, "worklists/results/"))
    assert listed(clinicians, "worklists/results/", show="unreviewed") == []

    # Overdue: decided, over what was seen alone, and taken back.
    clock.append(morning(5, 5))
    nurses, clinicians = program_of(nurse), program_of(clinician)

    def overdue(**query: str) -> list[str]:
        rows = listed(clinicians, "worklists/overdue/", **query)
        shown = on_page(clinician, f"/worklists/overdue/?show={query.get('show', '')}")
        assert ids(rows) == shown
        assert all(row["score"] == sum(one["points"] for one in row["reasons"]) for row in rows)
        return shown

    assert overdue() == [first]
    assert get(clinicians, f"slots/{first}/", on="2026-05-05")["days_late"] == 6
    chase = {"slot": first, "decision": "chase", "seen": None}
    chased = post(clinicians, "reviews/", **chase).json()
    assert post(clinicians, "reviews/", **chase).status_code == 409
    defer = {"slot": first, "decision": "defer", "seen": chased["id"]}
    assert refused(post(clinicians, "reviews/", **defer)) == (400, ["until"])
    deferred = post(clinicians, "reviews/", **defer, until="2026-05-20").json()
    assert (overdue(), overdue(show="deferred")) == ([], [first])
    assert act(clinicians, f"reviews/{chased['id']}/undo/").status_code == 409
    assert act(clinicians, f"reviews/{deferred['id']}/undo/").status_code == 204
    assert overdue() == [first]
    ticked = [{"slot": first, "seen": chased["id"]}]
    together = post(clinicians, "reviews/together/", slots=ticked, decision="rebook")
    assert together.json() == {"results": [{"slot": first, "refused": ""}]}
    stale = post(clinicians, "reviews/together/", slots=ticked, decision="chase").json()
    assert "has decided meanwhile" in stale["results"][0]["refused"]
    skips = post(clinicians, "reviews/together/", slots=ticked, decision="skip", reason="x")
    assert refused(skips) == (400, ["decision"])

    # Rested, and taken up again: exactly what was shown.
    address = f"schedules/{schedule['id']}/"

    def shown(**asked: str | bool) -> str:
        answer = post(clinicians, f"{address}what-if/", **asked)
        assert answer.status_code == 200, answer.json()
        return str(answer.json()["mark"])

    rest = {"reason": "Abroad", "review_on": "2026-07-01"}
    assert act(clinicians, f"{address}suspend/", shown="x", **rest).status_code == 409
    mark = shown(review_on="2026-07-01")
    resting = act(clinicians, f"{address}suspend/", shown=mark, **rest).json()
    assert (resting["state"], resting["suspension"]["review_on"]) == ("suspended", "2026-07-01")
    assert overdue() == []
    going_on = act(clinicians, f"{address}resume/", shown=shown(resume=True)).json()
    assert (going_on["state"], going_on["suspension"]) == ("active", None)

    # A later operation proposes a new series; another protocol takes that one over.
    later = post(nurses, "treatments/", tumour=tumour, kind="metastasectomy", on="2026-05-04")
    anchor = later.json()["id"]
    [waiting] = listed(clinicians, "worklists/rebaselines/")
    assert waiting["proposal"]["anchor"] == anchor
    tag = clinicians.get(f"/api/v1/{address}")["ETag"]
    change = {"anchor": anchor, "shown": shown(anchor=anchor)}
    second = act(clinicians, f"{address}rebaseline/", on=tag, **change).json()
    assert (second["replaces"], second["anchor_on"]) == (schedule["id"], "2026-05-04")
    assert act(clinicians, f"{address}rebaseline/", on=tag, **change).status_code == 412
    assert get(nurses, address)["replaced_by"] == second["id"]
    assert {slot["outcome"] for slot in listed(nurses, "slots/", schedule=schedule["id"])} == {
        "superseded"
    }
    code = HalfYearlyProtocolFactory.create().code
    address = f"schedules/{second['id']}/"
    decline = {"anchor": operation.json()["id"], "reason": "It is the primary"}
    assert act(clinicians, f"{address}decline-anchor/", **decline).status_code == 200
    assert act(clinicians, f"{address}decline-anchor/", **decline).status_code == 409
    change = {"protocol": code, "shown": shown(protocol=code)}
    third = act(clinicians, f"{address}change-protocol/", **change).json()
    assert third["protocol"] == code
    assert ids(listed(nurses, "schedules/", patient=patient, state="active")) == [third["id"]]
    assert ids(listed(nurses, "schedules/", tumour=tumour, protocol=PROTOCOL)) == [
        schedule["id"],
        second["id"],
    ]

    # The end.
    address = f"schedules/{third['id']}/"
    assert refused(act(clinicians, f"{address}end/", end_reason="other")) == (
        400,
        ["explanation"],
    )
    assert refused(act(clinicians, f"{address}end/", end_reason="died")) == (400, ["end_reason"])
    died = act(clinicians, f"patients/{patient}/record-death/", died_on="2026-05-05").json()
    assert died["died_on"] == "2026-05-05"
    ended = get(nurses, address)
    assert (ended["state"], ended["end_reason"]) == ("terminated", "died")
    assert act(clinicians, f"{address}end/", end_reason="palliative").status_code == 409
    pages = set(Look.objects.filter(page__startswith="API: ").values_list("page", flat=True))
    assert pages >= {f"API: {of}" for of in ("slots", "bookings", "schedules", "worklists")}
