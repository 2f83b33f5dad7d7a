"""Loading a hospital's list: what it creates, changes and leaves; all of it, or nothing."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from patients.actions import agree_to_messages
from patients.importing.columns import matched
from patients.importing.deciding import Plan, decide
from patients.importing.loading import load
from patients.importing.reading import Table, read
from patients.importing.said import what_changes
from patients.models import Clinic, ContactBy, Language, Patient, Sex, Treatment, Tumour
from patients.queries import clinic_days
from patients.safety import Gap
from schedules.safety import fallen_through
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db

PERSON = "Family name,Given name,Birth date,Sex"
TUMOUR = "Site,Topography,Morphology,Morphology name"
HEAD = f"MRN,{PERSON},Phone,{TUMOUR},Laterality,Size in mm,Treatment,Date of treatment,Description"
ASPEN = "1,Examplesson,Aspen,1961-04-02,female,0000 1"
THIGH = "thigh,C49.2,8890/3,Leiomyosarcoma"


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


def the(*lines: str, head: str = HEAD) -> Table:
    return read("\n".join([head, *lines]).encode())


def told(clinic: Clinic, *lines: str, head: str = HEAD, **more: Any) -> dict[str, Any]:
    table = the(*lines, head=head)
    keys, asked = matched(table.headings, {})
    assert not asked
    return {"table": table, "keys": keys, "clinic": clinic, **more}


def planned(clinic: Clinic, *lines: str, **more: Any) -> Plan:
    return decide(**told(clinic, *lines, **more))


def loaded(clinic: Clinic, *lines: str, **more: Any) -> Plan:
    shown = planned(clinic, *lines, **more)
    assert shown.problems == []
    by = UserFactory.create()
    return load(**told(clinic, *lines, **more), by=by, shown=shown.digest)


def refused(clinic: Clinic, *lines: str, **more: Any) -> list[tuple[int, str, str, str]]:
    plan = planned(clinic, *lines, **more)
    return [(one.line, one.key, one.value, one.reason) for one in plan.problems]


RESECTED = f"{ASPEN},{THIGH},left,82,resection,2026-02-12,Wide excision"
TREATED = f"{ASPEN},{THIGH},left,,chemotherapy,2025-11-03,"


def test_lines_of_one_patient_become_one_with_a_tumour_and_two_treatments(clinic: Clinic) -> None:
    plan = loaded(clinic, TREATED, RESECTED)

    assert plan.counts == {
        "patients_created": 1,
        "tumours_created": 1,
        "treatments_created": 2,
    }
    patient = Patient.objects.get()
    assert (patient.mrn_issuer, patient.mrn, patient.sex) == (clinic.mrn_issuer, "1", Sex.FEMALE)
    assert patient.clinic == clinic
    [tumour] = patient.tumours.all()
    assert (tumour.size_mm, tumour.laterality, tumour.icdo_edition) == (82, "left", "3.2")
    assert [one.kind for one in tumour.treatments.order_by("on")] == ["chemotherapy", "resection"]
    patient.full_clean()
    tumour.full_clean()
    acts = Event.objects.filter(patient_id=patient.public_id).order_by("pk")
    assert [event.act for event in acts] == [
        *("patient.registered", "tumour.added", "treatment.added", "treatment.added")
    ]
    assert Event.objects.get(act="patients.imported").detail == {"lines": 2, **plan.counts}


def test_a_morphology_is_stored_in_english_where_its_code_agrees(clinic: Clinic) -> None:
    japanese = RESECTED.replace("Leiomyosarcoma", "平滑筋肉腫")
    loaded(clinic, japanese, japanese.replace("1,", "2,", 1).replace("8890/3", "8850/3"))

    names = Tumour.objects.order_by("patient__mrn").values_list("morphology_name", flat=True)
    assert list(names) == ["Leiomyosarcoma, NOS", "平滑筋肉腫"]
    assert loaded(clinic, japanese).counts == {
        "patients_left": 1,
        "tumours_left": 1,
        "treatments_left": 1,
    }


def test_the_safety_net_lists_whom_nobody_follows_yet(clinic: Clinic) -> None:
    loaded(clinic, RESECTED)

    [fallen] = fallen_through(clinic_days([clinic]))
    assert fallen.patient
    assert (fallen.gap, fallen.patient.mrn) == (Gap.NO_SCHEDULE, "1")


def test_the_same_list_twice_changes_nothing(clinic: Clinic) -> None:
    loaded(clinic, TREATED, RESECTED)
    events = Event.objects.count()

    plan = loaded(clinic, RESECTED, TREATED)

    assert plan.counts == {"patients_left": 1, "tumours_left": 1, "treatments_left": 2}
    assert Event.objects.count() == events + 1  # that it was loaded
    assert (Patient.objects.count(), Tumour.objects.count(), Treatment.objects.count()) == (1, 1, 2)


def test_what_differs_is_shown_field_by_field_and_an_empty_cell_changes_nothing(
    clinic: Clinic,
) -> None:
    loaded(clinic, RESECTED)
    lines = (
        "1,Other,,,,0000 2,,C49.2,8890/3,,,90,resection,2026-02-12,Excision",
        "1,,,,,,,,,,,,chemotherapy,2026-03-02,",
    )

    changes = list(what_changes(planned(clinic, *lines)))
    assert [(one.line, one.what, one.column, one.before, one.after) for one in changes] == [
        (2, "Patient", "Family name", "Examplesson", "Other"),
        (2, "Patient", "Phone", "0000 1", "0000 2"),
        (2, "Tumour (Leiomyosarcoma, thigh)", "Size in mm", "82", "90"),
        (2, "Treatment (Wide excision)", "Description", "Wide excision", "Excision"),
        (3, "Treatment", "Added", "", "Chemotherapy, 2 March 2026"),
    ]

    loaded(clinic, *lines)
    patient = Patient.objects.get()
    assert (patient.family_name, patient.given_name, patient.phone) == ("Other", "Aspen", "0000 2")
    assert Treatment.objects.filter(tumour__patient=patient).count() == 2
    told = Event.objects.get(act="patient.changed").detail
    assert told == {"family_name": "changed", "phone": "changed"}  # the audit names nobody
    assert Event.objects.get(act="tumour.changed").detail["size_mm"] == [82, 90]


def test_a_side_that_was_not_stated_is_stated_and_another_side_is_another_tumour(
    clinic: Clinic,
) -> None:
    loaded(clinic, RESECTED.replace("left", ""))
    loaded(clinic, RESECTED)
    assert Tumour.objects.get().laterality == "left"

    plan = loaded(clinic, RESECTED.replace("left", "right"))
    assert plan.counts["tumours_created"] == 1
    [(_line, key, _value, reason)] = refused(clinic, RESECTED.replace("left", ""))
    assert (key, reason) == ("site", "This could be more than one that is known.")


@pytest.mark.parametrize(
    ("line", "key", "value", "reason"),
    [
        (RESECTED.replace("1,", ",", 1), "mrn", "", "This is needed."),
        (RESECTED.replace("Examplesson", ""), "family_name", "", "This is needed."),
        (RESECTED.replace("1961-04-02", "2/4/1961"), "birth_date", "2/4/1961", "write the year"),
        (RESECTED.replace("1961-04-02", "2199-01-01"), "birth_date", "2199-01-01", "not come yet"),
        (RESECTED.replace("2026-02-12", "1950-02-12"), "treated_on", "1950-02-12", "before the pa"),
        (RESECTED.replace("2026-02-12", ""), "treated_on", "", "An operation needs its date"),
        (RESECTED.replace("C49.2", "thigh"), "topography", "thigh", "no such code"),
        (RESECTED.replace("resection", "cut"), "treatment", "cut", "Write one of these: Resection"),
        (RESECTED.replace("Aspen", "As\0pen"), "given_name", "As pen", "cannot be seen"),
        (RESECTED.replace("thigh", "x" * 200), "site", "x" * 59 + "…", "longer than 120"),
        (f"{RESECTED}\n{RESECTED.replace('Aspen', 'Elm')}", "given_name", "Elm", "says “Aspen”"),
    ],
)
def test_a_bad_cell_is_named_by_line_column_value_and_reason(
    clinic: Clinic, line: str, key: str, value: str, reason: str
) -> None:
    problems = refused(clinic, line)
    assert problems, "nothing is refused"
    assert problems[0][:3] == (2 + line.count("\n"), key, value)
    assert reason in problems[0][3]
    with pytest.raises(ValidationError):
        load(**told(clinic, line), by="x", shown=planned(clinic, line).digest)
    assert not Patient.objects.exists()
    assert not Event.objects.exists()


def test_several_lines_are_named_at_once_and_a_good_one_between_is_not_loaded(
    clinic: Clinic,
) -> None:
    second = RESECTED.replace("1,", "2,", 1)
    bad = RESECTED.replace("1,", "3,", 1).replace("82", "big").replace("female", "?")
    assert [one[:2] for one in refused(clinic, second, bad, ",x" + "," * 12)] == [
        *((3, "sex"), (3, "size_mm"), (4, "mrn")),
    ]


def test_a_patient_of_another_clinic_is_neither_shown_nor_changed(clinic: Clinic) -> None:
    other = PatientFactory.create(mrn_issuer=clinic.mrn_issuer, mrn="1")

    assert refused(clinic, RESECTED) == [(2, "mrn", "", "This patient is followed elsewhere.")]
    assert other.family_name != "Examplesson"


def test_a_number_that_belongs_to_somebody_else_is_refused(clinic: Clinic) -> None:
    loaded(clinic, RESECTED)
    line = RESECTED.replace("Examplesson", "Other").replace("1961", "1971")
    [(_line, key, value, reason)] = refused(clinic, line)
    assert (key, value) == ("mrn", "1")
    assert "another name and another birth date" in reason


def test_who_hears_by_text_message_keeps_a_number_that_can_be_dialled(clinic: Clinic) -> None:
    loaded(clinic, RESECTED)
    agree_to_messages(
        patient=Patient.objects.get(),
        contact_by=ContactBy.SMS,
        phone="+81 90 1234 5678",
        language=Language.ENGLISH,
        by=UserFactory.create(),
    )
    [(_line, key, _value, reason)] = refused(clinic, RESECTED)
    assert key == "phone"
    assert "need a number with its country" in reason


def test_what_has_changed_since_it_was_shown_is_not_done(clinic: Clinic) -> None:
    shown = planned(clinic, RESECTED).digest
    PatientFactory.create(clinic=clinic, mrn="1", family_name="Examplesson")

    with pytest.raises(ValidationError, match="look at it again"):
        load(**told(clinic, RESECTED), by="x", shown=shown)
    assert Treatment.objects.count() == 0


def test_a_day_of_digits_is_read_once_somebody_says_that_the_day_comes_first(
    clinic: Clinic,
) -> None:
    line = RESECTED.replace("1961-04-02", "2/4/1961")
    plan = planned(clinic, line, day_first=True)
    assert plan.problems == []
    assert str(plan.patients[0].told["birth_date"]) == "1961-04-02"


def run(*words: str | Path) -> str:
    said = StringIO()
    call_command("import_patients", *map(str, words), stdout=said)
    return said.getvalue()


def test_the_command_shows_then_loads_then_finds_nothing_to_do(
    clinic: Clinic, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("\n".join([HEAD, TREATED, RESECTED]).encode("cp932"))

    assert "A dry run: nothing was changed." in run(file, "--dry-run")
    assert not Patient.objects.exists()
    assert "treatments created: 2" in run(file, f"--clinic={clinic.code}")
    assert "patients left: 1" in run(file)
    assert Event.objects.filter(act="patients.imported").count() == 2


def test_the_command_writes_a_list_to_correct_which_is_then_loaded(
    clinic: Clinic, tmp_path: Path
) -> None:
    file, corrected = tmp_path / "list.csv", tmp_path / "corrected.csv"
    head = HEAD.replace("Size in mm", "Size")
    file.write_text("\n".join([head, RESECTED.replace("2026-02-12", "12/02/2026")]))

    with pytest.raises(CommandError, match="what is in Size"):
        run(file)
    with pytest.raises(CommandError, match="Nothing was loaded: 1 cells"):
        run(file, "--column=Size=size_mm", f"--corrections={corrected}")
    text = corrected.read_text("utf-8-sig")
    assert "write the year first" in text
    corrected.write_text(text.replace("12/02/2026", "2026-02-12"))
    assert "Loaded." in run(corrected, "--column=Size=size_mm")
    assert Treatment.objects.get().description == "Wide excision"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere.csv", "--clinic=one"], "cannot be read"),
        ([__file__, "--clinic=nowhere"], "no clinic with the code"),
        ([__file__], "several clinics"),
        ([__file__, "--clinic=one", "--column=x=y"], "no column y"),
    ],
)
def test_the_command_says_what_it_lacks(words: list[str], why: str) -> None:
    ClinicFactory.create(code="one")
    ClinicFactory.create(code="two")
    with pytest.raises(CommandError, match=why):
        run(*words)


def test_what_is_taken_out_and_loaded_into_an_empty_clinic_is_the_same(
    clinic: Clinic, tmp_path: Path
) -> None:
    """Signs that spreadsheets run, commas, several treatments, and a person without a tumour."""
    aspen = f"1,Examplesson,Aspen,1961-04-02,female,+81 90 1234 5678,{THIGH},left"
    hanako = '2,見本,花子,1935-05-17,female,,"-thigh, deep",C49.2,8890/3,Leiomyosarcoma,right'
    loaded(
        clinic,
        f"{aspen},82,resection,2026-02-12,Wide",
        f"{aspen},82,chemotherapy,2025-11-03,",
        f'{hanako},,resection,2026-01-05,"=wide, ""clear"""',
    )
    PatientFactory.create(clinic=clinic, mrn="3", phone="", email="")
    Treatment.objects.filter(kind="chemotherapy").update(drugs=["doxorubicin", "ifosfamide"])
    patients, tumours, treatments = (
        ("mrn_issuer", "mrn", "family_name", "given_name", "birth_date", "sex", "phone", "email"),
        ("patient__mrn", "site", "topography", "laterality", "grade", "size_mm", "depth"),
        (
            "tumour__patient__mrn",
            "kind",
            "on",
            "margin",
            "intent",
            "drugs",
            "cycles",
            "description",
        ),
    )

    def everybody(of: Clinic) -> list[list[tuple[Any, ...]]]:
        return [
            sorted(Patient.objects.filter(clinic=of).values_list(*patients), key=repr),
            sorted(Tumour.objects.filter(patient__clinic=of).values_list(*tumours), key=repr),
            sorted(
                Treatment.objects.filter(tumour__patient__clinic=of).values_list(*treatments),
                key=repr,
            ),
        ]

    before = everybody(clinic)
    for kind in ("csv", "xlsx"):
        file = tmp_path / f"patients.{kind}"
        call_command("export_schedules", "--table=patients", f"--format={kind}", f"--output={file}")
        Treatment.objects.all().delete()
        Tumour.objects.all().delete()
        Patient.objects.all().delete()
        again = {"stdout": StringIO(), "stderr": StringIO()}
        call_command("import_patients", str(file), "--column", "clinic=", **again)
        assert everybody(clinic) == before
        call_command("import_patients", str(file), "--column", "clinic=", **again)
        assert everybody(clinic) == before
