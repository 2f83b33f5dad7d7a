"""The DICOM server beside dcmtk's: figures that `benchmarks.dicom` shows with the others.

`storescp` is a CT of 200 slices sent by dcmtk's `storescu` to the product's server, which has each
in PostgreSQL before it answers, beside the same sent to dcmtk's `storescp`, which writes the files.
The time is that of `storescu`, its start included. Each round is another study, new to both.

`worklist` is a scanner's query of its own day, among 1 000 appointments of that day at 20 scanners
and as many on the day before and the one after, beside one bare SELECT of the same rows. It is
asked over the network, its association included.
"""

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from benchmarks import ROUNDS, Row, compare

if TYPE_CHECKING:
    from patients.models import Clinic

STORESCU, STORESCP = "/usr/bin/storescu", "/usr/bin/storescp"
SLICES = 200
TITLE = "SURVEILLANCE"


def server_rows() -> list[Row]:
    """Measure on the database that is set up; without dcmtk there is nothing to measure beside."""
    if not Path(STORESCP).exists():
        return []
    return [_storescp()]


def _storescp() -> Row:
    from imaging.models import Peer
    from tests.dicom import made_ct, write
    from tests.factories import ClinicFactory

    clinic: Clinic = ClinicFactory.create()
    Peer.objects.create(clinic=clinic, ae_title="CT1", address="127.0.0.1")
    with tempfile.TemporaryDirectory() as place, _ours() as our_port, _theirs(place) as their_port:
        folders = [Path(place) / f"study{number}" for number in range(ROUNDS)]
        for folder in folders:
            write(made_ct(slices=SLICES, side=512), folder)
        ours, theirs = iter(folders), iter(folders)
        return compare(
            "storescp",
            ours=lambda: _send(next(ours), our_port),
            baseline=lambda: _send(next(theirs), their_port),
            unit="s",
        )


def _send(folder: Path, port: int) -> int:
    said = subprocess.run(
        [STORESCU, "-v", "-aet", "CT1", "-aec", TITLE, "+sd", "127.0.0.1", str(port), folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    )
    return said.stdout.count("Received Store Response (Success)")


@contextmanager
def _ours() -> Iterator[int]:
    from imaging.server.listening import Place, leave, listen

    listener = listen(Place("127.0.0.1", 0, TITLE))
    yield int(listener.server_address[1])
    leave(listener)


@contextmanager
def _theirs(place: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = Path(place) / "storescp"
    folder.mkdir()
    server = subprocess.Popen([STORESCP, "-od", folder, str(port)])
    try:
        until = monotonic() + 10
        while monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()
