"""Two people have the same form before them: what the first has sent the second does not overwrite
unseen, but is told of, with the name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from bs4 import Tag
from django.test import Client

from imaging.arranging import give_meaning
from imaging.models import Peer
from patients.models import Clinic, TreatmentKind
from schedules.actions import record_result, suspend
from schedules.models import Booking, ResultOutcome, Scanner, Schedule, Slot, Study
from schedules.replanning import fingerprint, replanned
from schedules.rules.plan import Pause
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event
from tests.factories import (
    BookingFactory,
    ResectionFactory,
    StudyFactory,
)
from tests.integration.pages.reading import Page, filled
from tests.integration.pages.scene import member, moment, signed_in, slot_due_in
from tests.integration.test_role_matrix import RULES

pytestmark = pytest.mark.django_db

Told = dict[str, str]


@dataclass
class Scene:
    """One patient, and whatever is there to be changed."""

    clinic: Clinic
    slot: Slot
    booking: Booking
    scanner: Scanner
    colleague: User
    unreported: Study
    reported: Study
    unfollowed: str  # the public id of a tumour
    operation: str  # the public id of one after the anchor

    @property
    def schedule(self) -> Schedule:
        return self.slot.schedule

    def day(self, days: int) -> str:
        return (self.clinic.today() + timedelta(days=days)).isoformat()

    def clinician(self, given_name: str) -> User:
        return User.objects.get(first_name=given_name, memberships__role=Role.CLINICIAN)

    def rest(self, days: int) -> str:
        """The fingerprint of a rest from today on."""
        today = self.clinic.today()
        rest = Pause(today, today + timedelta(days=days))
        return fingerprint([replanned(self.schedule, rest=rest)])


@dataclass(frozen=True)
class Edit:
    """A form, by its address and a button or field that only it has, and what two people send."""

    role: Role
    address: Callable[[Scene], str]
    marked_by: str  # a selector of something in the form, with what is named of the scene
    first: Callable[[Scene], Told] = field(default=lambda scene: {})
    second: Callable[[Scene], Told] = field(default=lambda scene: {})
    goes_on: bool = True  # who has looked and sends it again has their way


def patient(rest: str) -> Callable[[Scene], str]:
    return lambda scene: f"/patients/{scene.slot.patient.public_id}/{rest}"


def schedule(rest: str) -> Callable[[Scene], str]:
    return lambda scene: f"/schedules/{scene.schedule.public_id}/{rest}"


def both(**told: str) -> Callable[[Scene], Told]:
    return lambda scene: told


def desk(scene: Scene) -> str:
    return f"/administration/{scene.clinic.code}/"


def images(scene: Scene) -> str:
    return f"/imaging/arrangement/{scene.clinic.code}/"


EDITS = {
    "clinic-facts": Edit(
        Role.ADMINISTRATOR,
        lambda scene: f"{desk(scene)}facts/",
        "[name=phone]",
        both(phone="1"),
        both(phone="2"),
    ),
    "clinic: role": Edit(
        Role.ADMINISTRATOR,
        desk,
        "[name=change_role][value='{scene.colleague.public_id}']",
        both(role="clinician"),
        both(role="administrator"),
    ),
    "clinic: scanner": Edit(
        Role.ADMINISTRATOR,
        desk,
        "[name=change_scanner]",
        both(minutes="40"),
        both(minutes="50"),
    ),
    "arrangement: how": Edit(
        Role.ADMINISTRATOR,
        images,
        "[name=arrange]",
        both(settles_after="20"),
        both(settles_after="30"),
    ),
    "arrangement: peer": Edit(
        Role.ADMINISTRATOR,
        images,
        "[name=change_peer]",
        both(name="The old CT"),
        both(name="The new CT"),
    ),
    "arrangement: text": Edit(
        Role.ADMINISTRATOR,
        images,
        "[name=change_text]",
        both(regions="pelvis"),
        both(regions="abdomen"),
    ),
    "receiver": Edit(
        Role.ADMINISTRATOR,
        lambda scene: f"/hl7/{scene.clinic.code}/",
        "[name=arrange]",
        both(host="one.example.org"),
        both(host="two.example.org"),
    ),
    "contact: consent": Edit(
        Role.NURSE,
        patient("contact/"),
        "[name=agree]",
        both(contact_by="email", email="a@example.org", language="en"),
        both(contact_by="sms", phone="+81901234567", language="ja"),
    ),
    "contact: responsible": Edit(
        Role.NURSE,
        patient("contact/"),
        "[name=responsible]",
        lambda scene: {"clinician": str(scene.clinician("First").pk)},
        lambda scene: {"clinician": str(scene.clinician("Second").pk)},
    ),
    "death": Edit(
        Role.CLINICIAN,
        patient("death/"),
        "[name=died_on]",
        lambda scene: {"died_on": scene.day(-2)},
        lambda scene: {"died_on": scene.day(-1)},
    ),
    "draft-protocol": Edit(
        Role.CLINICIAN,
        lambda scene: "/protocols/ct-chest-abdomen-3m/1/draft/",
        "[name=title]",
        both(title="One"),
        both(title="Another"),
    ),
    "review": Edit(
        Role.CLINICIAN,
        lambda scene: f"/slots/{scene.slot.public_id}/review/",
        "[name=decision]",
        both(decision="chase", reason="Called"),
        both(decision="rebook"),
    ),
    "record-result": Edit(
        Role.NURSE,
        lambda scene: f"/studies/{scene.unreported.public_id}/result/",
        "[name=outcome]",
        both(outcome="indeterminate"),
        both(outcome="no_disease"),
        goes_on=False,
    ),
    "correct-result": Edit(
        Role.NURSE,
        lambda scene: f"/studies/{scene.reported.public_id}/result/correct/",
        "[name=reason]",
        both(outcome="inadequate", reason="Motion"),
        both(outcome="indeterminate", reason="A shadow"),
    ),
    "review-result": Edit(
        Role.CLINICIAN,
        lambda scene: f"/studies/{scene.reported.public_id}/result/",
        "[name=seen]",
        goes_on=False,
    ),
    "keep-off-schedule": Edit(
        Role.NURSE,
        lambda scene: "/worklists/unmatched/",
        "[name=reason]",
        both(reason="MR of the knee"),
        both(reason="Another"),
        goes_on=False,
    ),
    "book": Edit(
        Role.NURSE,
        lambda scene: f"/slots/{scene.slot.public_id}/book/",
        "[name=starts_at]",
        both(starts_at="tomorrow 9:30"),
        both(starts_at="tomorrow 10:30"),
        goes_on=False,
    ),
    "reschedule": Edit(
        Role.NURSE,
        lambda scene: f"/bookings/{scene.booking.public_id}/reschedule/",
        "[name=starts_at]",
        both(starts_at="tomorrow 9:30"),
        both(starts_at="tomorrow 10:30"),
        goes_on=False,
    ),
    "enrol": Edit(
        Role.CLINICIAN,
        lambda scene: f"/tumours/{scene.unfollowed}/enrol/",
        "[name=protocol]",
        goes_on=False,
    ),
    "what-if": Edit(
        Role.CLINICIAN,
        lambda scene: f"/schedules/{scene.schedule.public_id}/what-if/?anchor={scene.operation}",
        "[name=shown]",
        goes_on=False,
    ),
    "decline-anchor": Edit(
        Role.CLINICIAN,
        lambda scene: (
            f"/schedules/{scene.schedule.public_id}/decline-anchor/?anchor={scene.operation}"
        ),
        "[name=reason]",
        both(reason="Minor"),
        both(reason="Other"),
        goes_on=False,
    ),
    "suspend": Edit(
        Role.CLINICIAN,
        schedule("suspend/"),
        "[name=review_on]",
        lambda scene: {"reason": "Away", "review_on": scene.day(30), "shown": scene.rest(30)},
        lambda scene: {"reason": "Ill", "review_on": scene.day(60), "shown": scene.rest(60)},
        goes_on=False,
    ),
    "end": Edit(
        Role.CLINICIAN,
        schedule("end/"),
        "[name=end_reason]",
        both(end_reason="palliative"),
        both(end_reason="declined"),
        goes_on=False,
    ),
}
# What only adds a row, what sets what it says whatever stood there, and what keeps its own watch.
OTHERS = {
    *("add-treatment", "add-finding", "record-study", "record-contact", "register", "rules"),
    *("patients", "to-book", "logout", "exports", "switch-rule", "acknowledge", "send-again"),
    "audit",  # it searches
    "hold",  # pages/test_status.py: the second is told who has decided
    "move-booking",  # pages/test_booking.py: moves that a state allows, and no other
    # schedules/test_undo.py: one's own alone, and as long as nothing has come of it
    *("undo-booking", "undo-outcome", "undo-contact", "undo-review"),
    *("undo-result-review", "undo-keep-off-schedule"),
    *("sign-protocol", "take-over"),  # pages/protocols/: what is signed and shown is fixed
    *("save-view", "change-view"),  # one person's alone
    "resume",  # below
    "review-together",  # pages/test_review_together.py
    *("imports", "import", "import-corrections"),  # one person's alone; what was shown is fixed
    "upload",
    *("tokens", "revoke-token", "end-sessions"),  # one person's alone
    *("emergency", "end-emergency"),  # one person's alone
    "note-emergency",  # pages/test_emergency.py: the second is told who has
    *(  # one person's alone, too
        name
        for name, rule in RULES.items()
        if "POST" in rule.verbs and name.startswith(("account_", "mfa_"))
    ),
    "feeds",  # made and revoked, never changed
    "images",  # imaging/test_filing.py: the second is told who has filed them, or set them aside
}


@pytest.fixture
def scene(clinic: Clinic, scanner: Scanner, nurse: User) -> Scene:
    slot = slot_due_in(-30, clinic)
    tumour = slot.schedule.tumour
    operation = ResectionFactory.create(
        tumour=tumour, kind=TreatmentKind.METASTASECTOMY, on=clinic.today()
    )
    unfollowed = ResectionFactory.create(
        tumour__patient__clinic=clinic, on=clinic.today() - timedelta(days=20)
    )
    done = {"patient": unfollowed.tumour.patient, "performed_on": clinic.today()}
    reported = StudyFactory.create(**done)
    record_result(study=reported, outcome=ResultOutcome.NO_DISEASE, by=nurse)
    StudyFactory.create(
        patient=slot.patient, modality="MR", regions=["lower_limb"], performed_on=clinic.today()
    )
    Peer.objects.create(clinic=clinic, ae_title="CT_ONE", address="192.0.2.1")
    give_meaning(clinic=clinic, text="CT TX", regions=["chest"], by=nurse)
    return Scene(
        clinic=clinic,
        slot=slot,
        booking=BookingFactory.create(
            slot=slot_due_in(5, clinic), starts_at=moment(clinic, 3), at=moment(clinic, -1)
        ),
        scanner=scanner,
        colleague=nurse,
        unreported=StudyFactory.create(**done),
        reported=reported,
        unfollowed=str(unfollowed.tumour.public_id),
        operation=str(operation.public_id),
    )


@pytest.fixture
def first_and_second(clinic: Clinic) -> dict[Role, list[User]]:
    return {
        role: [member(clinic, role, f"First {role.label}"), member(clinic, role, "Second Person")]
        for role in Role
    }


def sent(client: Client, address: str, page: Page, marked_by: str, told: Told) -> Page:
    """Send the form that holds what is `marked_by` as it stands, but for what was `told`."""
    form = page.find(marked_by).find_parent("form")
    assert isinstance(form, Tag)
    pressed = form.select_one("button[name]")
    button = {str(pressed["name"]): str(pressed["value"])} if pressed else {}
    to = str(form.get("action") or address)
    return Page(client.post(to, filled(form) | button | told, follow=True))


def test_every_form_that_changes_what_stands_there_is_here() -> None:
    can_be_sent = {name for name, rule in RULES.items() if "POST" in rule.verbs}

    assert {name.partition(":")[0] for name in EDITS} | OTHERS == can_be_sent


@pytest.mark.parametrize("name", EDITS)
def test_the_second_is_told_who_was_first_and_overwrites_nothing(
    scene: Scene, first_and_second: dict[Role, list[User]], name: str
) -> None:
    edit = EDITS[name]
    first, second = map(signed_in, first_and_second[edit.role])
    address = edit.address(scene)
    page, same = Page(first.get(address)), Page(second.get(address))
    told = edit.second(scene)

    marked_by = edit.marked_by.format(scene=scene)
    done = sent(first, address, page, marked_by, edit.first(scene))
    written = Event.objects.count()
    refused = sent(second, address, same, marked_by, told)

    assert not done.error_summary
    said = " ".join([*refused.error_summary, *refused.messages])
    assert f"First {edit.role.label}" in said
    assert Event.objects.count() == written
    if edit.goes_on:
        sent(second, address, refused, marked_by, told)
        assert Event.objects.count() == written + 1


def test_what_would_be_resumed_by_now_is_shown_before_it_is(
    scene: Scene, first_and_second: dict[Role, list[User]]
) -> None:
    first, second = first_and_second[Role.CLINICIAN]
    review_on = scene.clinic.today() + timedelta(days=30)
    suspend(schedule=scene.schedule, reason="Away", review_on=review_on, by=first)
    address, client = f"/schedules/{scene.schedule.public_id}/resume/", signed_in(second)
    page = Page(client.get(address))
    Slot.objects.filter(pk=scene.slot.pk).update(due_on=scene.slot.due_on + timedelta(days=1))

    refused = sent(client, address, page, "[name=shown]", {})
    done = sent(client, address, refused, "[name=shown]", {})

    assert refused.error_summary == [
        "Something has changed since this was shown: look at it again."
    ]
    assert not done.error_summary
