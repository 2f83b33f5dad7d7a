"""The demo's supervisor, with small programs in place of the real ones."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from surveillance.demo import supervisor
from surveillance.demo.run import main

DEMO = """
import sys
import time
from pathlib import Path
from surveillance.demo.run import demo
from surveillance.demo.supervisor import Program, ProgramFailed
setup = [Program("greet", ["-c", "print('hello')"])]
running = [Program("web", ["-c", sys.argv[3]]), Program("worker", ["-c", sys.argv[4]])]
try:
    demo(int(sys.argv[1]), Path(sys.argv[2]), setup, running)
except ProgramFailed as failed:
    sys.exit(str(failed))
"""
WAIT = "import time; time.sleep(600)"
WAIT_WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{WAIT}'])"
WAIT_WHATEVER_THE_SIGNAL = (
    f"import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); {WAIT}"
)
FAIL = "import sys, time; time.sleep(0.5); sys.exit('the disk is full')"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def port() -> int:
    """A free one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    """Starts a demo, whose programs are given as Python code."""
    started: list[subprocess.Popen[str]] = []

    def start_demo(web: str = WAIT, worker: str = WAIT) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", DEMO, str(port), tmp_path, web, worker],
            env=os.environ | {"DATABASE_URL": "postgres://unused"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_demo
    for process in started:
        process.terminate()
        process.communicate()


def wait_until_it_runs(process: subprocess.Popen[str]) -> None:
    """Reads what the demo says up to its last line."""
    assert process.stdout
    for line in process.stdout:
        if "Ctrl-C stops it" in line:
            return
    raise AssertionError(process.stderr and process.stderr.read())


def programs_of(process: subprocess.Popen[str], count: int) -> list[psutil.Process]:
    """All that the demo has started, down to its programs' children, once they are so many."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        programs = psutil.Process(process.pid).children(recursive=True)
        if len(programs) == count:
            return programs
        time.sleep(0.05)
    raise AssertionError(f"{len(programs)} programs, not {count}")


def assert_are_gone(programs: list[psutil.Process]) -> None:
    """Gives the kernel a moment to carry out a kill."""
    deadline = time.monotonic() + 5
    while alive := [program for program in programs if supervisor.is_alive(program)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("what starts these tests ignores the signal, as nohup does")
    demo = start(web=WAIT_WITH_A_CHILD)
    wait_until_it_runs(demo)
    programs = programs_of(demo, 3)
    demo.send_signal(number)
    demo.send_signal(number)  # People press Ctrl-C twice.
    said, wrong = demo.communicate()
    assert (demo.returncode, wrong) == (0, "")
    assert "Stopping" in said
    assert_are_gone(programs)
    assert not (tmp_path / "demo.json").exists()


def test_what_ignores_the_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    with subprocess.Popen(
        [sys.executable, "-c", WAIT_WHATEVER_THE_SIGNAL],
        start_new_session=True,
        stdout=subprocess.PIPE,
    ) as stubborn:
        assert stubborn.stdout
        stubborn.stdout.readline()
        supervisor.end(psutil.Process(stubborn.pid))
        assert stubborn.wait(timeout=5) == -signal.SIGKILL


def test_it_ends_when_a_program_does(start: Start) -> None:
    demo = start(worker=FAIL)
    wait_until_it_runs(demo)
    programs = programs_of(demo, 2)
    _, wrong = demo.communicate()
    assert demo.returncode == 1
    assert wrong.startswith("worker ended with exit code 1, log: ")
    assert wrong.endswith("the disk is full\n")
    assert_are_gone(programs)


def test_the_next_one_ends_what_a_killed_one_left(
    start: Start, tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    demo = start(web=WAIT_WITH_A_CHILD)
    wait_until_it_runs(demo)
    programs = programs_of(demo, 3)
    demo.kill()
    demo.wait()
    assert all(program.is_running() for program in programs)
    record = tmp_path / "demo.json"
    record.write_text(json.dumps([*json.loads(record.read_text()), [stranger.pid, 1.0]]))

    wait_until_it_runs(start())
    assert_are_gone(programs)
    assert stranger.poll() is None


def test_a_second_one_names_the_first(start: Start, port: int) -> None:
    wait_until_it_runs(start())
    second = start()
    _, wrong = second.communicate()
    assert second.returncode == 1
    assert wrong == f"The demo is running already: http://localhost:{port}/\n"


def test_a_taken_port_is_named(start: Start, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        demo = start()
        _, wrong = demo.communicate()
    assert demo.returncode == 1
    assert wrong == (f"Port {port}: Address already in use. Try bin/demo --port {port + 1}\n")


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bin/demo", f"--port={text}"])
    with pytest.raises(SystemExit, match="is no port"):
        main()
