"""The web server as the image runs it, on a port of this machine."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from tests.containers import ROOT, command_of

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
