"""What the web server answers is counted right, whichever of its workers answered."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from surveillance.accounts.models import User
from tests.containers import command_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


def samples(text: str) -> dict[str, float]:
    """Each sample by its name and what its labels say, in the order of the labels' names."""
    return {
        " ".join([sample.name, *(said for _, said in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Web:
    """gunicorn as the image runs it, with its own folder for what is temporary."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def get(self, path: str) -> str:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS
        ) as answer:
            text: str = answer.read().decode()
            return text

    def counted(self) -> dict[str, float]:
        return samples(self.get("/metrics"))

    def workers(self) -> set[int]:
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def counts(self) -> set[Path]:
        """The files in which workers count: each has its own mapped."""
        maps = [Path(f"/proc/{pid}/maps").read_text() for pid in self.workers()]
        return {Path(found) for one in maps for found in re.findall(r"/\S+/counter_\d+\.db", one)}

    def begin_to_post(self) -> socket.socket:
        """Send a form's head, and nothing of its body: a worker then waits for it."""
        line = socket.create_connection(("127.0.0.1", self.port))
        line.sendall(
            b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Cookie: csrftoken=" + b"a" * 32 + b"\r\n\r\n"
        )
        return line


@contextmanager
def web(folder: Path) -> Iterator[Web]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words = [re.sub(r"0\.0\.0\.0:8000", f"127.0.0.1:{port}", word) for word in command_of("web")]
    name = connection.settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "DEMO": "true",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TMPDIR": str(folder),
    }
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield Web(process, port)
            process.terminate()
            assert process.wait(timeout=SECONDS) == 0
        finally:
            process.kill()


def until(is_so: Callable[[], object], folder: Path) -> None:
    """Wait until it is, or say what the server has said."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if is_so():
                return
        except OSError:
            pass  # nobody listens yet
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_each_request_is_counted_once_whoever_answers_and_whoever_was_killed(
    tmp_path: Path,
) -> None:
    health = "surveillance_requests_total GET healthz 200"
    progress = "surveillance_requests_in_progress"
    asked = 0
    with web(tmp_path) as server, ThreadPoolExecutor(8) as people:
        until(lambda: server.get("/metrics"), tmp_path)

        def both_have_answered() -> bool:
            nonlocal asked
            assert set(people.map(server.get, ["/healthz"] * 40)) == {"ok\n"}
            asked += 40
            return len(server.counts()) >= 2

        until(both_have_answered, tmp_path)
        # Enough scrapes that each worker has given its answer.
        for _ in range(10):
            counted = server.counted()
            assert counted[health] == asked
            assert counted["surveillance_request_seconds_count healthz"] == asked
            assert counted[progress] == 1

        with server.begin_to_post():
            until(lambda: server.counted()[progress] == 2, tmp_path)
            killed = server.workers()
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            until(lambda: len(server.workers() - killed) == 2, tmp_path)

        until(lambda: server.counted()[progress] == 1, tmp_path)
        assert not server.workers() & killed
        assert server.counted()[health] == asked
        both_have_answered()
        assert server.counted()[health] == asked
        [folder] = {path.parent for path in server.counts()}
    assert not folder.exists()
    # What people upload may fill that disk: a worker whose counts stood there would die of it.
    assert folder.parent != tmp_path or not Path("/dev/shm").exists()


@pytest.mark.django_db
def test_no_label_holds_what_a_request_says(client: Client) -> None:
    client.force_login(User.objects.create_user("hanako"))
    client.get("/patients/?q=Yamada")
    client.get("/Yamada/12345678")
    client.generic("YAMADA", "/healthz")
    text = client.get("/metrics").content.decode()

    counted = samples(text)
    assert counted["surveillance_requests_total GET patients 403"] >= 1
    assert counted["surveillance_requests_total GET none 404"] >= 1
    assert any(name.startswith("surveillance_requests_total other healthz ") for name in counted)
    for said in ("Yamada", "YAMADA", "12345678", "hanako"):
        assert said not in text
