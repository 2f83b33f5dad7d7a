"""Whoever asks for whatever: no answer holds a patient of a clinic where they may not."""

import os
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.models import Clinic, Patient
from schedules.jobs import work
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.fhir.table import KINDS
from tests.factories import ClinicFactory, MembershipFactory, UserFactory
from tests.integration.fhir.asking import OF_PATIENTS, everything, give_history
from tests.integration.fhir.conftest import signed_in

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
ROLES = st.lists(st.none() | st.sampled_from(Role), min_size=3, max_size=3)


@pytest.fixture
def clinics() -> dict[Clinic, dict[str, set[str]]]:
    """Three clinics, each with the ids of all that is there, by type."""
    found = {}
    for _ in range(3):
        clinic = ClinicFactory.create()
        give_history(clinic)
        nurse = signed_in(clinic, Role.NURSE)
        found[clinic] = {
            kind: {one["id"] for one in everything(nurse, kind)} for kind in OF_PATIENTS
        }
    return found


@settings(
    max_examples=15 if os.environ.get("CI") else 6,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(roles=ROLES, data=st.data())
def test_no_answer_holds_another_clinics_patient(
    unthrottled: None,
    clinics: dict[Clinic, dict[str, set[str]]],
    roles: list[Role | None],
    data: st.DataObject,
) -> None:
    user = UserFactory.create()
    held = dict(zip(clinics, roles, strict=True))
    for clinic, role in held.items():
        if role:
            MembershipFactory.create(user=user, clinic=clinic, role=role)
    program = Client()
    program.force_login(user)

    def names(may: Act) -> list[str]:
        """What must not be told: ids, numbers and names of the clinics where one may not."""
        hidden = [clinic for clinic, role in held.items() if role not in MAY[may]]
        ids = (one for clinic in hidden for some in clinics[clinic].values() for one in some)
        patients = Patient.objects.filter(clinic__in=hidden)
        return [*ids, *(patient.mrn for patient in patients), *(one.code for one in hidden)]

    def told(answer: str, may: Act) -> None:
        assert [name for name in names(may) if name in answer] == []

    for kind in KINDS:
        told(_answer(program.get(f"/fhir/{kind}?_count=200")), KINDS[kind].act)
    for clinic, by_kind in clinics.items():
        may = held[clinic] in MAY[Act.SEE_PATIENTS]
        kind = data.draw(st.sampled_from(OF_PATIENTS))
        public_id = data.draw(st.sampled_from(sorted(by_kind[kind])))
        found = program.get(f"/fhir/{kind}/{public_id}")
        assert (found.status_code == 200) == may
        patient = data.draw(st.sampled_from(sorted(by_kind["Patient"])))
        by_number = Patient.objects.get(public_id=patient)
        for form in (
            {"_id": public_id},
            {"patient": patient},
            {"patient.identifier": f"{by_number.mrn_issuer}|{by_number.mrn}"},
            {"subject": f"Patient/{patient}", "_total": "accurate"},
        ):
            answer = program.post(f"/fhir/{kind}/_search", urlencode(form), content_type=FORM)
            told(_answer(answer).replace(by_number.mrn, ""), Act.SEE_PATIENTS)
            if not may and answer.status_code == 200:
                assert answer.json().get("total", 0) == 0
                assert "entry" not in answer.json()
    asked = program.get("/fhir/$export", headers={"prefer": "respond-async"})
    assert (asked.status_code == 202) == (Role.ADMINISTRATOR in roles)
    if asked.status_code == 202:
        work()
        for file in program.get(asked["Content-Location"]).json()["output"]:
            answer = program.get(file["url"])
            whole = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
            told(whole, Act.EXPORT)


def _answer(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]
