"""From what was received to the exam that is done, and back: each way, and whoever is in doubt."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from imaging.arranging import arrange
from imaging.filing import bring_back, file_study, keep_as_filed, set_aside, settle, take_back
from imaging.judging import judge
from imaging.models import FiledBy, Received, TextMeaning
from imaging.settling import settle_all
from patients.models import Clinic, Patient
from schedules.actions import record_study
from schedules.models import Booking, BookingState, Result, Slot, Study
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import (
    BookingFactory,
    ClinicFactory,
    PatientFactory,
    ScheduleFactory,
    UserFactory,
    new_lesion,
)
from tests.integration.imaging.scene import AT, DAY, ct, identity_of, received
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(minutes=30)


@pytest.fixture
def slot(clinic: Clinic) -> Slot:
    """Due on 15 April 2026."""
    schedule = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic)
    return schedule.slots.get(n=1)


@pytest.fixture
def patient(slot: Slot) -> Patient:
    return slot.patient


@pytest.fixture
def booking(slot: Slot) -> Booking:
    return BookingFactory.create(slot=slot)


@pytest.fixture
def by() -> User:
    return UserFactory.create(first_name="Naomi", last_name="Nurse")


def outcome(slot: Slot) -> str:
    slot.refresh_from_db()
    return slot.outcome


def test_the_order_that_the_worklist_gave_out_closes_its_exam(
    clinic: Clinic, slot: Slot, booking: Booking
) -> None:
    one = settle(received=received(clinic, ct(identity_of(slot.patient), booking=booking)), at=AT)

    assert one.study is not None
    assert (one.study.patient, one.study.regions) == (slot.patient, ["chest", "abdomen"])
    assert (one.way, one.filed_by, one.study.study_uid) == ("order", None, booking.study_uid)
    assert outcome(slot) == "satisfied"
    booking.refresh_from_db()
    assert booking.state == BookingState.FULFILLED
    event = Event.objects.get(act="images.filed")
    assert (event.by_name, event.patient_id) == ("DICOM", slot.patient.public_id)
    assert event.detail["evidence"] == ["study_description: chest", "study_description: abdomen"]


def test_an_accession_number_answers_its_order_whatever_the_study_is_called(
    clinic: Clinic, slot: Slot, booking: Booking
) -> None:
    headers = ct(identity_of(slot.patient), accession=booking.accession)
    one = settle(received=received(clinic, headers), at=AT)

    assert one.way == FiledBy.ACCESSION
    assert outcome(slot) == "satisfied"


def test_the_patients_number_is_a_proposal_until_the_clinic_lets_it_file(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    one = settle(received=received(clinic, ct(identity_of(slot.patient, issuer=""))), at=AT)
    [judgement] = judge([one])

    assert one.study is None
    assert (judgement.patient, judgement.slot) == (slot.patient, slot)

    arrange(clinic=clinic, files_by_itself=True, settles_after=10, pacs_url="", by=by)
    assert settle(received=one, at=AT).way == FiledBy.PATIENT
    assert outcome(slot) == "satisfied"


def test_by_itself_it_files_only_what_an_exam_waits_for(
    clinic: Clinic, patient: Patient, by: User
) -> None:
    arrange(clinic=clinic, files_by_itself=True, settles_after=10, pacs_url="", by=by)
    before = ct(identity_of(patient), performed_on=date(2026, 2, 1))

    assert settle(received=received(clinic, before), at=AT).study is None


@pytest.mark.parametrize(
    "change",
    [
        {"patient_id": "another"},
        {"issuer": "elsewhere"},
        {"name": "Somebody^Else"},
        {"birth_date": date(1960, 5, 18)},
        {"sex": "M"},
    ],
)
def test_an_order_with_one_key_of_somebody_else_files_nothing_and_says_what_differs(
    clinic: Clinic, slot: Slot, booking: Booking, change: dict[str, object]
) -> None:
    identity = identity_of(slot.patient, **change)
    one = settle(received=received(clinic, ct(identity, booking=booking)), at=AT)
    [judgement] = judge([one])

    assert one.study is None
    assert judgement.patient is None
    assert judgement.suspects == (slot.patient,)
    assert [difference.key for difference in judgement.match.differences] == list(change)
    assert outcome(slot) == "open"


def test_an_order_of_one_patient_with_the_number_of_another_is_nobodys(
    clinic: Clinic, booking: Booking
) -> None:
    other = PatientFactory.create(clinic=clinic)
    one = settle(received=received(clinic, ct(identity_of(other), booking=booking)), at=AT)
    [judgement] = judge([one])

    assert one.study is None
    assert set(judgement.suspects) == {other, booking.patient}


def test_two_slices_that_name_two_people_are_nobodys(
    clinic: Clinic, slot: Slot, booking: Booking
) -> None:
    header = ct(identity_of(slot.patient), booking=booking)
    other = replace(header, sop_uid="9.9", identity=replace(header.identity, name="Else^One"))

    assert settle(received=received(clinic, header, other), at=AT).study is None


def test_a_study_is_matched_among_the_patients_of_the_clinic_that_received_it(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    elsewhere = ClinicFactory.create(mrn_issuer=clinic.mrn_issuer)
    header = ct(identity_of(slot.patient), booking=booking)
    there, here = received(elsewhere, header), received(clinic, header)

    assert settle(received=there, at=AT).study is None
    assert judge([there])[0].suspects == ()
    assert settle(received=here, at=AT).study is not None
    with pytest.raises(ValidationError, match="another clinic"):
        file_study(received=there, patient=slot.patient, regions=["chest"], by=by, at=AT)


def test_a_chest_alone_leaves_the_abdomen_on_the_list_until_it_comes(
    clinic: Clinic, slot: Slot, booking: Booking
) -> None:
    chest = ct(identity_of(slot.patient), booking=booking, description="", protocol_name="CT CHEST")
    one = settle(received=received(clinic, chest), at=AT)
    assert outcome(slot) == "partially_satisfied"
    assert slot.missing == ("abdomen",)

    more = replace(chest, series_uid="1.9", sop_uid="1.9.1", protocol_name="CT ABDOMEN")
    received(clinic, more, at=LATER)
    one.refresh_from_db()
    assert (one.settled_at, one.judged_at) == (None, None)
    assert settle_all(LATER) == 0
    assert settle_all(LATER + timedelta(minutes=10)) == 1

    assert outcome(slot) == "satisfied"
    assert Study.objects.get().regions == ["chest", "abdomen"]


def test_what_does_not_fit_what_it_was_filed_as_waits_for_somebody(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    header = ct(identity_of(slot.patient), booking=booking)
    one = settle(received=received(clinic, header), at=AT)
    other = replace(
        header, series_uid="1.9", sop_uid="1.9.1", identity=replace(header.identity, sex="M")
    )
    received(clinic, other, at=LATER)

    one = settle(received=one, at=LATER)
    assert one.study is not None
    assert (one.settled_at, one.judged_at) == (LATER, None)
    assert not judge([one])[0].fits_what_it_was_filed_as

    keep_as_filed(received=one, regions=["pelvis"], by=by, at=LATER)
    one.refresh_from_db()
    assert one.judged_at == LATER
    assert Study.objects.get().regions == ["chest", "abdomen", "pelvis"]


def test_somebody_chooses_the_patient_and_the_regions_and_lets_the_text_be_remembered(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    elsewhere = identity_of(slot.patient, patient_id="9", issuer="elsewhere")
    one = received(clinic, ct(elsewhere, description="Tumornachsorge A", performed_on=None))
    told: dict[str, Any] = {
        "received": one,
        "patient": slot.patient,
        "regions": ["chest", "abdomen"],
        "by": by,
    }

    with pytest.raises(ValidationError, match="speak against"):
        file_study(**told, at=AT)
    with pytest.raises(ValidationError, match="say which it was"):
        file_study(**told, despite="Sent by the other hospital", at=AT)
    study = file_study(
        **told,
        despite="Sent by the other hospital",
        performed_on=DAY,
        remember="Tumornachsorge A",
        at=AT,
    )

    one.refresh_from_db()
    assert (one.study, one.way, one.filed_by) == (study, FiledBy.PERSON, by)
    assert outcome(slot) == "satisfied"
    assert TextMeaning.objects.get().regions == ["chest", "abdomen"]
    assert Event.objects.get(act="images.filed").detail["despite"] == "Sent by the other hospital"
    again = received(clinic, ct(elsewhere, uid="1.2.4", description="Tumornachsorge A "))
    assert judge([again])[0].coverage.sure


def test_taken_back_it_counts_nowhere_and_can_be_filed_for_somebody_else(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    one = settle(received=received(clinic, ct(identity_of(slot.patient), booking=booking)), at=AT)
    assert one.study is not None
    tumour = slot.schedule.tumour
    new_lesion(one.study, by=by)
    told: dict[str, Any] = {"received": one, "reason": "Taken on another’s order", "by": by}

    with pytest.raises(ValidationError, match="what becomes of the finding"):
        take_back(**told, at=LATER)
    take_back(**told, withdraws=True, at=LATER)

    assert outcome(slot) == "open"
    booking.refresh_from_db()
    assert booking.state == BookingState.BOOKED
    assert not tumour.findings.exists()
    assert not slot.patient.studies.exists()
    assert not Result.objects.exists()
    one.refresh_from_db()
    assert one.study is None
    with pytest.raises(ValidationError, match="already"):
        take_back(**told)
    # The program does not do again what somebody has undone; people may.
    assert settle(received=one, at=LATER).study is None
    other = ScheduleFactory.create(anchor__tumour__patient__clinic=clinic).tumour.patient
    file_study(
        received=one,
        patient=other,
        regions=["chest", "abdomen"],
        despite="She lay in the scanner",
        by=by,
        at=LATER,
    )
    assert [study.study_uid for study in other.studies.all()] == [booking.study_uid]


def test_what_somebody_had_recorded_before_the_images_came_stays_when_they_are_taken_back(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=DAY,
        regions=["chest"],
        study_uid=booking.study_uid,
        by=by,
        at=AT,
    )
    one = settle(received=received(clinic, ct(identity_of(slot.patient), booking=booking)), at=AT)
    assert outcome(slot) == "satisfied"

    take_back(received=one, reason="Not hers", by=by, at=LATER)

    assert outcome(slot) == "partially_satisfied"
    assert Study.objects.get().regions == ["chest"]
    booking.refresh_from_db()
    assert booking.state == BookingState.FULFILLED


def test_an_appointment_whose_exam_is_booked_anew_does_not_come_back(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    chest = ct(identity_of(slot.patient), booking=booking, description="CT CHEST")
    one = settle(received=received(clinic, chest), at=AT)
    BookingFactory.create(slot=slot, starts_at=AT + timedelta(days=9), at=AT)

    take_back(received=one, reason="Not hers", by=by, at=LATER)

    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED


def test_what_is_set_aside_waits_no_more_until_it_is_brought_back(
    clinic: Clinic, slot: Slot, booking: Booking, by: User
) -> None:
    one = received(clinic, ct(identity_of(slot.patient), booking=booking))
    with pytest.raises(ValidationError, match="Say why"):
        set_aside(received=one, reason=" ", by=by)
    set_aside(received=one, reason="A phantom", by=by, at=AT)

    assert settle(received=one, at=LATER).study is None
    with pytest.raises(ValidationError, match="Naomi Nurse has set these images aside: A phantom"):
        file_study(received=one, patient=slot.patient, regions=["chest"], by=by)
    bring_back(received=one, by=by)
    with pytest.raises(ValidationError, match="not set aside"):
        bring_back(received=one, by=by)
    assert settle(received=one, at=LATER).study is not None


def test_it_settles_after_the_quiet_that_the_clinic_arranged_and_looks_again_every_hour(
    clinic: Clinic, by: User
) -> None:
    future = PatientFactory.build(clinic=clinic, mrn="LATE-1")
    one = received(clinic, ct(identity_of(future), accession="X"))
    arrange(clinic=clinic, files_by_itself=True, settles_after=20, pacs_url="", by=by)

    assert settle_all(AT + timedelta(minutes=19)) == 0
    assert settle_all(AT + timedelta(minutes=20)) == 1
    assert settle_all(AT + timedelta(minutes=60)) == 0
    schedule = ScheduleFactory.create(
        anchor__tumour__patient__clinic=clinic,
        anchor__tumour__patient__mrn="LATE-1",
        anchor__tumour__patient__family_name=future.family_name,
        anchor__tumour__patient__given_name=future.given_name,
    )
    assert settle_all(AT + timedelta(minutes=80)) == 1

    one.refresh_from_db()
    assert one.study is not None
    assert one.study.patient == schedule.tumour.patient


def test_one_that_cannot_be_settled_does_not_stop_the_others(
    clinic: Clinic, slot: Slot, booking: Booking
) -> None:
    broken = received(clinic, ct(identity_of(slot.patient), uid="1.2.9"))
    broken.headers.update(says={"kind": "no such kind"})
    one = received(clinic, ct(identity_of(slot.patient), booking=booking))

    assert settle_all(LATER) == 1
    assert settle_all(LATER + timedelta(minutes=1)) == 0
    one.refresh_from_db()
    assert one.study is not None


def test_a_page_of_them_is_judged_in_as_many_queries_as_one(
    clinic: Clinic, django_assert_num_queries: object
) -> None:
    ones = [
        received(clinic, ct(identity_of(PatientFactory.create(clinic=clinic)), uid=f"1.2.{n}"))
        for n in range(5)
    ]
    with django_assert_num_queries(8):  # type: ignore[operator]
        assert len([j for j in judge(Received.objects.all()) if j.patient]) == len(ones)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_file_at_once_the_second_is_told_who_was_first(
    clinic: Clinic, slot: Slot, by: User
) -> None:
    one = received(clinic, ct(identity_of(slot.patient)))

    done = at_once(
        [
            lambda: file_study(received=one, patient=slot.patient, regions=["chest"], by=by, at=AT)
            for _ in range(2)
        ]
    )

    [refused] = [answer for answer in done if isinstance(answer, ValidationError)]
    assert refused.messages == ["Naomi Nurse has filed these images already."]
    assert Study.objects.count() == 1
