"""Silence is an alarm: is anybody still sweeping?

Asked by a process of its own that needs PostgreSQL and mail alone, for what it watches over may be
what is down: the worker, beat, the broker. It tells of the database, too, if that is away.
"""

import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import Error
from django.utils import timezone

from reminders.alarms import administrators, mail, raise_alarm, tell_administrators
from reminders.models import AlarmKind
from reminders.queries import last_sweep

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(hours=2)


class Watchdog:
    """Looks again and again. Whom to write to without a database it knows from its last look; the
    setting `WATCHDOG_EMAIL` names who else is told, also when it had none yet."""

    def __init__(self) -> None:
        self._known: list[str] = []
        self._told_of_database = False

    def look(self, at: datetime | None = None) -> str:
        """Look once; return what is wrong, in one line, or nothing.

        Administrators are told of each silence once, and of each time that the database is away.
        """
        at = at or timezone.now()
        try:
            self._known = administrators()
            wrong = _silence(at)
            if wrong:
                raise_alarm(AlarmKind.SILENCE, wrong, at=at)
            tell_administrators(at)
        except Error as error:
            wrong = (
                f"The database cannot be used: {str(error)[:300].strip() or type(error).__name__}"
            )
            if not self._told_of_database:
                self._told_of_database = self._tell(wrong, at)
        else:
            self._told_of_database = False
        if wrong:
            logger.warning("%s", wrong)
        return wrong

    def _tell(self, wrong: str, at: datetime) -> bool:
        """Mail that the database is away; say whether anybody was told."""
        return bool(
            mail(
                sorted({*self._known, *settings.WATCHDOG_EMAIL}),
                key=uuid4(),
                subject="Sarcoma follow-up: the database cannot be used",
                body=f"Noticed on {_moment(at)}. {wrong}\n\n"
                "No page opens, nothing new is raised, and nothing that waits is sent. Nothing is "
                f"lost: it goes on when the database is back.\n\n{settings.SITE_URL}/readyz\n",
            )
        )


def _silence(at: datetime) -> str:
    """What is wrong if no sweep has begun for too long."""
    last = last_sweep(at)
    if last and last.started_at >= at - SILENT_AFTER:
        return ""
    since = f"since {_moment(last.started_at)}" if last else "at all yet"
    return (
        f"No sweep has run {since}: nothing new is raised, and nothing that waits is sent. "
        "The lists are right all the same."
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y at %H:%M} UTC"
