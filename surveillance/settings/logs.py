"""What is logged, and how."""

from surveillance.settings.environment import DEMO

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "surveillance.logs.Json"},
    },
    "filters": {"secrets": {"()": "surveillance.logs.WithoutSecrets"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain" if DEMO else "json",
            "filters": ["secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "pynetdicom": {"level": "WARNING"},  # it tells of every message
        "gunicorn.error": {
            "handlers": [],
            "propagate": True,
        },  # as the rest, not by its own handler
    },
}
