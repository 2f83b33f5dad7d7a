"""A server on a free port, and peers that nobody here wrote."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from imaging.models import Peer
from imaging.server import callers
from imaging.server.association import Listener
from imaging.server.listening import Place, leave, listen
from patients.models import Clinic
from schedules.models import Scanner
from tests.factories import ScannerFactory

TITLE = "SURVEILLANCE"


@dataclass(frozen=True)
class Said:
    """What a program of dcmtk said and how it ended."""

    code: int
    text: str


@dataclass(frozen=True)
class Toolkit:
    """dcmtk, calling the server as a peer."""

    port: int
    title: str = "CT1"

    def __call__(self, program: str, *words: str | Path, title: str | None = None) -> Said:
        if not shutil.which(program):
            pytest.skip(f"{program} of Debian's dcmtk is not installed")
        titles = ["-aet", title or self.title, "-aec", TITLE]
        files = [str(word) for word in words if isinstance(word, Path)]
        options = [word for word in words if isinstance(word, str)]
        done = subprocess.run(
            [program, "-v", *titles, *options, "127.0.0.1", str(self.port), *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=60,
        )
        return Said(done.returncode, done.stdout)


@pytest.fixture
def scanner(db: None, clinic: Clinic) -> Scanner:
    return ScannerFactory.create(clinic=clinic, name="The scanner", ae_title="CT1")


@pytest.fixture
def listener(transactional_db: None, scanner: Scanner) -> Iterator[Listener]:
    """The server; the clinic's scanner may call it from here."""
    Peer.objects.create(clinic=scanner.clinic, ae_title="CT1", address="127.0.0.1")
    callers.forget()
    listener = listen(Place("127.0.0.1", 0, TITLE))
    yield listener
    leave(listener)


@pytest.fixture
def port(listener: Listener) -> int:
    return int(listener.server_address[1])


@pytest.fixture
def dcmtk(port: int) -> Toolkit:
    return Toolkit(port)
