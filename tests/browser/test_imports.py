"""A list is given, found wrong, taken away, corrected, given again, and loaded."""

from pathlib import Path

from playwright.sync_api import expect

from patients.models import Patient
from schedules.jobs import work
from surveillance.accounts.models import User
from tests.browser.axe import violations
from tests.browser.person import Person

LIST = """患者番号;Family name;Given name;Birth date;Sex;Phone;Ward
A-1;見本;花子;昭和35年5月17日;女;+81 90 1234 5678;7
A-2;見本;太郎;3/4/1961;男;=1+1;7
"""


def test_an_administrator_corrects_a_list_and_loads_it(
    somebody: Person, administrator: User, tmp_path: Path
) -> None:
    page = somebody.page
    file = tmp_path / "patients.csv"
    file.write_bytes(LIST.encode("cp932"))
    somebody.is_signed_in_as(administrator)
    page.goto("/")
    somebody.follow("Imports")
    page.get_by_label("File").set_input_files(file)
    somebody.press("See what would happen")

    expect(page.get_by_role("main")).to_contain_text("Read as Shift_JIS")
    page.get_by_label("Ward").select_option("Leave it out")
    somebody.press("Read it so")

    expect(page.get_by_role("row").nth(1)).to_contain_text("write the year first")
    with page.expect_download() as download:
        somebody.press("Download the list to correct")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert "'=1+1" in text  # no spreadsheet runs it
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(text.replace("3/4/1961", "1961-04-03"), "utf-8-sig")

    page.get_by_role("navigation").get_by_role("link", name="Imports").click()
    page.get_by_label("File").set_input_files(corrected)
    somebody.press("See what would happen")
    expect(page.get_by_role("row", name="Patients")).to_contain_text("2")
    page.get_by_text("How it is read").click()
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        assert violations(page) == []
    assert not Patient.objects.exists()
    somebody.press("Do exactly this")
    expect(page.get_by_role("progressbar", name="of 2 lines")).to_have_count(1)
    work()
    somebody.follow("What was loaded, and what comes next")
    expect(page.get_by_role("main")).to_contain_text("a clinician chooses the follow-up of each")
    assert list(Patient.objects.order_by("mrn").values_list("mrn", "phone")) == [
        ("A-1", "+81 90 1234 5678"),
        ("A-2", "=1+1"),
    ]
