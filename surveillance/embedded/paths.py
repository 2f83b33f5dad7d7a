"""Where the embedded servers keep what is theirs."""

import hashlib
import os
from pathlib import Path

DATA_DIR = Path(__file__).resolve().parents[2] / ".data"
"""This checkout's own data: locks, logs, passwords and, unless we are root, the databases."""

SYSTEM_DIR = Path("/var/lib/sarcoma-surveillance")
"""Root's servers live here, as another account that may not enter root's home."""


def server_home(data_dir: Path) -> Path:
    """The folder that holds the servers' own folders, where their account can reach it."""
    if os.geteuid() != 0:
        return data_dir.resolve()
    return SYSTEM_DIR / hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
