"""People who are signed in, and slots that lie around today.

The pages go by the clock, so what they show is anchored at today. A month's end may bring a due
date up to three days nearer: what a test says of dates it takes from the slot.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta

from django.db import connection
from django.test import Client

from imaging.arranging import give_meaning, keep_peer
from imaging.filing import file_study, set_aside, settle
from imaging.headers.header import Identity
from patients.importing.uploads import look, take_in
from patients.models import Clinic, Import, Patient
from reminders.actions import sweep
from schedules.actions import make_feed, record_result, record_study, review, revoke_feed
from schedules.models import Decision, ResultOutcome, Slot
from schedules.models.study import made_up_study_uid
from schedules.rules.months import add_months
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from tests.factories import (
    BookingFactory,
    MembershipFactory,
    ResectionFactory,
    ScheduleFactory,
)
from tests.integration.imaging.scene import ct, identity_of, received


def member(clinic: Clinic, role: Role, name: str = "") -> User:
    given, _, family = name.partition(" ")
    membership = MembershipFactory.create(
        clinic=clinic, role=role, user__first_name=given, user__last_name=family
    )
    return membership.user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def slot_due_in(days: int, clinic: Clinic) -> Slot:
    """Return the first slot of a new patient."""
    anchor_on = add_months(clinic.today() + timedelta(days=days), -3)
    schedule = ScheduleFactory.create(anchor__on=anchor_on, anchor__tumour__patient__clinic=clinic)
    return schedule.slots.get(n=1)


def moment(clinic: Clinic, days: int) -> datetime:
    """Return nine o'clock at the clinic, `days` after today."""
    return datetime.combine(clinic.today() + timedelta(days=days), time(9), clinic.zone)


def give_lists(clinic: Clinic, administrator: User) -> list[Import]:
    """Give four files to be loaded: to be done, to be corrected, to be asked about, unreadable."""
    patient = Patient.objects.filter(clinic=clinic).order_by("mrn")[0]
    head, line = "mrn,family_name,given_name,birth_date,sex", f"{patient.mrn},変更,,,"
    uploads = [
        take_in(clinic=clinic, name=f"{name}.csv", data=data.encode(), by=administrator)
        for name, data in (
            ("good", f"{head}\n{line}\n9-1,見本,花,1970-01-01,女\n"),
            ("wrong", f"{head}\n{line}\n9-1,見本,花,3/4/1970,?\n"),
            ("asked", f"{head},病棟\n{line},7\n"),
            ("broken", f'{head}\n{line}\n"見本\n'),
        )
    ]
    for upload in uploads:
        look(upload=upload)
    return uploads


def give_feeds(clinic: Clinic, administrator: User) -> None:
    """Make a calendar feed of all scanners, and one of a single scanner that is revoked."""
    make_feed(clinic=clinic, name="Radiology desk", by=administrator)
    scanner = clinic.scanners.all()[0]
    feed, _ = make_feed(clinic=clinic, name="Old desk", scanner=scanner, by=administrator)
    revoke_feed(feed=feed, by=administrator)


def tell_of_all(clinic: Clinic) -> None:
    """Sweep twice: what is raised on the first day is sent by the second.

    A sweep's way of planning ends with its transaction; a test's goes on, and there PostgreSQL has
    had no time to look at what was entered: a page took minutes.
    """
    for days in (-4, 0):
        sweep(at=moment(clinic, days))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode = auto; ANALYZE")


def enter_patient_of_every_list(clinic: Clinic, nurse: User, clinician: User) -> Patient:
    """Enter one who is overdue, partly scanned, decided on, operated on again; another deferred.

    The first also had a study that counts for nothing, and has a result. Images have come of the
    other, and of somebody whom nobody knows; some are filed, and some set aside.
    """
    slot = slot_due_in(-30, clinic)
    BookingFactory.create(slot=slot, starts_at=moment(clinic, days=-3), at=moment(clinic, days=-9))
    study = record_study(
        patient=slot.patient,
        modality="CT",
        performed_on=clinic.today() - timedelta(days=5),
        regions=["chest"],
        by=nurse,
    )
    record_result(study=study, outcome=ResultOutcome.INDETERMINATE, by=nurse)
    record_study(
        patient=slot.patient,
        modality="MR",
        performed_on=clinic.today(),
        regions=["lower_limb"],
        by=nurse,
    )
    review(slot=slot, decision=Decision.CHASE, by=clinician)
    ResectionFactory.create(tumour=slot.schedule.tumour, on=clinic.today())
    until = clinic.today() + timedelta(days=9)
    other = slot_due_in(-30, clinic)
    review(slot=other, decision=Decision.DEFER, until=until, by=clinician)
    enter_images(other.patient, nurse)
    return slot.patient


def enter_images(patient: Patient, by: User) -> None:
    """Enter images of each kind: to be confirmed, nobody’s, filed and grown, set aside."""
    clinic = patient.clinic
    yesterday = clinic.today() - timedelta(days=1)
    uid, of_patient = made_up_study_uid, identity_of(patient)
    chest = ct(of_patient, uid=uid(), description="CT CHEST", performed_on=yesterday)
    filed = received(clinic, chest, at=moment(clinic, -1))
    file_study(received=filed, patient=patient, regions=["chest"], by=by)
    man = replace(chest, series_uid=uid(), sop_uid=uid(), identity=replace(of_patient, sex="M"))
    received(clinic, man, at=moment(clinic, -1))
    whole = ct(of_patient, uid=uid(), performed_on=yesterday)
    nobodys = ct(Identity("?", name="Doe"), uid=uid(), description="CAP", performed_on=None)
    aside = received(clinic, replace(nobodys, study_uid=uid()), at=moment(clinic, -1))
    set_aside(received=aside, reason="A phantom", by=by)
    for one in (filed, *(received(clinic, of, at=moment(clinic, -1)) for of in (whole, nobodys))):
        settle(received=one)
    give_meaning(clinic=clinic, text=f"Follow-up {clinic.code}", regions=["chest"], by=by)
    keep_peer(
        clinic=clinic, ae_title=f"CT-{clinic.pk}", address="192.0.2.7", name="Old scanner", by=by
    )
