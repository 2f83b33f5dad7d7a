"""The system's Chromium, never one that is downloaded."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "install Debian's chromium, or name one in the environment variable CHROMIUM"


def chromium() -> str | None:
    """Return where this machine's Chromium is, if it has one."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)
