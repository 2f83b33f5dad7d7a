"""Who the servers run as: ourselves, or an account without rights when we are root."""

import os
import pwd
from pathlib import Path
from typing import TypedDict

from surveillance.embedded.paths import SYSTEM_DIR

UNPRIVILEGED = "nobody"


class RunAs(TypedDict, total=False):
    """The part of subprocess's arguments that says as whom."""

    user: int
    group: int
    extra_groups: list[int]


def run_as() -> RunAs:
    """Arguments for subprocess; none unless we are root, whom PostgreSQL refuses to serve."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Gives a file or folder that we just made to the servers' account."""
    account = run_as()
    if account:
        os.chown(path, account["user"], account["group"])


def make_passable(folder: Path) -> None:
    """Makes a folder of ours; as root, one that the servers' account can pass, whatever umask."""
    if not run_as():
        folder.mkdir(exist_ok=True)
        return
    for part in (SYSTEM_DIR, folder):
        part.mkdir(exist_ok=True)
        part.chmod(0o755)
