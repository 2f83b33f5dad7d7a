"""The shared cache, as one that may be away: what was to be remembered is then forgotten."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class ForgivingCache(RedisCache):
    """Let people in, and pages and programs go on, while Redis is away: nobody counts then.

    Whoever must know that it is away asks the cache `strict` instead.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return super().add(*args, **kwargs)
        except RedisError:
            return bool(_missed(True))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError:
            return _missed(default)
        except ValueError:  # no JSON: somebody else has written it
            return default

    def set(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(*args, **kwargs)
        except RedisError:
            _missed(None)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return super().delete(*args, **kwargs)
        except RedisError:
            return bool(_missed(False))


def _missed(answer: Any) -> Any:
    log.error("Redis is away: requests and failed sign-ins are not counted.")
    return answer
