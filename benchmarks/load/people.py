"""The people, for locust: what each role does all day, page after page, by forms and buttons.

Each waits before each press as somebody who reads does, and presses again where no answer came.
What was told goes into the ledger of the folder that LOAD_FOLDER names.
"""

import os
import random
import re
import time  # whose sleep locust makes one that lets the others work
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from locust import HttpUser, constant, events, task
from locust.exception import RescheduleTask, StopUser

from benchmarks.load.ledger import Entry, Ledger

LEDGER = Ledger(Path(os.environ["LOAD_FOLDER"]))
PASSWORD = os.environ["LOAD_PASSWORD"]
THINKS = float(os.environ["LOAD_THINKS"])  # seconds, on the average
PRESSES_AGAIN_AFTER = 2.0
TRIES = 60
ANSWER_SECONDS = 60
ID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
RECORDED = {"regions": ["chest", "abdomen"], "outcome": "no_disease"}
_of_all = count(1)


@events.request.add_listener  # type: ignore[untyped-decorator]
def _noted(
    name: str,
    start_time: float,
    response: Any,
    exception: BaseException | None,
    **about: object,
) -> None:
    error = type(exception).__name__ if exception else ""
    LEDGER.note(name, start_time, response.status_code or 0, error)


class Person(HttpUser):
    """Somebody who has signed in. `ROLE` is also the beginning of their names: nurse1, nurse2, …"""

    abstract = True
    wait_time = constant(0)  # one thinks before each press instead
    ROLE = ""
    _of_role = count(1)

    def on_start(self) -> None:
        self.number = next(_of_all)
        self.name = f"{self.ROLE}{next(self._of_role)}"
        # As the proxy in front tells it: each sits at a machine of their own.
        self.client.headers["X-Forwarded-For"] = f"198.51.100.{self.number}"
        self.said = count(1)
        self.sign_in()

    def sign_in(self) -> None:
        for _ in range(TRIES):
            fields = self._fields(self.look("sign in", "/sign-in/"), "password")
            named = next(name for name in fields if name in ("username", "login"))
            fields |= {named: self.name, "password": PASSWORD}
            answer = self._send("sign in, sent", "/sign-in/", fields)
            if answer.status_code == 302:
                return
            time.sleep(PRESSES_AGAIN_AFTER)
        raise StopUser

    def look(self, name: str, path: str) -> str:
        """Open a page, and return it. Without an answer do something else."""
        time.sleep(random.uniform(0.5, 1.5) * THINKS)
        answer = self.client.get(path, name=name, timeout=ANSWER_SECONDS)
        if answer.status_code != 200:
            raise RescheduleTask
        if urlsplit(answer.url).path == "/sign-in/" != path:
            self.sign_in()
            raise RescheduleTask
        return str(answer.text)

    def press(
        self,
        kind: str,
        key: Iterable[str],
        path: str,
        fields: Mapping[str, Any],
        proof: str = "",
    ) -> str | None:
        """Send a form until it is answered; return the page that follows if it was done.

        Where a refusal leads to that page too, `proof` is what stands there only if it was done.
        """
        time.sleep(random.uniform(0.5, 1.5) * THINKS)
        told: dict[str, Any] = {"kind": kind, "key": tuple(key), "tries": 0, "told": "unknown"}
        try:
            while told["tries"] < TRIES:
                told["tries"] += 1
                answer = self._send(f"{kind}, sent", path, fields)
                if answer.status_code == 302 and "/sign-in/" not in answer.headers["Location"]:
                    after = self._follow(answer.headers["Location"])
                    if not proof or proof in after:
                        told["told"] = "done"
                        return after
                    if after:
                        self._refused(told, after)
                    return None
                if 0 < answer.status_code < 500:
                    self._refused(told, answer.text)
                    return None
                time.sleep(PRESSES_AGAIN_AFTER)
            return None
        finally:  # also where the run ends while one waits
            LEDGER.enter(Entry(**told))

    def _refused(self, told: dict[str, Any], page: str) -> None:
        """Take it down; "somebody has booked this already" may be oneself, a moment ago."""
        told["told"] = "refused" if told["tries"] == 1 else "unknown"
        said = BeautifulSoup(page, "html.parser").find_all(role="alert")
        told["why"] = " ".join(" ".join(one.stripped_strings) for one in said)

    def _send(self, name: str, path: str, fields: Mapping[str, Any]) -> Any:
        return self.client.post(
            path, dict(fields), name=name, timeout=ANSWER_SECONDS, allow_redirects=False
        )

    def _follow(self, location: str) -> str:
        answer = self.client.get(location, name="the page after", timeout=ANSWER_SECONDS)
        return str(answer.text or "") if answer.status_code == 200 else ""

    def _fields(self, page: str, having: str) -> dict[str, Any]:
        """What a browser would send of the form that has a field of that name."""
        for form in BeautifulSoup(page, "html.parser").find_all("form"):
            if not form.select(f"[name={having}]"):
                continue
            fields: dict[str, Any] = {}
            for one in form.find_all(["input", "select", "textarea"]):
                name = str(one.get("name") or "")
                if not name:
                    continue
                if one.name == "select":
                    chosen = one.find("option", selected=True) or one.find("option")
                    fields[name] = chosen.get("value", "") if chosen else ""
                elif one.get("type") in ("checkbox", "radio"):
                    if one.has_attr("checked"):
                        fields.setdefault(name, []).append(one.get("value"))
                else:
                    fields[name] = one.get("value") or ""
            return fields
        raise RescheduleTask

    def one_of(self, pattern: str, page: str) -> Any:
        """One of the links of a page; with none there is nothing to do."""
        found = re.findall(pattern, page)
        if not found:
            raise RescheduleTask
        return random.choice(found)

    def note(self) -> str:
        """A remark that nobody else makes, nor this person another time."""
        return f"{self.name}, remark {next(self.said)}"

    @task(6)
    def today(self) -> None:
        self.look("today", "/")


class Nurse(Person):
    ROLE = "nurse"
    weight = 28  # of fifty; locust shares any other number out alike
    _of_role = count(1)

    def on_start(self) -> None:
        self.mine: list[str] = []  # the appointments that this nurse made
        super().on_start()

    @task(8)
    def book(self) -> None:
        slot = self.one_of(rf"/slots/{ID}/book/", self.look("to book", "/worklists/to-book/"))
        self.choose("book", f"/slots/{slot}/book/", slot)

    def choose(self, kind: str, path: str, slot: str) -> None:
        page = self.look(kind, path)
        choice = self.one_of(r'name="choice" value="([^"]+)"', page)
        day = datetime.fromisoformat(choice.partition("_")[0])  # the clinics keep UTC
        key = (slot, day.replace(tzinfo=UTC).isoformat())
        fields = {**self._fields(page, "choice"), "choice": choice}
        if after := self.press(kind, key, path, fields):
            made = re.search(rf"/bookings/{ID}/undo/", after)
            if made:
                self.mine.append(f"{made[1]} {slot}")

    @task(4)
    def move(self) -> None:
        booking, slot = self.one_of_mine()
        self.choose("move", f"/bookings/{booking}/reschedule/", slot)

    @task(3)
    def cancel(self) -> None:
        booking, _ = self.one_of_mine()
        fields = self._fields(self.look("booked", "/worklists/booked/"), "csrfmiddlewaretoken")
        token = {name: fields[name] for name in ("csrfmiddlewaretoken",)}
        undo = f"/bookings/{booking}/undo-outcome/"
        self.press("cancel", (booking,), f"/bookings/{booking}/cancelled/", token, undo)

    def one_of_mine(self) -> tuple[str, str]:
        if not self.mine:
            raise RescheduleTask
        booking, _, slot = self.mine.pop(random.randrange(len(self.mine))).partition(" ")
        return booking, slot

    @task(5)
    def call(self) -> None:
        slot = self.one_of(rf"/slots/{ID}/contact/", self.look("to book", "/worklists/to-book/"))
        path, note = f"/slots/{slot}/contact/", self.note()
        fields = self._fields(self.look("call", path), "note")
        self.press(
            "call", (slot, note), path, fields | {"outcome": "no_answer", "note": note, "then": ""}
        )

    @task(5)
    def record(self) -> None:
        page = self.look("booked", "/worklists/booked/")
        patient, booking = self.one_of(rf"/patients/{ID}/studies/new/\?booking={ID}", page)
        path = f"/patients/{patient}/studies/new/?booking={booking}"
        fields = self._fields(self.look("record", path), "performed_on")
        self.press("record", (patient,), path, fields | RECORDED)

    @task(5)
    def search(self) -> None:
        fields = self._fields(self.look("patients", "/patients/"), "q")
        q = f"Family{random.randrange(3000)}"
        found = self._send("search", "/patients/", {**fields, "q": q})
        self.look("patient", f"/patients/{self.one_of(rf'/patients/{ID}/', found.text or '')}/")

    @task(2)
    def calendar(self) -> None:
        self.look("calendar", "/calendar/")

    @task(2)
    def by_program(self) -> None:
        self.look("API", "/api/v1/worklists/to-book/")


class Clinician(Person):
    ROLE = "clinician"
    weight = 14
    _of_role = count(1)

    @task(8)
    def decide(self) -> None:
        page = self.look("overdue", "/worklists/overdue/")
        slot = self.one_of(rf"/slots/{ID}/review/", page)
        path, note = f"/slots/{slot}/review/", self.note()
        fields = self._fields(self.look("decide", path), "reason")
        self.press("decide", (slot, note), path, fields | {"decision": "chase", "reason": note})

    @task(8)
    def review(self) -> None:
        page = self.look("results", "/worklists/results/")
        study = self.one_of(rf"/studies/{ID}/review-result/", page)
        forms = re.search(
            rf'studies/{study}/review-result/.*?name="csrfmiddlewaretoken" value="(\w+)"'
            r'.*?name="seen" value="(\w+)"',
            page,
            re.DOTALL,
        )
        assert forms
        fields = {"csrfmiddlewaretoken": forms[1], "seen": forms[2]}
        undo = f"/studies/{study}/undo-result-review/"
        self.press("review", (study,), f"/studies/{study}/review-result/", fields, undo)

    @task(6)
    def patient(self) -> None:
        page = self.look("overdue", "/worklists/overdue/")
        self.look("patient", f"/patients/{self.one_of(rf'/patients/{ID}/', page)}/")

    @task(2)
    def inbox(self) -> None:
        self.look("inbox", "/inbox/")

    @task(2)
    def safety_net(self) -> None:
        self.look("safety net", "/safety-net/")


class Administrator(Person):
    ROLE = "admin"
    weight = 5
    _of_role = count(1)

    @task(3)
    def status(self) -> None:
        self.look("status", "/status/")

    @task(3)
    def messages(self) -> None:
        self.look("messages", "/messages/")

    @task(3)
    def audit(self) -> None:
        self.look("audit", "/audit/")

    @task(2)
    def export(self) -> None:
        fields = self._fields(self.look("exports", "/exports/?table=bookings"), "columns")
        self._send("export", "/exports/?table=bookings", fields | {"format": "csv"})


class Auditor(Person):
    ROLE = "auditor"
    weight = 3
    _of_role = count(1)

    @task(5)
    def audit(self) -> None:
        self.look("audit", "/audit/")

    @task(2)
    def figures(self) -> None:
        self.look("figures", "/figures/")
