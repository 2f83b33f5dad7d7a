"""The Celery application: one worker pool, one beat, a static schedule in UTC.

The broker is only a doorbell: all work stands in PostgreSQL, and each tick
finds it there, so a lost or a repeated task changes nothing.
"""

import os
from logging.config import dictConfig

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")

app = Celery("surveillance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_settings_say(**about: object) -> None:
    """Keep Celery from setting up a log of its own, in which nothing would be left out."""
    dictConfig(settings.LOGGING)
