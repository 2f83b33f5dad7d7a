"""The real demo, from a fresh clone, walked over HTTP as its three people would."""

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.demo.browser import Browser

pytestmark = pytest.mark.demo

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "demo-only-password"
# What this run was given for its own servers; a newcomer's environment has none of it.
OF_THIS_RUN = {
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "DEMO",
    "DJANGO_SETTINGS_MODULE",
    "EMAIL_URL",
    "REDIS_URL",
    "SECRET_KEY",
}
START_SECONDS = 400  # a cold start installs the whole lock


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with neither .venv nor .data, at a path with a space."""
    clone = tmp_path_factory.mktemp("fresh") / "a clone"
    subprocess.run(["git", "clone", "--quiet", CHECKOUT, clone], check=True)
    return clone


@pytest.fixture(scope="module")
def demo(clone: Path) -> Iterator["Demo"]:
    demo = Demo(clone)
    try:
        yield demo
    finally:
        demo.stop()


class Demo:
    """`bin/demo` of a clone, on a free port."""

    def __init__(self, clone: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://localhost:{port}/"
        self._log = clone.parent / "demo.log"
        with self._log.open("w") as log:
            self.process = psutil.Popen(
                ["bin/demo", "--port", str(port)],
                cwd=clone,
                env={name: os.environ[name] for name in os.environ.keys() - OF_THIS_RUN},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: self._has_started(), START_SECONDS)

    def _has_started(self) -> bool:
        said = self._log.read_text()
        assert self.process.poll() is None, said
        return PASSWORD in said

    def sign_in(self, name: str) -> Browser:
        browser = Browser(self.address)
        browser.sign_in(name, PASSWORD)
        return browser

    def stop(self) -> list[psutil.Process]:
        """Press Ctrl-C, and return what is still alive of all that the demo had started."""
        if self.process.poll() is not None:
            return []
        started = self.process.children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return psutil.wait_procs(started, timeout=5)[1]


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.5)


def test_a_nurse_books_what_must_be_booked_and_a_no_show_comes_back(demo: Demo) -> None:
    nurse = demo.sign_in("nurse")
    nurse.follow("To book")
    before = len(nurse.page.select("tbody tr"))

    nurse.follow("Book")
    patient = nurse.page.select_one("dl.facts a")
    assert patient is not None
    nurse.submit("Book", starts_at=f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT10:30}")

    assert "is booked for" in nurse.text
    assert len(nurse.page.select("tbody tr")) == before - 1
    nurse.open("/worklists/booked/")
    assert patient.get_text() in nurse.text

    nurse.submit("Did not attend")
    assert "did not attend" in nurse.text
    nurse.open("/worklists/to-book/")
    assert "Did not attend" in nurse.text


def test_a_clinician_sees_who_is_late_opens_a_patient_and_decides(demo: Demo) -> None:
    clinician = demo.sign_in("clinician")
    clinician.follow("Overdue")
    assert re.search(r"Overdue by \d+ days", clinician.text)

    clinician.follow("Decide")
    clinician.submit("Record the decision", decision="chase", reason="Call the family doctor")
    assert "Call the family doctor" in clinician.text

    clinician.open("/patients/")
    clinician.submit("Search", q="CASE-1")
    clinician.follow("Published")
    for told in ("Leiomyosarcoma", "Resection", "Metastasis: liver S6", "Satisfied", "Why this"):
        assert told in clinician.text


def test_an_administrator_exports_schedules_and_sees_it_recorded(demo: Demo) -> None:
    administrator = demo.sign_in("admin")
    administrator.follow("Export")

    administrator.submit("Export the table", format="csv", columns="mrn")

    rows = list(csv.DictReader(io.StringIO(administrator.body.lstrip("\ufeff"))))
    assert {"CASE-1", "CASE-2"} < {row["mrn"] for row in rows}
    administrator.open("/exports/")
    assert f"Ada Admin Schedules, CSV demo – {len(rows)}" in administrator.text


def test_a_program_with_a_token_sees_what_its_owner_sees(demo: Demo) -> None:
    nurse = demo.sign_in("nurse")
    nurse.open("/tokens/")
    nurse.submit("Make the token", name="ward dashboard", acts="see patients", days="1")
    secret = nurse.page.select_one("code.secret")
    assert secret is not None

    def ask(address: str) -> dict[str, Any]:
        request = Request(urljoin(nurse.address, address))
        request.add_header("Authorization", f"Token {secret.get_text()}")
        with urlopen(request, timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    [patient] = ask("/api/v1/patients/?limit=1")["results"]
    found = ask(f"/fhir/Patient/{patient['id']}")
    assert (found["resourceType"], found["birthDate"]) == ("Patient", patient["birth_date"])
    assert ask("/fhir/metadata")["fhirVersion"] == "4.0.1"


def test_the_worker_fills_the_mailbox_and_says_nothing_twice(demo: Demo) -> None:
    nurse = demo.sign_in("nurse")

    def mails() -> list[str]:
        nurse.open("/mailbox/")
        return [mail.get_text(" ", strip=True) for mail in nurse.page.select("article")]

    wait_for(lambda: any(" to book" in mail for mail in mails()), 120)
    assert any(" overdue" in mail for mail in mails())

    timeless = [re.sub(r", \d+ \w+ \d+, \d\d:\d\d UTC", "", mail) for mail in mails()]
    assert len(timeless) == len(set(timeless))


def test_nobody_reaches_a_page_that_is_not_theirs(demo: Demo) -> None:
    for name, page in (
        ("nurse", "/worklists/overdue/"),
        ("clinician", "/exports/"),
        ("admin", "/worklists/to-book/"),
    ):
        browser = demo.sign_in(name)
        browser.open(page)
        assert browser.status == 403


def test_ctrl_c_leaves_no_process_behind_and_a_second_start_finds_the_data(
    demo: Demo, clone: Path
) -> None:
    assert demo.stop() == []

    again = Demo(clone)
    try:
        clinician = again.sign_in("clinician")
        clinician.open("/worklists/overdue/")
        assert "Call the family doctor" in clinician.text
    finally:
        assert again.stop() == []
