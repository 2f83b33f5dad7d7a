"""The places of a list: what they name, what they hold to, and what they keep to themselves."""

from collections.abc import Sequence

import pytest
from django.core.exceptions import BadRequest

from patients.models import Clinic, Patient
from patients.paging import PAGE_ROWS, By, PageOf, page_after
from patients.queries import patients_of
from tests.factories import ClinicFactory, PatientFactory

pytestmark = pytest.mark.django_db

BY_MRN = (By("mrn", str),)
BY_NAME = (By("family_name"), By("given_name"))


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


def page(clinic: Clinic, order: Sequence[By], after: str = "") -> PageOf[Patient]:
    patients = patients_of([clinic])
    return page_after(patients, order, after, among=patients)


@pytest.mark.parametrize("mrn", ["A_{:03}", "A,{:03}", "A%5F{:03}", "A&after=_{:03}"])
def test_a_value_may_hold_any_sign(clinic: Clinic, mrn: str) -> None:
    rows = [PatientFactory.create(clinic=clinic, mrn=mrn.format(n)) for n in range(PAGE_ROWS + 1)]

    first = page(clinic, BY_MRN)
    second = page(clinic, BY_MRN, first.after)

    assert [*first.rows, *second.rows] == rows
    assert second.after == ""


def test_a_value_that_is_not_told_is_the_rows_own(clinic: Clinic) -> None:
    """Many of one family, so that the page ends among equals."""
    rows = PatientFactory.create_batch(
        PAGE_ROWS + 1, clinic=clinic, family_name="Sato", given_name=""
    )

    first = page(clinic, BY_NAME)

    assert first.after == str(rows[PAGE_ROWS - 1].public_id)
    assert [*first.rows, *page(clinic, BY_NAME, first.after).rows] == rows


def test_from_the_last_to_the_first(clinic: Clinic) -> None:
    rows = PatientFactory.create_batch(PAGE_ROWS + 1, clinic=clinic, family_name="Sato")
    latest_first = (By("family_name", descending=True),)

    first = page(clinic, latest_first)

    assert [*first.rows, *page(clinic, latest_first, first.after).rows] == rows[::-1]


@pytest.mark.parametrize("order", [BY_MRN, BY_NAME])
def test_a_row_of_another_clinic_is_no_place(clinic: Clinic, order: Sequence[By]) -> None:
    """Neither does the answer say whether there is such a row."""
    elsewhere = PatientFactory.create()
    after = str(elsewhere.public_id) if order is BY_NAME else f"MRN-000001_{elsewhere.public_id}"

    with pytest.raises(BadRequest, match="after is no place in this list"):
        page(clinic, order, after)


def test_a_row_that_has_left_the_list_still_holds_its_place(clinic: Clinic) -> None:
    PatientFactory.create_batch(PAGE_ROWS + 2, clinic=clinic, family_name="Sato")
    of_clinic = patients_of([clinic])
    first = page(clinic, BY_NAME)

    without = of_clinic.exclude(pk=first.rows[-1].pk)

    assert len(page_after(without, BY_NAME, first.after, among=of_clinic).rows) == 2
