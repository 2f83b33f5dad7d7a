"""The DICOM server beside dcmtk's: rows that `benchmarks.dicom` shows with its own.

`storescp` is a CT sent by dcmtk's `storescu` to the product's server, which has each header in
PostgreSQL before it answers, beside the same sent to dcmtk's `storescp`, which drops it
(`--ignore`). Each round is another study, new to both. Over the loopback `storescp` waits for
TCP's delayed acknowledgement at each answer, about 40 ms, as it does by default everywhere;
`storescp_nodelay` is the same beside a server of pynetdicom's own that answers at once and does
nothing with what it is sent: what storing costs.

`worklist` is a scanner's query of its own day, 50 appointments among the 1 000 of that day and as
many on each side of it, beside dcmtk's `wlmscpfs` on a file for each appointment of that day. Both
are asked by dcmtk's `findscu`, whose start is in the time.
"""

import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from benchmarks import ROUNDS, Row, compare

if TYPE_CHECKING:
    from schedules.models import Booking, Scanner

BIN = Path("/usr/bin")
TITLE = "SURVEILLANCE"
TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 4, 8)
SCANNERS = 20


def server_is_measured() -> bool:
    """Say whether dcmtk is here; without it there is nothing to measure beside."""
    return (BIN / "storescp").exists()


def server_rows(slices: int, bookings: int) -> list[Row]:
    """Measure on the database that is set up."""
    if not server_is_measured():
        return []
    from imaging.models import Peer
    from tests.factories import ClinicFactory

    clinic = ClinicFactory.create()
    Peer.objects.create(clinic=clinic, ae_title="CT1", address="127.0.0.1")
    with tempfile.TemporaryDirectory() as place, _ours() as port:
        return [*_store_rows(Path(place), port, slices), _worklist_row(Path(place), port, bookings)]


def _store_rows(place: Path, port: int, slices: int) -> Iterator[Row]:
    from tests.dicom import made_ct, write

    with _dcmtk("storescp", "--ignore") as theirs, _at_once() as at_once:
        for name, baseline in (("storescp", theirs), ("storescp_nodelay", at_once)):
            folders = [place / f"{name}{number}" for number in range(ROUNDS)]
            for folder in folders:
                write(made_ct(slices=slices, side=512), folder)
            coming, again = iter(folders), iter(folders)
            yield compare(
                name,
                ours=lambda coming=coming: _store(next(coming), port),  # type: ignore[misc]
                baseline=lambda again=again, to=baseline: _store(next(again), to),  # type: ignore[misc]
                unit="ms an image",
                units_per_second=1000 / slices,
            )


def _store(folder: Path, port: int) -> int:
    return _asked(port, "storescu", "+sd", str(folder)).count("Store Response (Success)")


def _worklist_row(place: Path, port: int, bookings: int) -> Row:
    from pydicom.dataset import Dataset

    from imaging.server.answers import answer
    from schedules.models import Booking

    made = _booked(bookings)
    folder = place / "worklist" / TITLE
    folder.mkdir(parents=True)
    (folder / "lockfile").touch()
    of_day = Booking.objects.filter(pk__in=[one.pk for one in made[DAY]])
    for one in of_day.select_related("slot", "scanner", "patient__clinic", "patient__responsible"):
        path = folder / f"{one.pk}.wl"
        answer(one, Dataset()).save_as(path, implicit_vr=False, little_endian=True)
        subprocess.run([BIN / "dcmconv", "-q", "+te", path, path], check=True)
    with _dcmtk("wlmscpfs", "-dfr", "-dfp", str(folder.parent)) as theirs:
        return compare(
            "worklist",
            ours=lambda: _find(port),
            baseline=lambda: _find(theirs),
            unit="ms",
            units_per_second=1000,
        )


def _find(port: int) -> int:
    step = "ScheduledProcedureStepSequence[0]"
    keys = [
        f"{step}.ScheduledStationAETitle=CT1",
        f"{step}.ScheduledProcedureStepStartDate={DAY:%Y%m%d}",
        f"{step}.ScheduledProcedureStepStartTime",
        f"{step}.Modality=CT",
        *("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID"),
        *("PatientBirthDate", "PatientSex", "RequestedProcedureDescription"),
    ]
    options = [word for key in keys for word in ("-k", key)]
    return _asked(port, "findscu", "-W", *options).count("(Pending)")


def _asked(port: int, program: str, *words: str) -> str:
    files = [word for word in words if word.startswith("/")]
    options = [word for word in words if word not in files]
    called = ["-v", "-aet", "CT1", "-aec", TITLE, *options, "127.0.0.1", str(port)]
    return subprocess.run(
        [BIN / program, *called, *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    ).stdout


def _booked(count: int) -> "dict[date, list[Booking]]":
    """Book so many appointments on each of three days, evenly at the scanners of the clinic."""
    from benchmarks.plan import enrolled_without_slots
    from patients.models import Clinic
    from schedules.models import Booking, Slot
    from tests.factories import ScannerFactory, UserFactory

    clinic, by = Clinic.objects.get(dicom_peers__ae_title="CT1"), UserFactory.create()
    scanners: list[Scanner] = [
        ScannerFactory.create(clinic=clinic, ae_title=f"CT{n + 1}") for n in range(SCANNERS)
    ]
    schedules = enrolled_without_slots(3 * count, clinic)
    slots = Slot.objects.bulk_create(
        Slot(
            schedule=schedule,
            exam="CT chest+abdomen",
            modality="CT",
            regions=["chest", "abdomen"],
            n=1,
            month=3,
            earliest_on=DAY - timedelta(days=30),
            due_on=DAY,
            latest_on=DAY + timedelta(days=14),
            lapses_on=DAY + timedelta(days=60),
        )
        for schedule in schedules
    )
    made: dict[date, list[Booking]] = {}
    for number, slot in enumerate(slots):
        day, place = DAY + timedelta(days=number // count - 1), number % count
        begins = datetime(day.year, day.month, day.day, 8, tzinfo=TOKYO)
        made.setdefault(day, []).append(
            Booking(
                slot=slot,
                patient=slot.patient,
                scanner=scanners[place % SCANNERS],
                starts_at=begins + timedelta(minutes=10 * (place // SCANNERS)),
                minutes=10,
                booked_by=by,
            )
        )
    return {day: Booking.objects.bulk_create(bookings) for day, bookings in made.items()}


@contextmanager
def _ours() -> Iterator[int]:
    from imaging.server.listening import Place, leave, listen

    listener = listen(Place("127.0.0.1", 0, TITLE))
    yield int(listener.server_address[1])
    leave(listener)


@contextmanager
def _at_once() -> Iterator[int]:
    """A server of pynetdicom's that takes images and does nothing with them."""
    from pynetdicom import AllStoragePresentationContexts, evt
    from pynetdicom.ae import ApplicationEntity

    entity = ApplicationEntity(TITLE)
    entity.supported_contexts = AllStoragePresentationContexts
    handlers: list[Any] = [(evt.EVT_C_STORE, lambda event: 0x0000)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server
    yield int(server.server_address[1])
    server.shutdown()


@contextmanager
def _dcmtk(program: str, *words: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command: Sequence[str | Path] = [BIN / program, *words, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
