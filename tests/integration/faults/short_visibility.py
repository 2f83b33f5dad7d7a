"""The product's settings, but a task that is not done after a second is handed out again."""

from surveillance.settings import *  # noqa: F403

# And somebody looks for such tasks every second, not every hundred.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
