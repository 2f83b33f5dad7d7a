"""What a checkout without configuration gets, and production does not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveillance.embedded import EmbeddedError, environment
from surveillance.embedded.postgres import Postgres

NAMES = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL", "ALLOWED_HOSTS", "DEMO")

WAIT_INSIDE = """
import os, sys, time
from pathlib import Path
from surveillance.embedded import environment
with environment(Path(sys.argv[1])):
    print(os.environ["DATABASE_URL"], flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """No configuration at first, and the test run's own again at the end."""
    given = dict(os.environ)
    for name in NAMES:
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(given)


def test_production_says_everything_itself(tmp_path: Path) -> None:
    os.environ["DATABASE_URL"] = "postgres://db.example.org/surveillance"
    before = dict(os.environ)
    with environment(tmp_path):
        assert dict(os.environ) == before
    assert not list(tmp_path.iterdir())


def test_a_bare_checkout_gets_what_is_missing(data_dir: Path) -> None:
    os.environ["EMAIL_URL"] = "smtp://mail.example.org"
    with environment(data_dir):
        assert Postgres(data_dir).answers(os.environ["DATABASE_URL"])
        assert os.environ["DEMO"] == "true"
        assert os.environ["EMAIL_URL"] == "smtp://mail.example.org"
        kept = data_dir / "secret_key"
        assert os.environ["SECRET_KEY"] == kept.read_text()
        assert len(kept.read_text()) >= 50
        assert kept.stat().st_mode & 0o777 == 0o600


def test_without_the_wheels_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveillance.embedded.defaults.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="Set DATABASE_URL and REDIS_URL, or install"):
        environment(tmp_path).__enter__()


def test_a_polite_kill_stops_the_servers_too(data_dir: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAIT_INSIDE, data_dir], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
    assert not Postgres(data_dir).answers(url)
