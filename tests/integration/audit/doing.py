"""What people do beside following up patients: each act tells of what it changed."""

from datetime import timedelta

from patients.actions import (
    add_finding,
    agree_to_messages,
    name_responsible,
    withdraw_consent,
    withdraw_finding,
)
from patients.clinic_actions import change_clinic, mark_of
from patients.importing.columns import matched
from patients.importing.deciding import decide
from patients.importing.loading import load
from patients.importing.reading import read
from patients.models import Clinic, ContactBy, FindingKind, Language, Patient
from reminders.actions import add_rule, change_rule
from reminders.models import Audience, Kind, RelativeTo, Rule
from schedules.actions.scanners import change_scanner
from schedules.actions.scanners import mark_of as mark_of_scanner
from surveillance.accounts.models import User

HEAD = "mrn,family_name,given_name,birth_date,sex,site,topography,morphology,morphology_name,grade"


def consent(patient: Patient, by: User) -> None:
    """Let a patient agree to messages, or want none any more."""
    if patient.contact_by != ContactBy.NONE:
        withdraw_consent(patient=patient, by=by)
        return
    agree_to_messages(
        patient=patient,
        contact_by=ContactBy.EMAIL,
        email="a@example.org",
        language=Language.JAPANESE,
        by=by,
    )


def find(patient: Patient, by: User) -> None:
    """Enter a finding of a patient's, or withdraw the last one."""
    tumour = patient.tumours.all()[0]
    if finding := tumour.findings.last():
        withdraw_finding(finding=finding, reason="Not theirs", by=by)
        return
    found_on = patient.birth_date + timedelta(days=9000)
    kind, sites = FindingKind.METASTASIS, ["liver S6", "lung"]
    add_finding(tumour=tumour, kind=kind, sites=sites, found_on=found_on, found_by="CT", by=by)


def correct(patient: Patient, by: User) -> None:
    """Load a list that says something else of a patient, a tumour of theirs and its treatment."""
    [tumour, *_more] = patient.tumours.all()
    grade = 3 if tumour.grade == 2 else 2
    of_tumour = f"{tumour.site},{tumour.topography},{tumour.morphology},Fibrosarcoma,{grade}"
    line = f"{patient.mrn},{patient.family_name}a,Given,{patient.birth_date},other,{of_tumour}"
    head = HEAD
    for treatment in tumour.treatments.all()[:1]:
        head += ",treatment,treated_on,description"
        line += f",{treatment.kind},{treatment.on},Wide {grade}"
    shown, done = (read(f"{head}\n{line}\n".encode()) for _ in range(2))
    keys, clinic = matched(shown.headings, {})[0], patient.clinic
    plan = decide(table=shown, keys=keys, clinic=clinic)
    load(table=done, keys=keys, clinic=clinic, by=by, shown=plan.digest)


def administer(clinic: Clinic, by: User) -> None:
    """Change a clinic's facts, a scanner's, and the rules."""
    clinic.refresh_from_db()
    phone = f"{clinic.phone}1"[-9:]
    change_clinic(clinic=clinic, seen=mark_of(clinic), phone=phone, region="", by=by)
    scanner = clinic.scanners.all()[0]
    change_scanner(
        scanner=scanner,
        name=scanner.name,
        minutes=scanner.minutes,
        ae_title="" if scanner.ae_title else "CT",
        seen=mark_of_scanner(scanner),
        by=by,
    )
    rule = Rule.objects.filter(clinic=clinic, days=-3).first() or add_rule(
        clinic=clinic,
        kind=Kind.APPOINTMENT,
        relative_to=RelativeTo.APPOINTMENT,
        days=-3,
        audience=Audience.NURSES,
        by=by,
    )
    for active in (not rule.active, not rule.active):  # two people at once: only one of them did
        change_rule(rule=rule, active=active, by=by)


def entrust(patient: Patient, clinician: User, by: User) -> None:
    for named in (clinician, None):
        name_responsible(patient=patient, clinician=named, by=by)
