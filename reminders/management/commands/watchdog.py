import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from reminders.watchdog import Watchdog


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

    def handle(self, *args: Any, every: int, once: bool, **options: Any) -> None:
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
        # Whatever starts beside it has until then to do so.
        while not stop.wait(every):
            watchdog.look()
            connection.close()  # the next look finds out anew whether the database is there
