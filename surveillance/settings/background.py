"""What is done in the background, how often, and how long things are kept."""

from surveillance.settings.environment import env
from surveillance.settings.stores import REDIS_URL

# Each task is repeatable and finds its work in PostgreSQL. The visibility timeout stays above all
# time limits, also that of schedules.tasks.work, or a slow task would be handed out twice.
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # In seconds: a request that asks for a job must not hang on a broker that is gone, nor on one
    # that keeps its connections and answers nobody.
    "socket_connect_timeout": 5,
    "socket_timeout": 3,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
SWEEP_EVERY_SECONDS = env.int("SWEEP_EVERY_SECONDS", default=60)
RECONCILE_EVERY_SECONDS = 15 * 60
PACS_EVERY_SECONDS = 5 * 60
SEAL_EVERY_SECONDS = 15 * 60
FORGET_EVERY_SECONDS = 24 * 60 * 60
# How long the text of a message is kept, and for how many years a record after its last day.
MESSAGE_TEXT_DAYS = env.int("MESSAGE_TEXT_DAYS", default=365)
RETENTION_YEARS = env.int("RETENTION_YEARS", default=10)
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "reminders.tasks.sweep",
        "schedule": SWEEP_EVERY_SECONDS,
        # A sweep that could not start before the next one is due has nothing left to say.
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    # Whoever asks for a job rings at once; this is for what was not heard, or was broken off.
    "work": {
        "task": "schedules.tasks.work",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "settle": {
        "task": "imaging.tasks.settle",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "ask_pacs": {
        "task": "imaging.tasks.ask_pacs",
        "schedule": PACS_EVERY_SECONDS,
        "options": {"expires": PACS_EVERY_SECONDS},
    },
    "tell_receivers": {
        "task": "reminders.tasks.tell_receivers",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "listen_for_silence": {
        "task": "surveillance.tasks.listen_for_silence",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "seal_audit": {
        "task": "surveillance.tasks.seal_audit",
        "schedule": SEAL_EVERY_SECONDS,
        "options": {"expires": SEAL_EVERY_SECONDS},
    },
    "forget": {
        "task": "surveillance.tasks.forget",
        "schedule": FORGET_EVERY_SECONDS,
        "options": {"expires": FORGET_EVERY_SECONDS},
    },
    "reconcile": {
        "task": "reminders.tasks.reconcile",
        "schedule": RECONCILE_EVERY_SECONDS,
        "options": {"expires": RECONCILE_EVERY_SECONDS},
    },
}

# What is done in the background by more than one app: the kind of the job, and the function.
JOBS = {"fhir": "surveillance.fhir.exporting.make"}
