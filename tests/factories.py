"""Rows for tests in one line. Whatever the product writes by an action is written by it here too.

All is anchored at a resection on 15 January 2026, in Tokyo. The first slot then counts from
15 March, is due on 15 April, on time until 29 April, and lapses after 14 June 2026.
"""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from patients.models import (
    Clinic,
    FindingKind,
    Membership,
    Patient,
    Sex,
    Treatment,
    TreatmentKind,
    Tumour,
)
from schedules.actions import book, enrol, record_result, record_study
from schedules.models import Booking, Protocol, Result, ResultOutcome, Scanner, Schedule, Study
from schedules.protocol_files import read_protocols
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role

TOKYO = ZoneInfo("Asia/Tokyo")
PROTOCOL = "ct-chest-abdomen-3m"


def morning(month: int, day: int, year: int = 2026) -> datetime:
    """Return nine o'clock in Tokyo on that day."""
    return datetime(year, month, day, 9, tzinfo=TOKYO)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda n: f"user{n}")


class ClinicFactory(DjangoModelFactory[Clinic]):
    class Meta:
        model = Clinic

    code = Sequence(lambda n: f"clinic{n}")
    name = LazyAttribute(lambda clinic: f"Sarcoma follow-up {clinic.code}")
    time_zone = TOKYO.key
    mrn_issuer = LazyAttribute(lambda clinic: f"hospital-of-{clinic.code}")
    booking_email = LazyAttribute(lambda clinic: f"nurses@{clinic.code}.example.org")
    alert_email = LazyAttribute(lambda clinic: f"clinicians@{clinic.code}.example.org")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    clinic = SubFactory(ClinicFactory)
    role = Role.NURSE


class PatientFactory(DjangoModelFactory[Patient]):
    class Meta:
        model = Patient

    clinic = SubFactory(ClinicFactory)
    mrn_issuer = SelfAttribute("clinic.mrn_issuer")
    mrn = Sequence(lambda n: f"MRN-{n:06}")
    family_name = Sequence(lambda n: f"Family{n}")
    given_name = Sequence(lambda n: f"Given{n}")
    birth_date = date(1960, 5, 17)
    sex = Sex.FEMALE


class TumourFactory(DjangoModelFactory[Tumour]):
    class Meta:
        model = Tumour

    patient = SubFactory(PatientFactory)
    site = "left distal femur"
    topography = "C40.2"
    morphology = "8890/3"
    morphology_name = "Leiomyosarcoma"


class ResectionFactory(DjangoModelFactory[Treatment]):
    class Meta:
        model = Treatment

    tumour = SubFactory(TumourFactory)
    kind = TreatmentKind.RESECTION
    on = date(2026, 1, 15)


class MetastasectomyFactory(ResectionFactory):
    """An operation after the anchor."""

    kind = TreatmentKind.METASTASECTOMY
    on = date(2026, 7, 3)
    description = "Partial hepatic resection"


class ProtocolFactory(DjangoModelFactory[Protocol]):
    """The shipped protocol: CT of chest and abdomen every 3 months to month 60."""

    class Meta:
        model = Protocol
        django_get_or_create = ("code", "version")

    @classmethod
    def _adjust_kwargs(cls, **changes: Any) -> dict[str, Any]:
        return next(data for data in read_protocols() if data["code"] == PROTOCOL) | changes


class HalfYearlyProtocolFactory(ProtocolFactory):
    """Another active protocol: the same exam, every 6 months to month 60."""

    @classmethod
    def _adjust_kwargs(cls, **changes: Any) -> dict[str, Any]:
        shipped = super()._adjust_kwargs()
        [phase] = shipped["phases"]
        every_six = phase | {"every_months": 6}
        return shipped | {"code": "ct-chest-abdomen-6m", "phases": [every_six]} | changes


class ScheduleFactory(DjangoModelFactory[Schedule]):
    """An enrolment; `anchor` is the operation that it counts from."""

    class Meta:
        model = Schedule

    anchor = SubFactory(ResectionFactory)
    tumour = SelfAttribute("anchor.tumour")
    protocol = SubFactory(ProtocolFactory)
    by = SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class: type[Schedule], *args: Any, **kwargs: Any) -> Schedule:
        return enrol(**kwargs)


class ScannerFactory(DjangoModelFactory[Scanner]):
    class Meta:
        model = Scanner

    clinic = SubFactory(ClinicFactory)
    name = Sequence(lambda n: f"CT {n}")


class BookingFactory(DjangoModelFactory[Booking]):
    """An appointment at nine on 8 April 2026, made on 20 March, for the first slot."""

    class Meta:
        model = Booking

    slot = LazyFunction(lambda: ScheduleFactory.create().slots.get(n=1))
    scanner = SubFactory(ScannerFactory, clinic=SelfAttribute("..slot.patient.clinic"))
    starts_at = morning(4, 8)
    at = morning(3, 20)
    by = SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class: type[Booking], *args: Any, **kwargs: Any) -> Booking:
        return book(**kwargs)


class StudyFactory(DjangoModelFactory[Study]):
    """A CT of chest and abdomen on 14 April 2026, told at nine that morning."""

    class Meta:
        model = Study

    patient = SubFactory(PatientFactory)
    modality = "CT"
    performed_on = date(2026, 4, 14)
    regions = ("chest", "abdomen")
    at = LazyAttribute(
        lambda study: datetime.combine(study.performed_on, time(9), study.patient.clinic.zone)
    )
    by = SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class: type[Study], *args: Any, **kwargs: Any) -> Study:
        return record_study(**kwargs)


def new_lesion(study: Study, **told: Any) -> Result:
    """Record that a study showed a metastasis of its patient's first tumour, in the liver."""
    usual: dict[str, Any] = {"sites": ["liver S6"], "finding": FindingKind.METASTASIS}
    if "tumour" not in told:
        usual["tumour"] = study.patient.tumours.order_by("id").first()
    return record_result(study=study, outcome=ResultOutcome.NEW_LESION, **usual | told)
