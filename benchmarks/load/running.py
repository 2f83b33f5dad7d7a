"""One run: all that happens, in order."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.load.faults import Fault, temporary
from benchmarks.load.house import LOOKS_EVERY, House, house
from benchmarks.load.ledger import Ledger
from benchmarks.load.tail import tails

PASSWORD = "made-up-for-this-run"  # noqa: S105 # of people who are made up, too
ROOT = Path(__file__).resolve().parents[2]
SIGNS_IN_WITHIN = 300.0  # seconds, as is the next one
SETTLES_WITHIN = 240.0  # what met a missing database is tried again after a minute
LONG_EXPORT = 20_000  # rows; more of them are a job


def run(fault: Fault | None, options: argparse.Namespace) -> dict[str, Any]:
    """Do it, and tell what came of it."""
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="load-"))
        folder = options.folder or Path(place)
        temporary(folder).mkdir(parents=True)
        if fault:
            stack.enter_context(fault.around(folder))
        home = stack.enter_context(house(folder, TMPDIR=str(temporary(folder))))
        return Run(home, fault, options).told()


class Run:
    def __init__(self, home: House, fault: Fault | None, options: argparse.Namespace) -> None:
        self.home, self.fault, self.options = home, fault, options
        self.ledger = Ledger(home.folder)

    def told(self) -> dict[str, Any]:
        from benchmarks.load.reckoning import Reckoning, audit_says  # these need the settings
        from benchmarks.load.scanner import ScannerAtWork
        from benchmarks.load.seed import TITLE, seed

        clinics = seed(self.options.patients, PASSWORD)
        seeded = set(audit_says())
        self.home.open()
        scanners = [
            ScannerAtWork(f"LOADCT{n}", TITLE, self.home.dicom_port, self.ledger)
            for n in range(1, len(clinics) + 1)
        ]
        people = self._people()
        try:
            for scanner in scanners:
                scanner.start()
            self._until(self._all_have_signed_in, SIGNS_IN_WITHIN, "not all could sign in")
            moments = self._day()
        finally:
            people.terminate()  # it lets each end what they have in hand
            people.wait(timeout=90)
            for scanner in scanners:
                scanner.stop()
        reckoning = Reckoning()
        settled = self._settle(reckoning.wrong)
        reckoning.settle(self.ledger, self.home.post_office, seeded)
        return {
            "fault": self.fault.title if self.fault else "none; a sweep of all and a long export",
            "users": self.options.users,
            "minutes": self.options.minutes,
            **asdict(reckoning),
            "settled": round(settled, 1),
            "ended": self.home.ended,
            **self._recovered(moments),
            "tails": tails(self.ledger.requests(), moments),
        }

    def _people(self) -> "subprocess.Popen[bytes]":
        options = self.options
        words = ["-f", "benchmarks/load/people.py", "--headless", "--only-summary"]
        words += ["--users", str(options.users), "--spawn-rate", "4", "--stop-timeout", "60"]
        words += ["--host", f"http://127.0.0.1:{self.home.port}"]
        environment = {
            "LOAD_FOLDER": str(self.home.folder),
            "LOAD_PASSWORD": PASSWORD,
            "LOAD_THINKS": str(options.thinks),
            "PYTHONPATH": str(ROOT),
        }
        with (self.home.folder / "people.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "locust", *words],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _all_have_signed_in(self) -> bool:
        done = [
            one
            for one in self.ledger.requests()
            if one.name == "sign in, sent" and one.status == 302
        ]
        users: int = self.options.users
        return len(done) >= users

    def _day(self) -> tuple[float, float]:
        """Let a third of the time pass, do what is to be done, and let the rest pass."""
        third = self.options.minutes * 60 / 3
        self.home.keep_for(third)
        struck = time.time()
        if self.fault:
            self.fault.strike(self.home)
            self.home.keep_for(self.fault.seconds)
            self.fault.mend(self.home)
        else:
            until = time.monotonic() + third
            while time.monotonic() < until:
                self._all_at_once()
        mended = time.time()
        self.home.keep_for(third)
        return struck, mended

    def _all_at_once(self) -> None:
        """Have everybody looked at anew, and a long export made, until both are done."""
        from django.db import connection

        from reminders.models import Watch
        from reminders.models.watch import AT_ONCE
        from schedules.actions import ask_for
        from schedules.exports.asked import Asked
        from schedules.exports.tables import TABLES
        from schedules.models import ExportTable, FileFormat, Job, JobKind
        from surveillance.accounts.models import User

        Watch.objects.update(look_at=AT_ONCE)
        by = User.objects.get(username="admin1")
        asked = Asked(
            table=ExportTable.SCHEDULES,
            file_format=FileFormat.XLSX,
            clinics=tuple(by.memberships.values_list("clinic__code", flat=True)),
            columns=TABLES[ExportTable.SCHEDULES].usual,
        )
        job = ask_for(kind=JobKind.EXPORT, parameters=asked.told(), total=LONG_EXPORT, by=by)
        connection.close()
        self._until(
            lambda: not Job.objects.filter(pk=job.pk, state__in=Job.UNFINISHED).exists(),
            SETTLES_WITHIN,
            "the export was not made",
        )

    def _settle(self, wrong: list[str]) -> float:
        """Wait until all is said, and return how many seconds that took; tell what is not."""
        from django.db import DatabaseError, connection
        from django.utils import timezone

        from reminders.models import Message, MessageState, Sweep
        from reminders.reconciliation import compare

        ended = timezone.now()
        waits = (MessageState.QUEUED, MessageState.SENDING)

        def is_quiet() -> bool:
            try:
                return (
                    Sweep.objects.filter(
                        started_at__gt=ended, finished_at__isnull=False, looked_at=0
                    ).exists()
                    and not Message.objects.filter(state__in=waits).exists()
                )
            except DatabaseError:
                connection.close()  # of before the fault
                return False

        began = time.monotonic()
        try:
            self._until(is_quiet, SETTLES_WITHIN, "")
        except TimeoutError:
            wrong.append("it did not come to rest")
        wrong += [str(one) for one in compare(timezone.now()).differences]
        return time.monotonic() - began

    def _recovered(self, moments: tuple[float, float]) -> dict[str, float | None]:
        """How many seconds after the end of a fault people, and scanners, met the last error of
        it, and when the next sweep began."""
        from datetime import UTC, datetime

        from reminders.models import Sweep

        if not self.fault:
            return {}
        mended = moments[1]
        bad = [one.at for one in self.ledger.requests() if one.status == 0 or one.status >= 500]
        after = datetime.fromtimestamp(mended, UTC)
        sweep = Sweep.objects.filter(started_at__gt=after).order_by("started_at").first()
        return {
            "served_after": round(max([0.0, *(at - mended for at in bad)]), 1),
            "swept_after": round(sweep.started_at.timestamp() - mended, 1) if sweep else None,
        }

    def _until(self, so: Callable[[], bool], seconds: float, otherwise: str) -> None:
        until = time.monotonic() + seconds
        while not so():
            if time.monotonic() > until:
                raise TimeoutError(f"{otherwise}: see {self.home.folder}")
            self.home.keep_for(LOOKS_EVERY)
