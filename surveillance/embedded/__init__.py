"""A real PostgreSQL and a real Valkey (it speaks Redis) for a checkout that has none.

For the demo, development and tests; production sets DATABASE_URL and REDIS_URL.
"""

from surveillance.embedded.defaults import environment, leave_in_order
from surveillance.embedded.errors import EmbeddedError

__all__ = ["EmbeddedError", "environment", "leave_in_order"]
