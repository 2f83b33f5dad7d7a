"""What is done to the house, and how it is made good again."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.house import House
from surveillance.embedded.paths import server_home

Act = Callable[[House], None]
HOURS_AHEAD = {"web": 2, "worker": -2, "beat": 1}
CLOCK = Path(__file__).with_name("other_clock.c")
MOUNT, UMOUNT, COMPILER = "/bin/mount", "/bin/umount", "/usr/bin/cc"
SMALL = "1g"  # of a disk that is to be filled; PostgreSQL needs about half of it


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` and `mend` are called under load; `around` holds while anything runs."""

    title: str
    strike: Act
    mend: Act
    seconds: float = 5.0
    """How long it lasts."""
    around: Callable[[Path], AbstractContextManager[None]] = lambda folder: nullcontext()
    cannot: Callable[[], str] = lambda: ""
    """Why it cannot be had on this machine."""


def _killed(name: str) -> Fault:
    return Fault(
        f"{name} killed (SIGKILL)",
        lambda house: house.kill(name),
        lambda house: house.start_again(name),
    )


def _skew(house: House) -> None:
    shim = house.folder / "other_clock.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", shim, CLOCK, "-ldl"], check=True)
    for name, hours in HOURS_AHEAD.items():
        house.kill(name)
        house.start_again(name, LD_PRELOAD=str(shim), SECONDS_AHEAD=str(hours * 3600))


def _right_clocks(house: House) -> None:
    for name in HOURS_AHEAD:
        house.kill(name)
        house.start_again(name, LD_PRELOAD="")


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """Put a small disk where `folder` is, as root alone may."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = [MOUNT, "-t", "tmpfs", "-o", f"size={SMALL},mode=1777", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run([UMOUNT, "--lazy", str(folder)], check=True)


def _fill(folder: Path) -> None:
    """Leave not a byte free on the disk of `folder`."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while _fits(file.fileno(), size):
                pass


def _fits(file: int, size: int) -> bool:
    try:
        return os.write(file, b"\0" * size) == size
    except OSError:
        return False


def _disk(title: str, of: Callable[[Path], Path]) -> Fault:
    return Fault(
        title,
        lambda house: _fill(of(house.folder)),
        lambda house: (of(house.folder) / "ballast").unlink(),
        seconds=20,
        around=lambda folder: _small_disk(of(folder)),
        cannot=lambda: "" if os.geteuid() == 0 and Path(MOUNT).exists() else "needs root",
    )


def _one_after_another(house: House) -> None:
    for name in ("web", "worker", "broker", "db"):
        for act in (FAULTS[name].strike, FAULTS[name].mend):
            act(house)
            house.keep_for(4)


def temporary(folder: Path) -> Path:
    """Where the processes have their temporary files."""
    return folder / "tmp"


FAULTS: dict[str, Fault] = {
    **{name: _killed(name) for name in ("web", "worker", "beat", "dicom")},
    "db": Fault(
        "PostgreSQL stopped at once (-m immediate)",
        lambda house: house.servers.stop_postgres(),
        lambda house: house.servers.start_postgres(),
    ),
    "broker": Fault(
        "broker killed (SIGKILL)",
        lambda house: house.servers.stop_valkey(),
        lambda house: house.servers.start_valkey(),
    ),
    "broker-hung": Fault(
        "broker answers nobody (SIGSTOP)",
        lambda house: house.servers.hang_valkey(),
        lambda house: house.servers.wake_valkey(),
        seconds=20,
    ),
    "disk": _disk("disk of the database full", server_home),
    "disk-tmp": _disk("disk of temporary files full", temporary),
    "clock": Fault(
        "clocks of web, worker and beat 2 h ahead, 2 h behind, 1 h ahead",
        _skew,
        _right_clocks,
        seconds=40,
        cannot=lambda: "" if Path(COMPILER).exists() else "needs a C compiler",
    ),
    "broker-long": Fault(
        "broker away for long",
        lambda house: house.servers.stop_valkey(),
        lambda house: house.servers.start_valkey(),
        seconds=600,
    ),
    "four": Fault(
        "web, worker, broker and database killed, one after the other",
        _one_after_another,
        lambda house: None,
        seconds=0,
    ),
}
