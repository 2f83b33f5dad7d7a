"""What no log may hold, and how each line is written where patients are real.

By the standard library: of what a package for JSON would bring, only `json.dumps` is needed.
"""

import json
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from logging import Filter, Formatter, LogRecord
from typing import Any

from celery import current_task
from django.http import HttpRequest

from surveillance.request_log import REQUEST_ID, route_of

# The address of a calendar feed is its own key.
_FEED = re.compile(r"(/feeds/)[^\s\"'?]+")
# Behind the question mark stands what somebody looked for.
_QUERY = re.compile(r"(/[^\s\"'?]*\?)[^\s\"']+")


class WithoutSecrets(Filter):
    """Leave out of each line what is as good as a password, and what may tell who a patient is.

    An exception as an argument says its kind alone: its words may repeat what a row holds. Whoever
    knows better gives `str(error)`.
    """

    def filter(self, record: LogRecord) -> bool:
        asked = getattr(record, "request", None)
        request = asked if isinstance(asked, HttpRequest) else None
        record.request_id = request.META.get("REQUEST_ID", "") if request else REQUEST_ID.get()
        record.task_id = current_task.request.id if current_task else ""
        record.args = _harmless(record, request)
        said = record.getMessage()
        clean = _QUERY.sub(r"\1…", _FEED.sub(r"\1…", said))
        if clean != said:
            record.msg, record.args = clean, ()
        return True


def _harmless(record: LogRecord, request: HttpRequest | None) -> Any:
    args = record.args
    if isinstance(args, dict):
        # Celery's lines on a task that failed, in which an exception is text already.
        return {name: "…" if name == "exc" else _kind(arg) for name, arg in args.items()}
    return tuple(
        route_of(request) if request and arg == request.path else _kind(arg) for arg in args or ()
    )


def _kind(arg: object) -> object:
    """The name of an exception, PostgreSQL's with the code that says what was wrong."""
    if not isinstance(arg, BaseException):
        return arg
    code = getattr(arg.__cause__ or arg, "pgcode", None)
    return f"{type(arg).__name__} {code}" if code else type(arg).__name__


class Json(Formatter):
    """Write a line as a JSON object; of an exception, what kind it was and where."""

    def format(self, record: LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        for name in ("request_id", "task_id"):
            if told := getattr(record, name, ""):
                line[name] = told
        if record.exc_info and record.exc_info[1]:
            line["exception"] = list(_exceptions(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def _exceptions(error: BaseException | None) -> Iterator[dict[str, Any]]:
    """Each exception that led to the next, the last first."""
    while error:
        frames = traceback.extract_tb(error.__traceback__)
        yield {
            "kind": _kind(error),
            "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
