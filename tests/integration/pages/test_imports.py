"""Loading a list on the page: give it, see what would happen, do exactly that; or correct it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from patients.importing import reading, uploads
from patients.models import Clinic, Import, Patient, Treatment
from schedules.jobs import work
from schedules.models import Job, JobState
from schedules.views import imports as views
from surveillance import upload_limit
from surveillance.accounts.roles import Role
from surveillance.audit.models import Event, Look
from tests.factories import ClinicFactory, MembershipFactory, PatientFactory
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import member, signed_in

pytestmark = pytest.mark.django_db

HEAD = (
    "MRN,Family name,Given name,Birth date,Sex,Site,Topography,Morphology,Morphology name,"
    "Treatment,Date of treatment"
)
LINE = "A-1,見本,Aspen,1961-04-02,female,thigh,C49.2,8890/3,Leiomyosarcoma,resection,2026-02-12"


def give(client: Client, *lines: str, head: str = HEAD, encoding: str = "utf-8") -> Page:
    data = "\n".join([head, *lines]).encode(encoding)
    told = {"file": SimpleUploadedFile("list.csv", data)}
    return Page(client.post("/imports/", told, follow=True))


def address() -> str:
    return f"/imports/{Import.objects.latest('made_at').public_id}/"


def press(client: Client, page: Page) -> Page:
    """Press “Do exactly this”, let the worker work, and look at the file again."""
    client.post(address(), {"shown": page.find("input[name=shown]")["value"]})
    work()
    return Page(client.get(address()))


def test_what_is_shown_is_done_and_who_came_is_on_the_safety_net(
    administrator_client: Client, nurse_client: Client
) -> None:
    page = give(administrator_client, LINE, encoding="cp932")

    assert "Read as Shift_JIS" in page.text()
    created = {one["What"]: one["Created"] for one in page.table("What would happen")}
    assert created == {"Patients": "1", "Tumours": "1", "Treatments": "1"}
    assert not Patient.objects.exists()

    page = press(administrator_client, page)
    assert Patient.objects.get().family_name == "見本"
    assert "Nobody is followed yet" in page.text()
    assert "Resected, with no schedule" in Page(nurse_client.get("/safety-net/")).text()
    assert bytes(Import.objects.get().data) == b""


def test_a_change_of_a_known_patient_is_shown_before_and_after_and_the_look_is_recorded(
    administrator_client: Client, clinic: Clinic
) -> None:
    patient = PatientFactory.create(clinic=clinic, mrn="A-1", family_name="Before")

    page = give(administrator_client, "A-1,After,,,,,,,,,")
    [change] = page.table("What changes at known patients")
    assert (change["What"], change["Before"], change["After"]) == (
        "Patient: Family name",
        "Before",
        "After",
    )
    [look] = Look.objects.filter(page="import")
    assert look.patient_ids == [patient.public_id]


def test_what_changed_since_is_not_done_and_is_shown_anew(
    administrator_client: Client, clinic: Clinic
) -> None:
    page = give(administrator_client, LINE)
    PatientFactory.create(clinic=clinic, mrn="A-1")

    page = press(administrator_client, page)
    job = Job.objects.get()
    assert (job.state, job.error) == (
        JobState.FAILED,
        "Something has changed since this was shown: look at it again.",
    )
    assert not Treatment.objects.exists()
    page = Page(administrator_client.post(address(), {"again": ""}, follow=True))
    assert "another name and another birth date" in page.text()


def test_a_wrong_list_is_taken_away_corrected_and_loaded(administrator_client: Client) -> None:
    page = give(administrator_client, LINE, LINE.replace("A-1", "A-2").replace("1961", "2199"))
    wrong, _too_early = page.table()
    assert (wrong["Line"], wrong["Column"], wrong["Value"], wrong["Reason"]) == (
        *("3", "Birth date", "2199-04-02"),
        "This day has not come yet.",
    )
    assert not page.document.select("input[name=shown]")

    again = administrator_client.post(f"{address()}corrections/").content.decode("utf-8-sig")
    head, *lines = again.replace("2199", "1971").splitlines()
    page = press(administrator_client, give(administrator_client, *lines, head=head))
    assert page.table()[0]["Created"] == "2"
    assert Patient.objects.count() == 2


def test_an_unknown_heading_is_asked_about_once(administrator_client: Client) -> None:
    head, line = f"{HEAD},Ward,Size", f"{LINE},7 North,45"
    page = give(administrator_client, line, head=head)
    assert "Ward, Size" in page.text()
    assert not page.document.select("input[name=shown]")

    fields = page.document.select("select[name^=column]")
    told = {str(f["name"]): str(f.select("[selected]")[0]["value"]) for f in fields}
    told |= {"encoding": "utf-8-sig", "delimiter": ",", "read": ""}
    page = Page(administrator_client.post(address(), told))
    assert page.error_summary == [
        f"{name}: Say what this column holds, or leave it out." for name in ("Ward", "Size")
    ]

    told |= {"column11": "-", "column12": "mrn"}
    page = Page(administrator_client.post(address(), told))
    assert page.error_summary == ["Two columns cannot both be “MRN”."]

    page = Page(administrator_client.post(address(), told | {"column12": "size_mm"}, follow=True))
    assert page.document.select("input[name=shown]")
    assert give(administrator_client, line, head=head).document.select("input[name=shown]")


def test_a_file_is_read_otherwise_where_somebody_says_so(administrator_client: Client) -> None:
    page = give(administrator_client, LINE.replace("1961-04-02", "2/4/1961"))
    assert "write the year first" in page.text()

    fields = page.document.select("select[name^=column]")
    told = {str(f["name"]): str(f.select("[selected]")[0]["value"]) for f in fields}
    told |= {"encoding": "utf-8-sig", "delimiter": ",", "day_first": "on", "read": ""}
    page = Page(administrator_client.post(address(), told, follow=True))
    assert page.table("What would happen")
    page = Page(administrator_client.post(address(), told | {"encoding": "utf-16"}))
    assert page.error_summary
    assert Import.objects.get().encoding == "utf-8-sig"


def test_a_file_that_breaks_off_in_the_middle_says_where(administrator_client: Client) -> None:
    page = give(administrator_client, LINE, '"never closed')
    assert "Line 3 cannot be read: a quotation mark is not closed there" in page.text()
    assert not page.document.select("input[name=shown]")


def test_a_long_list_is_looked_at_in_the_background(
    administrator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 1)
    page = give(administrator_client, LINE, LINE.replace("A-1", "A-2"))
    assert "0 of 2 lines" in page.text()
    page = Page(administrator_client.get(address()))
    assert "being worked on" in page.text()
    work()
    done = Page(administrator_client.get(f"/jobs/{Job.objects.get().public_id}/"))
    assert done.link("See what would happen") == address()
    assert Page(administrator_client.get(address())).table("What would happen")


@pytest.mark.parametrize("data", [b"", b"\x81\x8d\x00\xff", b"x" * 200])
def test_what_is_no_list_is_refused_at_its_field(
    administrator_client: Client, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(upload_limit.MOST, "imports", 100)
    told = {"file": SimpleUploadedFile("list.csv", data)}
    page = Page(administrator_client.post("/imports/", told))
    assert page.error_summary[0].startswith("File: ")
    assert not Import.objects.exists()
    assert reading.MOST_BYTES == 20 * 2**20


def test_a_file_is_seen_by_its_giver_alone_and_forgotten_after_a_day(
    administrator_client: Client, clinic: Clinic
) -> None:
    give(administrator_client, LINE)
    other = signed_in(member(clinic, Role.ADMINISTRATOR))
    assert other.get(address()).status_code == 404
    assert other.post(f"{address()}corrections/").status_code == 404

    Import.objects.update(made_at=timezone.now() - uploads.KEPT_FOR * 2)
    uploads.forget_old(timezone.now())
    upload = Import.objects.get()
    assert (bytes(upload.data), upload.found) == (b"", None)
    assert "not kept any more" in Page(administrator_client.get(address())).text()


def test_who_is_no_administrator_any_more_loads_nothing(
    administrator_client: Client, clinic: Clinic
) -> None:
    page = give(administrator_client, LINE)
    administrator_client.post(address(), {"shown": page.find("input[name=shown]")["value"]})
    clinic.memberships.filter(role=Role.ADMINISTRATOR).delete()
    work()
    assert Job.objects.get().state == JobState.FAILED
    assert not Patient.objects.exists()


def test_of_several_clinics_one_is_chosen(administrator_client: Client, clinic: Clinic) -> None:
    user = clinic.memberships.get(role=Role.ADMINISTRATOR).user
    other = ClinicFactory.create()
    MembershipFactory.create(clinic=other, user=user, role=Role.ADMINISTRATOR)
    told = {"file": SimpleUploadedFile("l.csv", f"{HEAD}\n{LINE}".encode()), "clinic": other.pk}
    page = Page(administrator_client.post("/imports/", told, follow=True))
    press(administrator_client, page)
    assert Patient.objects.get().clinic == other
    assert Event.objects.get(act="patients.imported").clinic_code == other.code


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_empty_list_is_taken_filled_in_and_known(
    administrator_client: Client, kind: str
) -> None:
    answer = administrator_client.get(f"/imports/list.{kind}")
    assert f'filename="patients.{kind}"' in answer.headers["Content-Disposition"]
    data = {"file": SimpleUploadedFile(f"patients.{kind}", answer.content)}
    page = Page(administrator_client.post("/imports/", data, follow=True))
    assert "Of 0 lines" in page.text()
