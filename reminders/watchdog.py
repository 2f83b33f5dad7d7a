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
from django.utils.translation import gettext as _

from reminders.alarms import administrators, mail, raise_alarm, tell_administrators
from reminders.models import AlarmKind
from reminders.queries import last_sweep
from reminders.troubles import ALARMS, NO_DATABASE, SILENT_EVER, SILENT_SINCE
from schedules.rules.wording import long_date
from schedules.sentences import stored

logger = logging.getLogger(__name__)

SILENT_AFTER = timedelta(hours=2)


class Watchdog:
    """Looks again and again. Whom to write to without a database it knows from its last look; the
    setting `WATCHDOG_EMAIL` names who else is told, also when it had none yet."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
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
            why = str(error)[:300].strip() or type(error).__name__
            wrong = stored(NO_DATABASE, why=why)
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
                dict.fromkeys(settings.WATCHDOG_EMAIL, "") | self._known,
                key=uuid4(),
                write=lambda: _letter(wrong, at.astimezone(UTC)),
            )
        )


def _letter(wrong: str, at: datetime) -> tuple[str, str]:
    noticed = _("Noticed on %(day)s at %(time)s UTC.") % {
        "day": long_date(at),
        "time": f"{at:%H:%M}",
    }
    means = _(
        "No page opens, nothing new is raised, and nothing that waits is sent. Nothing is lost: it "
        "goes on when the database is back."
    )
    said = f"{noticed}\n{ALARMS.read_again(wrong)}\n\n{means}\n\n{settings.SITE_URL}/readyz\n"
    return _("Sarcoma follow-up: the database cannot be used"), said


def _silence(at: datetime) -> str:
    """What is wrong if no sweep has begun for too long."""
    last = last_sweep(at)
    if last and last.started_at >= at - SILENT_AFTER:
        return ""
    if not last:
        return SILENT_EVER
    began = last.started_at.astimezone(UTC)
    return stored(SILENT_SINCE, day=began, time=f"{began:%H:%M}")
