"""Events say of rows what the history of the same transaction says, whatever was done."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from imaging.arranging import arrange, forget_meaning, give_meaning, keep_peer, remove_peer
from patients.actions import register_patient, withdraw_finding
from patients.api.tokens import make_token, revoke_token
from patients.clinic_actions import (
    add_member,
    change_role,
    close_on,
    create_clinic,
    open_on,
    remove_member,
)
from patients.models import Clinic, FindingKind, Sex
from reminders.appointments.arranging import arrange_receiver, tell_anew
from reminders.models import Receiver
from schedules.actions import (
    activate_protocol,
    add_scanner,
    break_off,
    correct_result,
    draft_protocol,
    keep_off_schedule,
    move_booking,
    record_contact,
    record_result,
    record_study,
    review,
    review_result,
    use_scanner,
    withdraw_study,
)
from schedules.actions.undo import (
    undo_contact,
    undo_keep_off_schedule,
    undo_outcome,
    undo_result_review,
    undo_review,
)
from schedules.models import BookingState, ContactOutcome, Decision, Protocol, ResultOutcome, Slot
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.audit.wording import ACTS
from surveillance.door.actions import close_account, enter_account, open_account
from tests.factories import (
    BookingFactory,
    MembershipFactory,
    UserFactory,
)
from tests.integration.audit.agreement import Agreement, model_of
from tests.integration.audit.doing import administer, consent, correct, entrust, find
from tests.integration.pages.scene import member, moment, slot_due_in

# Done by the machine of random acts, or by another test that looks for agreement.
ELSEWHERE = {
    "booking.cancelled",
    "booking.rescheduled",
    "emergency.ended",
    "emergency.found_nobody",
    "emergency.noted",
    "emergency.opened",
    "feed.made",
    "feed.revoked",
    "patient.died",
    "protocol.loaded",
    "review.defer",
    "review.rebook",
    "review.skip",
    "review.terminate",
    "schedule.anchor_declined",
    "schedule.ended",
    "schedule.protocol_changed",
    "schedule.rebaselined",
    "schedule.resumed",
    "schedule.suspended",
    "treatment.added",
    "tumour.added",
}


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return MembershipFactory.create(role=Role.ADMINISTRATOR, user__username="admin").clinic


def test_each_event_says_of_its_row_what_the_history_says(clinic: Clinic) -> None:
    by = User.objects.get(username="admin")
    clinician = member(clinic, Role.CLINICIAN)
    slot = slot_due_in(-30, clinic)
    patient = slot.patient
    (agreement := Agreement()).look()

    scanner = add_scanner(clinic=clinic, name="CT 2", minutes=20, ae_title="CT2", by=by)
    for in_use in (False, True):
        use_scanner(scanner=scanner, in_use=in_use, by=by)
    for _ in range(2):
        administer(clinic, by)
        patient.refresh_from_db()
        consent(patient, by)
        find(patient, by)
        correct(patient, by)
    entrust(patient, clinician, by)
    keep_accounts()
    keep_clinic(clinic, by)
    follow(slot, clinician)
    speak_dicom_and_hl7(clinic, by)
    keep_protocols(slot.schedule.protocol, by, clinician)

    assert agreement.look() <= {
        "accounts_user",
        "schedules_scanner",
        "reminders_receiver",
    }  # by factories
    assert {act for act in ACTS if model_of(act)} - agreement.acts == ELSEWHERE


def keep_accounts() -> None:
    facts = {"email": "nora@example.org", "given_name": "Nora", "family_name": "Nurse"}
    enter_account(username="nora", **facts, by="Command line")
    for do in (close_account, open_account):
        do(username="nora", reason="Left for a year", by="Command line")


def keep_clinic(clinic: Clinic, by: User) -> None:
    nurse = UserFactory.create()
    membership = add_member(clinic=clinic, username=nurse.username, role=Role.NURSE, by=by)
    change_role(membership=membership, role=Role.CLINICIAN, seen=Role.NURSE, by=by)
    remove_member(membership=membership, by=by)
    closed = close_on(clinic=clinic, on=date(2100, 1, 5), reason="Moving", by=by)
    open_on(closed=closed, by=by)
    mails = dict.fromkeys(("booking_email", "alert_email"), "new@example.org")
    facts = {"code": "new", "mrn_issuer": "NEW", "name": "New", "time_zone": "Asia/Tokyo"}
    create_clinic(administrator=by, by=by, **facts, **mails)
    token, _text = make_token(name="Script", acts=[Act.KEEP_CLINIC], days=3, by=by)
    revoke_token(token=token, by=by)
    register_patient(
        clinic=clinic,
        mrn="new",
        family_name="F",
        given_name="G",
        birth_date=date(1960, 5, 17),
        sex=Sex.OTHER,
        by=by,
    )


def follow(slot: Slot, by: User) -> None:
    contact = record_contact(slot=slot, outcome=ContactOutcome.NO_ANSWER, note="Mobile", by=by)
    undo_contact(contact=contact, by=by)
    undo_review(review=review(slot=slot, decision=Decision.CHASE, by=by), by=by)
    clinic = slot.patient.clinic
    booking = BookingFactory.create(slot=slot, starts_at=moment(clinic, -3), at=moment(clinic, -9))
    for to in (BookingState.NO_SHOW, BookingState.ARRIVED):
        move_booking(booking=booking, to=to, by=by)
        undo_outcome(booking=booking, by=by)
    study = record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=clinic.today() - timedelta(days=3),
        regions=["chest", "abdomen"],
        by=by,
    )
    result = record_result(study=study, outcome=ResultOutcome.NO_DISEASE, sites=[], by=by)
    review_result(result=result, by=by)
    undo_result_review(result=result, by=by)
    correct_result(
        result=result,
        outcome=ResultOutcome.NEW_LESION,
        sites=["liver S6"],
        comment="Beside the vena cava",
        finding=FindingKind.METASTASIS,
        tumour=slot.schedule.tumour,
        reason="Misread",
        by=by,
    )
    assert result.finding
    withdraw_finding(finding=result.finding, reason="A cyst", by=by)
    result.refresh_from_db()
    unsure = ResultOutcome.INDETERMINATE
    correct_result(result=result, outcome=unsure, sites=[], reason="A cyst", by=by)
    withdraw_study(study=study, reason="Of another", by=by)
    break_off(booking=booking, because="Contrast extravasated " * 12, by=by)
    stray = record_study(
        patient=slot.patient,
        modality="MR",
        performed_on=clinic.today(),
        regions=["lower_limb"],
        by=by,
    )
    keep_off_schedule(study=stray, reason="Trauma", by=by)
    undo_keep_off_schedule(study=stray, by=by)


def speak_dicom_and_hl7(clinic: Clinic, by: User) -> None:
    arrange(clinic=clinic, files_by_itself=True, settles_after=9, pacs_url="", by=by)
    told: dict[str, Any] = {"ae_title": "PACS", "address": "192.0.2.1", "name": "PACS"}
    peer = keep_peer(clinic=clinic, **told, by=by)
    peer = keep_peer(clinic=clinic, **{**told, "name": "Archive"}, peer=peer, by=by)
    remove_peer(peer=peer, by=by)
    for regions in (["chest"], []):
        meaning = give_meaning(clinic=clinic, text="TX", regions=regions, by=by)
    forget_meaning(meaning=meaning, by=by)
    receiver = arrange_receiver(clinic=clinic, host="192.0.2.1", application="RIS", by=by)
    Receiver.objects.update(on=True, since=timezone.now())  # by the action it needs a network
    tell_anew(receiver=receiver, by=by)


def keep_protocols(protocol: Protocol, by: User, other: User) -> None:
    draft = draft_protocol(based_on=protocol, title="Another", by=by)
    activate_protocol(protocol=draft, by=other)
