"""The Celery application: one worker pool, one beat, a static schedule in UTC.

The broker is only a doorbell: all work stands in PostgreSQL, and each tick
finds it there, so a lost or a repeated task changes nothing.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")

app = Celery("surveillance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
