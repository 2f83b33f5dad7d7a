import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from imaging.filing import settle
from imaging.headers.files import headers_of
from imaging.headers.header import Header, Identity, Refused
from imaging.headers.pool import pool
from imaging.headers.process import Outcome
from imaging.intake import take_in
from imaging.models import Received
from imaging.queries import clinic_for
from imaging.refusals import in_words
from patients.models import Clinic

AT_ONCE = 2_000  # instances
BY = "Import"


class Command(BaseCommand):
    help = (
        "Take in the headers of DICOM files, of folders and ZIP archives of them, and of what a "
        "DICOMDIR lists. A repeat changes nothing. The exit code is 1 if nothing could be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--clinic",
            metavar="CODE",
            help="whose they are; else whose record numbers they bear, or the only clinic there is",
        )

    def handle(self, *args: Any, paths: list[Path], clinic: str | None, **options: Any) -> None:
        given = None
        if clinic is not None:
            given = Clinic.objects.filter(code=clinic).first()
            if given is None:
                raise CommandError(f"There is no clinic {clinic}.")
        instances = refusals = 0
        received: set[int] = set()
        outcomes = headers_of(paths, pool())
        while some := list(islice(outcomes, AT_ONCE)):
            coming: dict[Clinic, list[Header]] = {}
            for name, found in _with_clinics(some, given):
                if isinstance(found, Refused):
                    refusals += 1
                    self.stdout.write(f"{_printable(name)}: {in_words(found)}")
                else:
                    instances += 1
                    coming.setdefault(found[0], []).append(found[1])
            for whose, headers in coming.items():
                taken = take_in(clinic=whose, headers=headers, by=BY)
                received.update(one.pk for one in taken)
        for study in Received.objects.filter(pk__in=received, judged_at=None).order_by("pk"):
            settle(received=study, by=BY)
        self.stdout.write(
            f"Taken in: instances {instances}, studies {len(received)}. Refused: files {refusals}."
        )
        if not instances:
            sys.exit(1)


def _with_clinics(
    outcomes: Iterable[Outcome], given: Clinic | None
) -> Iterator[tuple[str, tuple[Clinic, Header] | Refused]]:
    """Yield the clinic of each header beside it; a header without one is refused."""

    @cache
    def clinic_of(identity: Identity) -> Clinic | None:
        return given or clinic_for(identity)

    for outcome in outcomes:
        if isinstance(outcome.found, Refused):
            yield outcome.name, outcome.found
        elif clinic := clinic_of(outcome.found.identity):
            yield outcome.name, (clinic, outcome.found)
        else:
            yield outcome.name, Refused("which_clinic")


def _printable(name: str) -> str:
    """Return a name with which no file can write lines of its own, or steer a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)
