"""Who gets in where: every address of the product, asked for by every kind of visitor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from patients.models import Clinic, EmergencyAccess, Import, TreatmentKind
from reminders.models import Hold, Kind, Message, Notice
from reminders.models import Rule as ReminderRule
from reminders.rules import give_defaults
from schedules.actions import make_feed
from schedules.models import (
    Contact,
    ContactOutcome,
    Decision,
    Job,
    JobKind,
    ListName,
    Result,
    ResultOutcome,
    Review,
    SavedView,
)
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.api.models import Token
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    MembershipFactory,
    ResectionFactory,
    ScheduleFactory,
    StudyFactory,
    UserFactory,
    morning,
)
from tests.headers import unguarded
from tests.integration.imaging.scene import ct, identity_of, received

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Rule:
    """What an address asks of its visitors."""

    act: Act | None = None  # without one it is open to whoever has signed in
    verbs: tuple[str, ...] = ("GET",)
    of_one_patient: bool = False  # so members of other clinics do not find it
    is_a_file: bool = False  # to be kept, and no page
    led_to: bool = False  # by what one does on another page, and by no link
    of_one_person: bool = False  # none of the visitors, so nobody finds it


FORM = ("GET", "POST")
BUTTON = ("POST",)

PUBLIC = {"healthz", "readyz", "metrics", "account_login", "account_inactive", "feed"}
# Before the sign-in is whole, or by a link of one's own: tests/integration/pages/door walks there.
HALFWAY = {
    *("mfa_authenticate", "mfa_login_webauthn"),
    *("openid_connect_login", "openid_connect_callback", "socialaccount_login_cancelled"),
    "set-password",
}
PUBLIC_BUTTONS = {"language"}  # pages/test_language.py presses it
RULES = {
    "home": Rule(),
    "logout": Rule(verbs=BUTTON),
    "session": Rule(is_a_file=True),
    "mailbox": Rule(),
    "patients": Rule(Act.SEE_PATIENTS, FORM),
    "patient": Rule(Act.SEE_PATIENTS, of_one_patient=True),
    "contact": Rule(Act.REGISTER_PATIENT, FORM, of_one_patient=True),
    "register": Rule(Act.REGISTER_PATIENT, FORM),
    "record-study": Rule(Act.RECORD_STUDY, FORM, of_one_patient=True),
    "to-book": Rule(Act.BOOK, FORM),
    "save-view": Rule(Act.BOOK, BUTTON),
    "change-view": Rule(Act.BOOK, BUTTON, of_one_person=True),
    "booked": Rule(Act.BOOK),
    "calendar": Rule(Act.SEE_PATIENTS),
    "book": Rule(Act.BOOK, FORM, of_one_patient=True),
    "move-booking": Rule(Act.BOOK, BUTTON, of_one_patient=True),
    "reschedule": Rule(Act.BOOK, FORM, of_one_patient=True),
    "undo-booking": Rule(Act.BOOK, BUTTON, of_one_patient=True),
    "undo-outcome": Rule(Act.BOOK, BUTTON, of_one_patient=True),
    "record-contact": Rule(Act.BOOK, FORM, of_one_patient=True),
    "undo-contact": Rule(Act.BOOK, BUTTON, of_one_patient=True),
    "overdue": Rule(Act.REVIEW),
    "review-together": Rule(Act.REVIEW, BUTTON),
    "review": Rule(Act.REVIEW, FORM, of_one_patient=True),
    "undo-review": Rule(Act.REVIEW, BUTTON, of_one_patient=True),
    "add-treatment": Rule(Act.REGISTER_PATIENT, FORM, of_one_patient=True),
    "add-finding": Rule(Act.REGISTER_PATIENT, FORM, of_one_patient=True),
    "results": Rule(Act.RECORD_STUDY),
    "record-result": Rule(Act.RECORD_STUDY, FORM, of_one_patient=True),
    "correct-result": Rule(Act.RECORD_STUDY, FORM, of_one_patient=True),
    "review-result": Rule(Act.REVIEW, BUTTON, of_one_patient=True),
    "unmatched": Rule(Act.RECORD_STUDY),
    "undo-result-review": Rule(Act.REVIEW, BUTTON, of_one_patient=True),
    "keep-off-schedule": Rule(Act.RECORD_STUDY, BUTTON, of_one_patient=True),
    "undo-keep-off-schedule": Rule(Act.RECORD_STUDY, BUTTON, of_one_patient=True),
    "rebaselines": Rule(Act.PLAN),
    "enrol": Rule(Act.PLAN, FORM, of_one_patient=True),
    "what-if": Rule(Act.PLAN, FORM, of_one_patient=True),
    "decline-anchor": Rule(Act.PLAN, FORM, of_one_patient=True),
    "suspend": Rule(Act.PLAN, FORM, of_one_patient=True),
    "resume": Rule(Act.PLAN, FORM, of_one_patient=True),
    "end": Rule(Act.PLAN, FORM, of_one_patient=True),
    "death": Rule(Act.PLAN, FORM, of_one_patient=True),
    "safety-net": Rule(Act.SEE_PATIENTS),
    "protocols": Rule(Act.SEE_PROTOCOLS),
    "protocol": Rule(Act.SEE_PROTOCOLS),
    "compare-protocols": Rule(Act.SEE_PROTOCOLS),
    "draft-protocol": Rule(Act.DRAFT_PROTOCOL, FORM),
    "sign-protocol": Rule(Act.SIGN_PROTOCOL, BUTTON),
    "take-over": Rule(Act.PLAN, FORM),
    "jobs": Rule(),
    "job": Rule(of_one_person=True),
    "emergency": Rule(Act.OPEN_IN_EMERGENCY, FORM),
    "emergency-patient": Rule(Act.OPEN_IN_EMERGENCY, of_one_person=True),
    "end-emergency": Rule(Act.OPEN_IN_EMERGENCY, BUTTON, of_one_person=True),
    "emergencies": Rule(Act.SEE_AUDIT),
    "note-emergency": Rule(Act.KEEP_CLINIC, BUTTON, of_one_patient=True),
    "account": Rule(),
    "end-sessions": Rule(verbs=BUTTON),
    "account_change_password": Rule(verbs=FORM),
    "account_reauthenticate": Rule(verbs=FORM, led_to=True),
    "mfa_reauthenticate": Rule(verbs=FORM, led_to=True),
    "mfa_reauthenticate_webauthn": Rule(verbs=FORM, led_to=True),
    "mfa_index": Rule(),
    "mfa_activate_totp": Rule(verbs=FORM),
    "mfa_deactivate_totp": Rule(verbs=FORM, of_one_person=True, led_to=True),
    "mfa_view_recovery_codes": Rule(of_one_person=True, led_to=True),
    "mfa_generate_recovery_codes": Rule(verbs=FORM, led_to=True),
    "mfa_list_webauthn": Rule(verbs=FORM, led_to=True),
    "mfa_add_webauthn": Rule(verbs=FORM),
    "mfa_remove_webauthn": Rule(verbs=FORM, of_one_person=True, led_to=True),
    "tokens": Rule(verbs=FORM),
    "revoke-token": Rule(verbs=BUTTON, of_one_person=True),
    "figures": Rule(Act.SEE_FIGURES),
    "exports": Rule(Act.EXPORT, FORM),
    "download": Rule(Act.EXPORT, of_one_person=True, is_a_file=True),
    "feeds": Rule(Act.EXPORT, FORM, of_one_patient=True),
    "imports": Rule(Act.IMPORT, FORM),
    "import": Rule(Act.IMPORT, FORM, of_one_person=True),
    "import-corrections": Rule(Act.IMPORT, BUTTON, of_one_person=True),
    "empty-list-csv": Rule(Act.IMPORT, is_a_file=True),
    "empty-list-xlsx": Rule(Act.IMPORT, is_a_file=True),
    "audit": Rule(Act.SEE_AUDIT, FORM),
    "looks": Rule(Act.SEE_AUDIT, of_one_patient=True),
    "administration": Rule(Act.KEEP_CLINIC),
    "clinic": Rule(Act.KEEP_CLINIC, FORM, of_one_patient=True),
    "clinic-facts": Rule(Act.KEEP_CLINIC, FORM, of_one_patient=True),
    "arrangement": Rule(Act.KEEP_CLINIC, FORM, of_one_patient=True),
    "images": Rule(Act.RECORD_STUDY, FORM, of_one_patient=True),
    "upload": Rule(Act.RECORD_STUDY, FORM),
    "inbox": Rule(Act.SEE_PATIENTS),
    "acknowledge": Rule(Act.ACKNOWLEDGE, BUTTON, of_one_patient=True),
    "messages": Rule(Act.SEE_MESSAGES),
    "message": Rule(Act.SEE_MESSAGES, of_one_patient=True),
    "send-again": Rule(Act.SEND_AGAIN, BUTTON, of_one_patient=True),
    "receiver": Rule(Act.KEEP_CLINIC, FORM, of_one_patient=True),
    "rules": Rule(Act.KEEP_RULES, FORM),
    "status": Rule(Act.SEE_STATUS),
    "hold": Rule(Act.DECIDE_HOLD, BUTTON, of_one_patient=True),
    "switch-rule": Rule(Act.KEEP_RULES, BUTTON, of_one_patient=True),
}


@dataclass(frozen=True)
class Visitor:
    name: str
    user: User | None = None
    role: Role | None = None
    is_of_this_clinic: bool = True

    def ask(self, method: str, address: str, told: dict[str, str]) -> str:
        """Ask for an address in a session of one's own; return how that ended, in a word."""
        client = Client()
        if self.user:
            client.force_login(self.user)
        answer = client.get(address) if method == "GET" else client.post(address, told)
        assert unguarded(answer) == [], address
        return outcome(answer)

    def expects(self, rule: Rule, method: str) -> str:
        if self.user is None:
            return "must sign in"
        if method not in rule.verbs:
            return "no such method"
        if rule.act and self.role not in MAY[rule.act]:
            return "refused"
        if rule.of_one_person or (rule.of_one_patient and not self.is_of_this_clinic):
            return "not found"
        return "gets in"


def outcome(answer: HttpResponseBase) -> str:
    if answer.headers.get("Location", "").startswith("/sign-in/?next="):
        return "must sign in"
    words = {
        200: "gets in",
        302: "gets in",
        403: "refused",
        404: "not found",
        405: "no such method",
    }
    return words.get(answer.status_code, str(answer.status_code))


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def visitors(clinic: Clinic) -> list[Visitor]:
    elsewhere = ClinicFactory.create()
    here = [Visitor(f"{role} here", member(clinic, role), role) for role in Role]
    others = [
        Visitor(f"{role} elsewhere", member(elsewhere, role), role, is_of_this_clinic=False)
        for role in Role
    ]
    return [Visitor("anonymous"), Visitor("in no clinic", UserFactory.create()), *here, *others]


def member(clinic: Clinic, role: Role) -> User:
    return MembershipFactory.create(clinic=clinic, role=role).user


@dataclass(frozen=True)
class Site:
    """Where everything is, and what its forms and buttons send."""

    addresses: dict[str, str]
    told: dict[str, str]


@pytest.fixture
def site(clinic: Clinic) -> Site:
    """One patient of the clinic, with an appointment and an operation after the anchor."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    slot = schedule.slots.get(n=1)
    booking = BookingFactory.create(slot=slot)
    operation = ResectionFactory.create(
        tumour=schedule.tumour, kind=TreatmentKind.METASTASECTOMY, on=slot.due_on
    )
    by = UserFactory.create()
    contact = Contact.objects.create(slot=slot, outcome=ContactOutcome.NO_ANSWER, by=by)
    decided = Review.objects.create(slot=slot, decision=Decision.CHASE, by=by)
    study = StudyFactory.create(patient=slot.patient)
    result = Result.objects.create(study=study, outcome=ResultOutcome.NO_DISEASE)
    give_defaults([clinic])
    reminder_rule = ReminderRule.objects.filter(clinic=clinic, kind=Kind.RESULT)[0]
    told = {"rule": reminder_rule, "patient": slot.patient, "result": result}
    alert = Notice.objects.create(**told, since=morning(4, 20), raised_at=morning(4, 20))
    message = Message.objects.create(
        clinic=clinic,
        recipient="nurses@example.org",
        queued_at=morning(4, 20),
        next_try_at=morning(4, 20),
    )
    hold = Hold.objects.create(clinic=clinic, at=morning(4, 20), lines=300, usual=200)
    job = Job.objects.create(
        kind=JobKind.TAKE_OVER, by=UserFactory.create(), parameters={}, total=1
    )
    given = Import.objects.create(by=UserFactory.create(), clinic=clinic, name="list.csv", data=b"")
    view = SavedView.objects.create(user=UserFactory.create(), list=ListName.TO_BOOK, name="Mine")
    token = Token.kept.create(
        user=UserFactory.create(),
        digest="x",
        token_key="x",
        name="Theirs",
        acts=[Act.SEE_PATIENTS],
        expiry=morning(12, 1),
    )
    access = EmergencyAccess.objects.create(
        by=UserFactory.create(), patient=slot.patient, at=morning(4, 20), until=morning(12, 1)
    )
    version: list[UUID | str | int] = [schedule.protocol.code, schedule.protocol.version]
    arguments: dict[str, list[UUID | str | int]] = {
        "patient": [slot.patient.public_id],
        "looks": [slot.patient.public_id],
        "contact": [slot.patient.public_id],
        "images": [received(clinic, ct(identity_of(slot.patient))).public_id],
        "record-study": [slot.patient.public_id],
        "book": [slot.public_id],
        "review": [slot.public_id],
        "move-booking": [booking.public_id, "cancelled"],
        "reschedule": [booking.public_id],
        "undo-booking": [booking.public_id],
        "undo-outcome": [booking.public_id],
        "undo-contact": [contact.public_id],
        "undo-review": [decided.public_id],
        "record-contact": [slot.public_id],
        "record-result": [study.public_id],
        "review-result": [study.public_id],
        "correct-result": [study.public_id],
        "keep-off-schedule": [study.public_id],
        "undo-keep-off-schedule": [study.public_id],
        "undo-result-review": [study.public_id],
        "death": [slot.patient.public_id],
        **{name: [job.public_id] for name in ("job", "download")},
        "feed": [make_feed(clinic=clinic, name="All", by=member(clinic, Role.ADMINISTRATOR))[1]],
        "mfa_remove_webauthn": [1],
        "import": [given.public_id],
        "import-corrections": [given.public_id],
        "change-view": [view.public_id],
        "revoke-token": [token.public_id],
        **{
            name: [access.public_id]
            for name in ("emergency-patient", "end-emergency", "note-emergency")
        },
        "acknowledge": [alert.public_id],
        "message": [message.public_id],
        "send-again": [message.public_id],
        "switch-rule": [reminder_rule.public_id],
        "hold": [hold.public_id],
        **{name: [schedule.tumour.public_id] for name in ("enrol", "add-treatment", "add-finding")},
        **{
            name: [schedule.public_id]
            for name in ("what-if", "decline-anchor", "suspend", "resume", "end")
        },
        **{
            name: [clinic.code]
            for name in ("clinic", "clinic-facts", "arrangement", "feeds", "receiver")
        },
        **dict.fromkeys(("protocol", "draft-protocol", "sign-protocol", "take-over"), version),
    }
    asked = dict.fromkeys(("what-if", "decline-anchor"), f"?anchor={operation.public_id}")
    return Site(
        addresses={
            name: reverse(name, args=arguments.get(name)) + asked.get(name, "")
            for name in {*RULES, *PUBLIC}
        },
        told={},
    )


def names(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            name = pattern.name or str(pattern.pattern)
            if not name.startswith(("api-", "fhir")):  # they have tables of their own
                yield name


def test_every_address_of_the_product_has_its_rule() -> None:
    assert sorted(names(get_resolver().url_patterns)) == sorted(
        [*RULES, *PUBLIC, *PUBLIC_BUTTONS, *HALFWAY]
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", RULES)
def test_each_visitor_gets_as_far_as_the_role_allows(
    site: Site, visitors: list[Visitor], name: str, method: str
) -> None:
    got = {
        visitor.name: visitor.ask(method, site.addresses[name], site.told) for visitor in visitors
    }

    assert got == {visitor.name: visitor.expects(RULES[name], method) for visitor in visitors}


def test_a_role_counts_only_in_its_own_clinic(site: Site, clinic: Clinic) -> None:
    nurse_here = member(clinic, Role.NURSE)
    MembershipFactory.create(user=nurse_here, role=Role.CLINICIAN)
    visitor = Visitor("nurse here, clinician elsewhere", nurse_here)

    assert visitor.ask("GET", site.addresses["book"], {}) == "gets in"
    assert visitor.ask("GET", site.addresses["review"], {}) == "not found"


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_probes_the_sign_in_and_a_feed_are_open_to_everybody(site: Site, name: str) -> None:
    assert Client().get(site.addresses[name]).status_code == 200


def test_who_has_signed_in_is_led_on_from_the_sign_in(site: Site) -> None:
    client = Client()
    client.force_login(UserFactory.create())

    assert client.get(site.addresses["account_login"]).headers["Location"] == site.addresses["home"]


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if "POST" in rule.verbs])
def test_a_change_without_the_forms_token_is_refused(site: Site, clinic: Clinic, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    act = RULES[name].act
    role = next(role for role in Role if act is None or role in MAY[act])
    client.force_login(member(clinic, role))

    assert client.post(site.addresses[name], site.told).status_code == 403
