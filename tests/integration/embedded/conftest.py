"""Servers for these tests alone, and processes that hold them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from surveillance.embedded.postgres import Postgres
from surveillance.embedded.services import Services
from surveillance.embedded.valkey import Valkey

HOLD = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from surveillance.embedded import services
with getattr(services, sys.argv[1])(Path(sys.argv[2])) as held:
    print(json.dumps(asdict(held)), flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that uses the servers of a data folder."""

    def __init__(self, kind: str, data_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLD, kind, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        self.services = Services(**json.loads(self._process.stdout.readline()))

    def leave(self) -> None:
        """Leaves in order."""
        self._process.communicate()

    def kill(self) -> None:
        """Dies on the spot, without leave."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout like root's own, which nobody else may enter."""
    folder = tmp_path_factory.mktemp("checkout")
    folder.chmod(0o700)
    yield folder
    Valkey(folder / ".data").discard()
    Postgres(folder / ".data").discard()


@pytest.fixture
def data_dir(checkout: Path) -> Iterator[Path]:
    """Its data, kept from test to test (it takes a while to make), but no server runs."""
    folder = checkout / ".data"
    yield folder
    Valkey(folder).stop()
    Postgres(folder).stop()


@pytest.fixture
def hold(data_dir: Path) -> Iterator[Callable[[str], Holder]]:
    """Starts holders, by the name of what they open."""
    with ExitStack() as holders:

        def start(kind: str = "services") -> Holder:
            holder = Holder(kind, data_dir)
            holders.callback(holder.kill)
            return holder

        yield start


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A live process that has nothing to do with us."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        with suppress(ProcessLookupError):
            process.kill()
