"""What beat asks for that concerns more than one app."""

import logging
from datetime import UTC

from celery import shared_task
from django.utils import timezone

from imaging.traffic import is_silent, last_answered
from reminders.alarms import end_alarm, raise_alarm, tell_administrators
from reminders.models import AlarmKind
from reminders.troubles import AUDIT_UNFIT, DICOM_SILENT_EVER, DICOM_SILENT_SINCE
from schedules.sentences import stored
from surveillance.audit.chain import seal_days, verify
from surveillance.retention import forget_texts

logger = logging.getLogger(__name__)
FAULTS_NAMED = 5


@shared_task
def listen_for_silence() -> None:
    """Raise an alarm when the DICOM server no longer answers itself, and end it when it does."""
    at = timezone.now()
    if not is_silent(at):
        end_alarm(AlarmKind.DICOM, at=at)
        return
    if answered := last_answered():
        answered = answered.astimezone(UTC)
        detail = stored(DICOM_SILENT_SINCE, day=answered, time=f"{answered:%H:%M}")
    else:
        detail = DICOM_SILENT_EVER
    raise_alarm(AlarmKind.DICOM, detail, at=at)
    tell_administrators(at)


@shared_task
def seal_audit() -> None:
    """Seal the days that are over; after a new seal verify all, and raise an alarm if not all fit.

    The log holds each seal, so that a copy of it stands outside the database.
    """
    seals = seal_days()
    if not seals:
        return
    for seal in seals:
        logger.info("the audit of %s is sealed: %s", seal.day, seal.digest)
    at = timezone.now()
    faults = verify().faults
    if not faults:
        end_alarm(AlarmKind.AUDIT, at=at)
        return
    lines = [stored(AUDIT_UNFIT, count=len(faults)), *map(str, faults[:FAULTS_NAMED])]
    raise_alarm(AlarmKind.AUDIT, "\n".join(lines), at=at)
    tell_administrators(at)


@shared_task
def forget() -> None:
    """Forget the texts of messages that are kept long enough."""
    logger.info("forgot the texts of %s messages", forget_texts(timezone.now()))
