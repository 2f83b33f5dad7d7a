"""The web server's own settings: its log, and that what its workers count stands in one folder.

Its access log stays off: it would hold whole addresses. `surveillance.request_log` has a line for
each request.
"""

import os
import shutil
import tempfile

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from surveillance.settings import LOGGING as logconfig_dict  # noqa: F401, N811 # its name for it

# Seconds for which a connection is kept when nothing comes by it: longer than the minute for which
# proxies keep theirs, or one of them would now and then send a form into a line that is just cut.
keepalive = 75
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Its files are mapped: where their disk is full, a count that finds no room for itself ends its
# worker (SIGBUS). What people upload may fill the disk of temporary files, but not this one.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 # by mkdtemp


def on_starting(server: Arbiter) -> None:
    """Make the folder, new at each start, and name it before there is any worker.

    prometheus_client asks for its name when it is imported: of these processes, workers alone
    have done so.
    """
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="metrics-", dir=IN_MEMORY)


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Forget what a worker that is gone had in hand. What it has counted stays."""
    # Imported only once the folder has its name.
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Arbiter) -> None:
    shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
