"""The Celery application: one worker pool, one beat, a static schedule in UTC.

The broker is only a doorbell: all work stands in PostgreSQL, and each tick
finds it there, so a lost or a repeated task changes nothing.
"""

import os
from contextlib import suppress
from logging.config import dictConfig
from pathlib import Path

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")

BEHIND_PEOPLE = 10  # as nice(1) counts: about a tenth of a processor that others want, too

app = Celery("surveillance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_settings_say(**about: object) -> None:
    """Keep Celery from setting up a log of its own, in which nothing would be left out."""
    dictConfig(settings.LOGGING)


@worker_init.connect
def let_people_go_first(**about: object) -> None:
    """Take of a processor what the pages leave: where one machine does all, a long export would
    otherwise make somebody wait for theirs. In containers their shares say so."""
    os.setpriority(os.PRIO_PROCESS, 0, BEHIND_PEOPLE)
    if os.getsid(0) == os.getpid():
        # Linux weighs sessions before it weighs their processes (sched(7), autogroup).
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(BEHIND_PEOPLE))
