import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from threading import Event
from types import FrameType
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from imaging.server.itself import ask_now_and_then, is_answered
from imaging.server.listening import Place, leave, listen
from schedules.models.booking import AE_TITLE


def title(text: str) -> str:
    try:
        AE_TITLE(text)
    except ValidationError as error:
        raise ArgumentTypeError(error.message) from error
    return text


class Command(BaseCommand):
    help = "Speaks DICOM: gives scanners their worklist, and takes images in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=11112, help="where it listens (11112)")
        parser.add_argument(
            "--ae-title", type=title, default="SURVEILLANCE", help="its own (SURVEILLANCE)"
        )
        parser.add_argument(
            "--host", default="127.0.0.1", help="the address that it binds to (127.0.0.1)"
        )

        parser.add_argument(
            "--check",
            action="store_true",
            help="ask the one that listens there, and leave; the exit code is 1 without an answer",
        )

    def handle(
        self, *args: Any, port: int, ae_title: str, host: str, check: bool, **options: Any
    ) -> None:
        if check:
            is_well = is_answered(Place(host, port, ae_title))
            self.stdout.write("It answers." if is_well else "It does not answer.")
            if not is_well:
                sys.exit(1)
            return
        stop = Event()

        def told_to(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told_to)
        try:
            listener = listen(Place(host, port, ae_title))
        except (OSError, OverflowError) as error:
            raise CommandError(f"It cannot listen on {host}, port {port}: {error}") from error
        place = Place(host, int(listener.server_address[1]), ae_title)
        self.stdout.write(f"{ae_title} listens on {host}, port {place.port}.")
        self.stdout.flush()
        ask_now_and_then(place, stop)
        stop.wait()
        leave(listener)
