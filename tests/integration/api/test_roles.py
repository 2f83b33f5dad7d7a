"""Who may ask the API for what: every action of every view, by every kind of visitor."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from patients.api.scoped import Scoped
from patients.models import Clinic, FindingKind
from schedules.actions import record_result
from schedules.models import ContactOutcome, Decision, ResultOutcome
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.api_v1 import router
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
)
from tests.integration.imaging.scene import ct, identity_of, received
from tests.integration.pages.test_messages import write

pytestmark = pytest.mark.django_db

# What one must be allowed to do for each action of each view; None where any role will do.
RULES: dict[str, dict[str, Act | None]] = {
    "patients": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "search": Act.SEE_PATIENTS,
        "create": Act.REGISTER_PATIENT,
        "agree_to_messages": Act.REGISTER_PATIENT,
        "withdraw_consent": Act.REGISTER_PATIENT,
        "name_responsible": Act.REGISTER_PATIENT,
        "record_death": Act.PLAN,
    },
    "tumours": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.REGISTER_PATIENT,
        "proposals": Act.PLAN,
    },
    "treatments": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.REGISTER_PATIENT,
    },
    "findings": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.REGISTER_PATIENT,
    },
    "clinics": {"list": None, "retrieve": None},
    "scanners": {"list": None, "retrieve": None},
    "protocols": {
        "list": Act.SEE_PROTOCOLS,
        "retrieve": Act.SEE_PROTOCOLS,
        "preview": Act.SEE_PROTOCOLS,
        "what_if": Act.PLAN,
    },
    "schedules": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.PLAN,
        "what_if": Act.PLAN,
        "rebaseline": Act.PLAN,
        "change_protocol": Act.PLAN,
        "suspend": Act.PLAN,
        "resume": Act.PLAN,
        "end": Act.PLAN,
        "decline_anchor": Act.PLAN,
    },
    "slots": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "explanation": Act.SEE_PATIENTS,
        "openings": Act.BOOK,
    },
    "bookings": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.BOOK,
        "reschedule": Act.BOOK,
        "arrived": Act.BOOK,
        "no_show": Act.BOOK,
        "cancel": Act.BOOK,
        "undo": Act.BOOK,
        "undo_outcome": Act.BOOK,
    },
    "contacts": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.BOOK,
        "undo": Act.BOOK,
    },
    "reviews": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.REVIEW,
        "together": Act.REVIEW,
        "undo": Act.REVIEW,
    },
    "worklists/to-book": {"list": Act.BOOK},
    "worklists/booked": {"list": Act.BOOK},
    "worklists/overdue": {"list": Act.REVIEW},
    "worklists/results": {"list": Act.REVIEW},
    "worklists/rebaselines": {"list": Act.PLAN},
    "studies": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.RECORD_STUDY,
        "keep_off_schedule": Act.RECORD_STUDY,
        "undo_keep_off_schedule": Act.RECORD_STUDY,
    },
    "results": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.RECORD_STUDY,
        "correct": Act.RECORD_STUDY,
        "review": Act.REVIEW,
        "undo_review": Act.REVIEW,
    },
    "images": {
        "list": Act.RECORD_STUDY,
        "retrieve": Act.RECORD_STUDY,
        "create": Act.RECORD_STUDY,
        "file": Act.RECORD_STUDY,
        "keep_as_filed": Act.RECORD_STUDY,
        "take_back": Act.RECORD_STUDY,
        "set_aside": Act.RECORD_STUDY,
        "bring_back": Act.RECORD_STUDY,
    },
    "messages": {
        "list": Act.SEE_MESSAGES,
        "retrieve": Act.SEE_MESSAGES,
        "send_again": Act.SEND_AGAIN,
    },
    "notices": {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "inbox": Act.SEE_PATIENTS,
        "acknowledge": Act.ACKNOWLEDGE,
    },
    "safety-net": {"list": Act.SEE_PATIENTS},
}
OF_NO_CLINIC = ("protocols",)


@pytest.fixture
def one_of_each(clinic: Clinic) -> dict[str, object]:
    """One row of the clinic for each view that has rows of addresses of their own."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    tumour = schedule.tumour
    finding = tumour.findings.create(
        kind=FindingKind.METASTASIS, sites=["liver"], found_on=schedule.anchor_on, found_by="CT"
    )
    slot = schedule.slots.get(n=1)
    booking = BookingFactory.create(slot=slot)
    contact = slot.contacts.create(outcome=ContactOutcome.AGREED, by=booking.booked_by)
    review = slot.reviews.create(decision=Decision.CHASE, by=booking.booked_by)
    study = StudyFactory.create(patient=tumour.patient)
    record_result(study=study, outcome=ResultOutcome.NO_DISEASE, by=UserFactory.create())
    images = received(clinic, ct(identity_of(tumour.patient)))
    message = write(clinic, schedule.slots.get(n=1))
    return {
        "studies": study.public_id,
        "results": study.public_id,
        "images": images.public_id,
        "messages": message.public_id,
        "notices": message.lines.get().notice.public_id,
        "patients": tumour.patient.public_id,
        "tumours": tumour.public_id,
        "treatments": schedule.anchor.public_id,
        "findings": finding.public_id,
        "clinics": clinic.code,
        "scanners": booking.scanner.public_id,
        "protocols": f"{schedule.protocol.code}/{schedule.protocol.version}",
        "schedules": schedule.public_id,
        "slots": slot.public_id,
        "bookings": booking.public_id,
        "contacts": contact.public_id,
        "reviews": review.public_id,
    }


def actions_of() -> Iterator[tuple[str, str, type[Scoped[Any]], str, str, bool]]:
    """Yield each action: its view, its name, the method, the path below the view's, if of a row."""
    for prefix, view, _ in router.registry:
        for route in router.get_routes(view):
            for method, name in route.mapping.items():
                if issubclass(view, Scoped) and hasattr(view, name):
                    below = route.url.replace("{prefix}", prefix).replace("{trailing_slash}", "/")
                    yield prefix, name, view, method, below, "{lookup}" in route.url


def test_every_action_has_its_rule() -> None:
    found: dict[str, dict[str, Act | None]] = {}
    for prefix, name, view, *_ in actions_of():
        found.setdefault(prefix, {})[name] = view.acts[name]

    assert found == RULES


def test_each_visitor_gets_as_far_as_the_role_allows(
    clinic: Clinic, one_of_each: dict[str, object], program_of: Callable[..., Client]
) -> None:
    visitors: list[tuple[str, User, Role, bool]] = []
    for place, where in (("here", clinic), ("elsewhere", ClinicFactory.create())):
        for role in Role:
            user = MembershipFactory.create(clinic=where, role=role).user
            visitors.append((f"{role} {place}", user, role, where == clinic))
    programs = {name: program_of(user) for name, user, *_ in visitors}
    wrong = []
    for prefix, name, _, method, below, is_of_a_row in actions_of():
        address = "/api/v1/" + below.lstrip("^").replace("{lookup}", str(one_of_each.get(prefix)))
        for visitor, _, role, is_here in visitors:
            status = getattr(programs[visitor], method)(
                address, content_type="application/json", data={} if method == "get" else "{}"
            ).status_code
            act = RULES[prefix][name]
            if act and role not in MAY[act]:
                expected = {403}
            elif is_of_a_row and not is_here and prefix not in OF_NO_CLINIC:
                expected = {404}
            else:
                expected = {200, 201, 400, 409, 415, 428}  # let in; what is said may be lacking
            if status not in expected:
                wrong.append((prefix, name, visitor, status))

    assert wrong == []


def test_nobody_gets_in_without_signing_in(client: Client, one_of_each: dict[str, object]) -> None:
    for prefix, _, _, method, below, _ in actions_of():
        address = "/api/v1/" + below.lstrip("^").replace("{lookup}", str(one_of_each.get(prefix)))
        assert getattr(client, method)(address).status_code == 401, address
