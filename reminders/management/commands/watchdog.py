import os
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from tempfile import gettempdir, mkstemp
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from reminders.watchdog import Watchdog

# Made anew after each look, so that --check can say how long ago that was.
LOOKED = Path(gettempdir()) / "sarcoma-surveillance-watchdog"


def seconds(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text} is no number of seconds, such as 300")
    return int(text)


class Command(BaseCommand):
    help = "Mails the administrators when no sweep has run for two hours, or the database is away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=seconds, default=300, metavar="SECONDS", help="how often it looks (300)"
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="look once and leave; the exit code is 1 if something is wrong",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="only ask whether the one that runs here still looks; if not, the exit code is 1",
        )

    def handle(self, *args: Any, every: int, once: bool, check: bool, **options: Any) -> None:
        if check:
            # A look may wait for a mail server, and for a database that is away.
            if not LOOKED.exists() or time.time() - LOOKED.stat().st_mtime > every + 120:
                sys.exit("No watchdog looks.")
            return
        watchdog = Watchdog()
        if once:
            wrong = watchdog.look()
            self.stdout.write(wrong or "All is well.")
            if wrong:
                sys.exit(1)
            return
        stop = Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave)
        looked()
        # Whatever starts beside it has until then to do so.
        while not stop.wait(every):
            watchdog.look()
            looked()
            connection.close()  # the next look finds out anew whether the database is there


def looked() -> None:
    """Put in place whole: never by way of a file that somebody else has put there."""
    draft, path = mkstemp()
    os.close(draft)
    os.replace(path, LOOKED)
