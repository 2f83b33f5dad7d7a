"""Where things are kept: PostgreSQL every fact, Redis what may be lost."""

import json

import pghistory
from django.core.exceptions import ImproperlyConfigured

from surveillance.settings.environment import env, secret

DATABASES = {"default": env.db_url_config(secret("DATABASE_URL", "a PostgreSQL address."))}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL. See .env.example.")
DATABASES["default"] |= {
    # So that the address may hold no secret, and the password any sign.
    "PASSWORD": DATABASES["default"].get("PASSWORD") or secret("POSTGRES_PASSWORD"),
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    # In seconds: a probe must not hang on a host that is gone.
    "OPTIONS": {"connect_timeout": 5} | DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = secret("REDIS_URL", "the address of a Redis-compatible server.")
CACHES = {
    name: {
        "BACKEND": backend,
        "LOCATION": REDIS_URL,
        # Another one than that of the release before, whose pickles and code go on for a while.
        "KEY_PREFIX": "surveillance-json",
        # In seconds: nobody waits longer at the sign-in page for a host that is gone. By itself
        # Django reads pickles, which run what whoever wrote them wants.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2, "serializer": json},
    }
    for name, backend in {
        "default": "surveillance.door.forgiving_cache.ForgivingCache",
        "strict": "django.core.cache.backends.redis.RedisCache",
    }.items()
}

# What rows were is found by row and by time: an index for each key would cost more than it finds.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
