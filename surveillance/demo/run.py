"""Behind bin/demo: the whole product on one machine with demo data, until Ctrl-C."""

import argparse
import contextlib
import functools
import http.client
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from surveillance.demo.supervisor import (
    Program,
    ProgramFailed,
    StopRequested,
    Supervisor,
    end_leftovers,
)
from surveillance.embedded import EmbeddedError, environment
from surveillance.embedded.locks import open_lock, try_exclusive
from surveillance.embedded.paths import DATA_DIR

SETUP = [
    Program("translations", ["-m", "surveillance.translations"]),
    Program("migrate", ["manage.py", "migrate"]),
    Program("load_protocols", ["manage.py", "load_protocols"]),
    Program("seed_demo", ["manage.py", "seed_demo"]),
]

LOGINS = """\
  nurse       demo-only-password
  clinician   demo-only-password
  admin       demo-only-password
  auditor     demo-only-password"""

DICOM_PORT = 11112

say = functools.partial(print, flush=True)


def programs(port: int, dicom_port: int) -> list[Program]:
    """What runs until the end: web server, worker, beat, watchdog and DICOM server."""
    # gunicorn's control socket would be one for all demos of a user: its place is their home.
    web = ["gunicorn", "surveillance.wsgi", "--config", "python:surveillance.gunicorn"]
    web += ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    celery = ["celery", "-A", "surveillance"]
    is_healthy = functools.partial(_is_healthy, port)
    return [
        Program("web", ["-m", *web, "--workers", "2", "--threads", "4"], is_healthy),
        Program("worker", ["-m", *celery, "worker", "--loglevel", "INFO", "--concurrency", "2"]),
        # Its schedule is in the settings, so there is no file to keep.
        Program("beat", ["-m", *celery, "beat", "--scheduler", "celery.beat.Scheduler"]),
        Program("watchdog", ["manage.py", "watchdog"]),
        Program("dicom", ["manage.py", "dicom_server", "--port", str(dicom_port)]),
    ]


def demo(port: int, data_dir: Path, setup: Sequence[Program], running: Sequence[Program]) -> None:
    """Runs the demo of a data folder. Leaving it by any way ends all that it started."""
    address = f"http://localhost:{port}/"
    record = data_dir / "demo.json"
    with open_lock(data_dir / "demo.lock") as lock:
        if not try_exclusive(lock):
            sys.exit(f"The demo is running already: {Path(lock.name).read_text()}")
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        end_leftovers(record)
        _check_is_free(port)

        os.environ.setdefault("SITE_URL", address)
        os.environ.setdefault("SWEEP_EVERY_SECONDS", "15")  # somebody waits for the mailbox
        say("Starting PostgreSQL and Valkey")
        with environment(data_dir), Supervisor(record, data_dir / "log") as supervisor:
            try:
                for program in setup:
                    say(f"Running {program.name}")
                    supervisor.run(program)
                for program in running:
                    say(f"Starting {program.name}")
                    supervisor.start(program)
                say(f"\n{address}\n\n{LOGINS}\n\nLogs are in {data_dir / 'log'}. Ctrl-C stops it.")
                supervisor.watch()
            except StopRequested:
                say("\nStopping. The data stays for the next start.")


def main() -> None:
    """Parses the command line, and puts what goes wrong in one line."""
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("--port", type=_port, default=8000, help="of the web pages (8000)")
    port = parser.parse_args().port
    if given := {"DATABASE_URL", "DATABASE_URL_FILE"} & os.environ.keys():
        sys.exit(f"The demo brings its own servers: unset {given.pop()} to run it")
    try:
        dicom_port = _free_from(DICOM_PORT)
        say(f"DICOM: SURVEILLANCE on 127.0.0.1, port {dicom_port}, for the scanner DEMO_CT")
        demo(port, DATA_DIR, SETUP, programs(port, dicom_port))
    except (EmbeddedError, ProgramFailed) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass  # Ctrl-C while the servers were starting.


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"{text} is no port: choose from 1 to 65535, as in bin/demo --port 8001")
    return int(text)


def _check_is_free(port: int) -> None:
    with socket.socket() as probe:
        # As the web server will do: else the ends of its last connections are in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Port {port}: {error.strerror}. Try bin/demo --port {port + 1}")


def _free_from(port: int) -> int:
    """Return the first port from this one on that nobody has: another demo's server may run."""
    for free in range(port, port + 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", free))
            return free
    sys.exit(f"No port from {port} on is free for DICOM")


def _is_healthy(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as web:
        try:
            web.request("GET", "/healthz")
            return web.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    main()
