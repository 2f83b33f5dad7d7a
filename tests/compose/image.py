"""The image as its Dockerfile makes it, and its containers as compose runs them, on this machine.

A container is a process that may not write to the image's files, knows no variable but its own,
and has a folder of its own in the place of /tmp. As root it runs as an account without rights.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from surveillance.embedded.account import hand_over, run_as
from tests.containers import (
    ROOT,
    bytes_of,
    command_of,
    instructions,
    probe_of,
    seconds_of,
    services,
    shipped,
)

# What the test run was told of its own servers.
OWN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL", "ALLOWED_HOSTS", "DEMO")


def python() -> str:
    """One that makes virtual environments, and that the account of the containers can run."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        try:
            subprocess.run([path, "-c", "import ensurepip"], check=True, **run_as())
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    pytest.skip("there is no Python with venv that another user can run")


@dataclass(frozen=True)
class Image:
    """The folders of the image, below one that everybody can enter."""

    folder: Path

    @property
    def app(self) -> Path:
        return self.folder / "app"

    @property
    def environment(self) -> dict[str, str]:
        """What the Dockerfile sets in the stage of the product."""
        words = " ".join(instructions("app", "ENV")).split()
        told = dict(word.split("=", 1) for word in words)
        path = f"{self.folder}/venv/bin:/usr/bin:/bin"
        return told | {"PATH": path, "LANG": "C.UTF-8", "HOME": "/nonexistent"}

    def build(self, stage: str) -> None:
        """Run the commands of a stage, but for those that make a user."""
        given = {name: value for name, value in os.environ.items() if name not in OWN}
        if stage != "packages":
            given |= {"PATH": f"{self.folder}/venv/bin:{os.environ['PATH']}"}
        for command in instructions(stage, "RUN"):
            if "useradd" in command:  # and what is theirs; see run_as
                continue
            done = subprocess.run(
                ["sh", "-euc", self._here(command)],
                cwd=self.app,
                env=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert done.returncode == 0, done.stdout

    def copy(self) -> None:
        """What .dockerignore lets through."""
        leave = shutil.ignore_patterns("__pycache__", "*.mo")
        for name in shipped():
            target = self.app / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target, ignore=leave)
            else:
                shutil.copy(ROOT / name, target)

    def _here(self, command: str) -> str:
        places = {"/venv": f"{self.folder}/venv", "/trial": f"{self.folder}/trial"}
        places |= {"/base.txt": f"{self.app}/requirements/base.txt"}
        for name, place in places.items():
            command = re.sub(rf"(?<![\w/.]){name}\b", place, command)
        command = command.replace("--no-cache-dir", "")  # what pip has kept need not come again
        command = re.sub(r"&& chown \S+ \S+", "", command)
        return re.sub(r"^python -m venv", f"{python()} -m venv", command)

    def files(self) -> set[Path]:
        return set(self.app.rglob("*"))

    def megabytes(self) -> int:
        files = [*self.app.rglob("*"), *(self.folder / "venv").rglob("*")]
        return sum(path.lstat().st_size for path in files) // 1_000_000


@dataclass
class Container:
    """A service of compose."""

    image: Image
    service: str
    environment: dict[str, str]
    places: dict[str, str]  # what stands in the place of which address, word or host
    most: int = 0  # bytes of memory that it was seen to hold

    def __post_init__(self) -> None:
        self.told: dict[str, Any] = services()[self.service]
        self.folder = Path(tempfile.mkdtemp(prefix=self.service, dir=self.image.folder))
        self.folder.chmod(0o755)
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        hand_over(self.tmp)
        self.environment = self.environment | {"TMPDIR": str(self.tmp)}

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def temporary(self) -> int:
        """Bytes that may lie in its /tmp, which is memory."""
        [size] = re.findall(r"/tmp:size=(\w+)", " ".join(self.told["tmpfs"]))
        return bytes_of(size)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run something in it to its end."""
        return subprocess.run(
            [self._here(word) for word in command],
            cwd=self.image.app,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            **run_as(),
        )

    def _here(self, word: str) -> str:
        for theirs, ours in self.places.items():
            word = word.replace(theirs, ours)
        return word

    def start(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self.process = psutil.Popen(
                [self._here(word) for word in command_of(self.service)],
                cwd=self.image.app,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **run_as(),
            )

    def must_be_healthy(self, within: float) -> None:
        """Ask its own probe until that says so."""
        deadline = time.monotonic() + within
        while (probe := self.run(probe_of(self.service))).returncode != 0:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, f"{self.service}: {probe.stdout}\n{self.log}"
            time.sleep(0.2)

    def look_at_memory(self) -> None:
        """Of all its processes; what they share counts in each."""
        family = [self.process, *self.process.children(recursive=True)]
        self.most = max(self.most, sum(one.memory_info().rss for one in family))

    def must_leave_in_order(self) -> None:
        """After a SIGTERM that it has had, within its own grace period."""
        grace = seconds_of(self.told.get("stop_grace_period", "10s"))
        assert self.process.wait(timeout=grace) == 0, f"{self.service}: {self.log}"


@contextmanager
def all_of(containers: list[Container]) -> Iterator[None]:
    """Start them one after another; at the end tell all to leave, and wait for each."""
    started: list[Container] = []
    try:
        for container in containers:
            container.start()
            started.append(container)
        yield
        families = [one.process.children(recursive=True) for one in started]
        for container in started:
            assert container.process.poll() is None, container.log
            container.process.send_signal(signal.SIGTERM)
        for container in started:
            container.must_leave_in_order()
        left = psutil.wait_procs([one for family in families for one in family], timeout=5)[1]
        assert left == []
    finally:
        for container in started:
            if container.process.poll() is None:
                for one in [*container.process.children(recursive=True), container.process]:
                    one.kill()
                container.process.wait()
