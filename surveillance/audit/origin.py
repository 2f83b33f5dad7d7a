"""From where something is asked for: what each row of the audit says beside who asked."""

import sys
from contextvars import ContextVar
from pathlib import Path

from celery import current_task

# An address, with the id of the request; set by whoever takes a request in.
ASKED_FROM: ContextVar[str] = ContextVar("asked_from", default="")


def origin() -> str:
    """Return from where this was asked for; what runs by itself says which program it is."""
    if place := ASKED_FROM.get():
        return place
    if current_task:
        return f"task {current_task.name}"
    program = Path(sys.argv[0]).name
    return " ".join([program, *sys.argv[1:2]]) if program == "manage.py" else program
