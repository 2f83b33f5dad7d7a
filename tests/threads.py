"""Several people at once, each on a database connection of their own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Start all `acts` at the same moment; return what each returned or raised, in their order.

    The test must be marked `django_db(transaction=True)`: only what is committed can be seen.
    """
    all_connected = Barrier(len(acts), timeout=30)

    def run(act: Callable[[], T]) -> T | Exception:
        try:
            connection.ensure_connection()
            all_connected.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(run, acts))
