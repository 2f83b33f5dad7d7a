"""What beat asks for that concerns more than one app."""

from celery import shared_task
from django.utils import timezone

from imaging.traffic import is_silent, last_answered
from reminders.alarms import end_alarm, raise_alarm, tell_administrators
from reminders.models import AlarmKind


@shared_task
def listen_for_silence() -> None:
    """Raise an alarm when the DICOM server no longer answers itself, and end it when it does."""
    at = timezone.now()
    if not is_silent(at):
        end_alarm(AlarmKind.DICOM, at=at)
        return
    answered = last_answered()
    since = f"since {answered:%Y-%m-%d %H:%M} UTC" if answered else "and never has"
    raise_alarm(AlarmKind.DICOM, f"The DICOM server does not answer itself, {since}.", at=at)
    tell_administrators(at)
