from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from patients.actions import add_finding, add_treatment, add_tumour
from patients.models import FindingKind, Margin, Treatment, TreatmentKind, Tumour
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import PatientFactory, ResectionFactory, TumourFactory, UserFactory, morning

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinician() -> User:
    return UserFactory.create()


@pytest.fixture
def tumour() -> Tumour:
    return TumourFactory.create(patient__birth_date=date(1960, 5, 17))


def test_a_tumour_is_added_to_its_patient(clinician: User) -> None:
    patient = PatientFactory.create()

    tumour = add_tumour(
        patient=patient,
        site="left distal femur",
        topography="C40.2",
        morphology="8890/3",
        morphology_name="Leiomyosarcoma",
        by=clinician,
    )

    assert list(patient.tumours.all()) == [tumour]
    assert Event.objects.get().act == "tumour.added"


def test_a_morphology_named_in_japanese_is_stored_in_english(clinician: User) -> None:
    tumour = add_tumour(
        patient=PatientFactory.create(),
        site="left distal femur",
        topography="C40.2",
        morphology="8890/3",
        morphology_name="平滑筋肉腫",
        by=clinician,
    )

    assert tumour.morphology_name == "Leiomyosarcoma, NOS"


def test_a_tumour_without_its_codes_is_refused(clinician: User) -> None:
    with pytest.raises(ValidationError) as refused:
        add_tumour(patient=PatientFactory.create(), site="left distal femur", by=clinician)

    assert set(refused.value.message_dict) == {"topography", "morphology", "morphology_name"}
    assert not Tumour.objects.exists()


def test_a_grade_beyond_fnclcc_is_refused(clinician: User) -> None:
    with pytest.raises(ValidationError, match="fnclcc_grade_is_1_to_3"):
        add_tumour(
            patient=PatientFactory.create(),
            site="left distal femur",
            topography="C40.2",
            morphology="8890/3",
            morphology_name="Leiomyosarcoma",
            grade=4,
            by=clinician,
        )


def test_a_treatment_is_added_to_the_history(tumour: Tumour, clinician: User) -> None:
    treatment = add_treatment(
        tumour=tumour,
        kind=TreatmentKind.RESECTION,
        on=date(2026, 1, 15),
        margin=Margin.R0,
        by=clinician,
        at=morning(3, 20),
    )

    assert list(tumour.treatments.all()) == [treatment]
    assert Event.objects.get().detail == {
        "treatment": str(treatment.public_id),
        "kind": "resection",
        "on": "2026-01-15",
    }


@pytest.mark.parametrize(
    ("on", "message"),
    [
        (date(1960, 5, 16), "This is before the patient was born."),
        (date(2026, 3, 21), "This day has not come yet."),
    ],
    ids=["before birth", "tomorrow"],
)
def test_a_treatment_outside_the_patients_life_is_refused(
    tumour: Tumour, clinician: User, on: date, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        add_treatment(
            tumour=tumour, kind=TreatmentKind.RESECTION, on=on, by=clinician, at=morning(3, 20)
        )

    assert refused.value.message_dict == {"on": [message]}
    assert not Treatment.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("kind", Treatment.OPERATIONS)
def test_an_operation_without_its_date_is_refused(
    tumour: Tumour, clinician: User, kind: TreatmentKind
) -> None:
    with pytest.raises(ValidationError, match="follow-up counts from it") as refused:
        add_treatment(tumour=tumour, kind=kind, on=None, by=clinician)

    assert list(refused.value.message_dict) == ["on"]


@pytest.mark.parametrize("kind", Treatment.OPERATIONS)
def test_the_database_refuses_an_operation_without_its_date(kind: TreatmentKind) -> None:
    with pytest.raises(IntegrityError, match="operation_has_a_date"):
        ResectionFactory.create(kind=kind, on=None)


def test_a_chemotherapy_whose_date_nobody_stated_stays_without(
    tumour: Tumour, clinician: User
) -> None:
    treatment = add_treatment(
        tumour=tumour, kind=TreatmentKind.CHEMOTHERAPY, on=None, drugs=["doxorubicin"], by=clinician
    )

    assert (treatment.on, treatment.drugs) == (None, ["doxorubicin"])


def test_a_finding_is_added_with_its_sites(tumour: Tumour, clinician: User) -> None:
    finding = add_finding(
        tumour=tumour,
        kind=FindingKind.METASTASIS,
        sites=["liver"],
        found_on=date(2026, 3, 20),
        found_by="CT",
        by=clinician,
        at=morning(3, 20),
    )

    assert list(tumour.findings.all()) == [finding]
    assert finding.sites == ["liver"]
    assert Event.objects.get().act == "finding.added"


def test_a_finding_of_tomorrow_is_refused(tumour: Tumour, clinician: User) -> None:
    with pytest.raises(ValidationError) as refused:
        add_finding(
            tumour=tumour,
            kind=FindingKind.METASTASIS,
            sites=["liver"],
            found_on=date(2026, 3, 21),
            found_by="CT",
            by=clinician,
            at=morning(3, 20),
        )

    assert list(refused.value.message_dict) == ["found_on"]
