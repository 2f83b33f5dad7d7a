"""Days as people type them, in the language that their pages have, by the clock of their clinic."""

from datetime import date, timedelta

import pytest
from django.test import Client

from patients.models import Clinic, Patient, Treatment
from schedules.models import Booking, Scanner, Slot, Study, Suspension
from tests.integration.pages.reading import Page
from tests.integration.pages.test_register import Form, form, protocol, register

__all__ = ["form", "protocol"]  # fixtures

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "born", "operated"),
    [
        ("en-gb", "28.2.70", "{day:%d} {day:%b} {day:%y}"),
        ("en-gb", "28 February 1970", "{day:%d/%m/%Y}"),
        ("ja", "昭和45年2月28日", "{day.year}/{day.month}/{day.day}"),
        ("ja", "Ｓ４５．２．２８", "{day.year}年{day.month}月{day.day}日"),
    ],
)
def test_days_are_typed_as_people_are_used_to(
    nurse_client: Client, clinic: Clinic, form: Form, language: str, born: str, operated: str
) -> None:
    day = clinic.today() - timedelta(days=7)
    nurse_client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    page = register(nurse_client, form | {"birth_date": born, "on": operated.format(day=day)})

    assert page.messages
    assert Patient.objects.get().birth_date == date(1970, 2, 28)
    assert Treatment.objects.get().on == day


@pytest.mark.parametrize(
    ("language", "typed", "error"),
    [
        ("en-gb", "soon", "“soon” is no date that can be read. Write it such as 27 3 2026,"),
        ("en-gb", "30/2/1970", "no such day. It was read as day 30, month 2, year 1970."),
        ("en-gb", "12/31/1970", "no such day. It was read as day 12, month 31, year 1970."),
        ("en-gb", "2.3.20", "“2.3.20” can be read in two ways. Write the year with four digits."),
        ("en-gb", "H31.5.1", "this day is not of that era"),
        ("en-gb", "28 2 970", "is no date that can be read"),
        ("ja", "5/3/1970", "「5/3/1970」：日と月を取り違えないよう、2026/3/27のように年を先に"),
        ("ja", "1970/2/30", "1970年2月30日"),
        ("ja", "昭和65年1月1日", "その元号の日付ではありません"),
    ],
)
def test_a_day_that_is_none_or_could_be_two_is_refused_and_stays_as_it_was_typed(
    nurse_client: Client, form: Form, language: str, typed: str, error: str
) -> None:
    nurse_client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    page = register(nurse_client, form | {"birth_date": typed})

    assert error in page.error_beside("birth_date")
    assert page.find("[name=birth_date]")["value"] == typed
    assert not Patient.objects.exists()


def test_today_is_the_clinics_own(
    nurse_client: Client, clinician_client: Client, clinic: Clinic, open_slot: Slot
) -> None:
    """On one of the two islands it is never the day of the server."""
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        Clinic.objects.update(time_zone=zone)
        clinic.refresh_from_db()
        study = {"performed_on": "Today", "modality": "CT", "regions": ["chest"]}
        nurse_client.post(f"/patients/{open_slot.patient.public_id}/studies/new/", study)
        assert Study.objects.latest("pk").performed_on == clinic.today()

    suspend = {"reason": "Away", "review_on": "tomorrow"}
    address = f"/schedules/{open_slot.schedule.public_id}/suspend/"
    shown = Page(clinician_client.post(address, suspend)).find("[name=shown]")["value"]
    clinician_client.post(address, suspend | {"shown": shown})
    assert Suspension.objects.get().review_on == clinic.today() + timedelta(days=1)


def test_an_appointment_is_typed_as_day_and_time_of_the_clinic(
    nurse_client: Client, clinic: Clinic, open_slot: Slot, scanner: Scanner
) -> None:
    address = f"/slots/{open_slot.public_id}/book/"

    refused = Page(nurse_client.post(address, {"starts_at": "tomorrow", "scanner": scanner.pk}))
    nurse_client.post(address, {"starts_at": "tomorrow 9.30", "scanner": scanner.pk})

    assert "has no time that can be read" in refused.error_beside("starts_at")
    starts_at = Booking.objects.get().starts_at.astimezone(clinic.zone)
    assert starts_at.date() == clinic.today() + timedelta(days=1)
    assert (starts_at.hour, starts_at.minute) == (9, 30)


def test_the_hours_of_a_clinic_are_typed_as_times(
    administrator_client: Client, clinic: Clinic
) -> None:
    address = f"/administration/{clinic.code}/facts/"
    page = Page(administrator_client.get(address))
    sent = {
        str(field["name"]): str(field.get("value", ""))
        for field in page.document.select("form.narrow input[name]")
    }
    assert sent["opens_at"] == "08:00"

    chosen = {"time_zone": clinic.time_zone, "calendars_tell": clinic.calendars_tell}
    told = sent | chosen | {"opens_at": "0730", "closes_at": "18時"}
    refused = Page(administrator_client.post(address, told | {"closes_at": "late"}))
    administrator_client.post(address, told)

    assert "“late” has no time that can be read" in refused.error_beside("closes_at")
    clinic.refresh_from_db()
    assert f"{clinic.opens_at:%H:%M} {clinic.closes_at:%H:%M}" == "07:30 18:00"
