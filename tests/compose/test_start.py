"""Every process of docker-compose.yml, by its own command, on Debian's PostgreSQL and Redis.

Each has the files of the image, packages of requirements/base.txt alone, its own environment, and
nowhere to write but its folder of temporary files. The image is built by its Dockerfile's commands.
"""

import http.client
import json
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from surveillance.embedded.account import hand_over
from tests.compose.image import Container, Image, all_of
from tests.compose.proxies import PROXIES, missing, proxy, walk_through
from tests.compose.servers import DebianPostgres, DebianRedis, postgres_programs, redis_program
from tests.containers import FILLED_IN, HOST, ROOT, bytes_of, command_of, probe_of, services

pytestmark = pytest.mark.compose

RUNNING = ("web", "worker", "beat", "dicom", "watchdog")
START_SECONDS = 180  # a machine of tests may have much else to do


@dataclass(frozen=True)
class Answer:
    """What the web server said."""

    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass(frozen=True)
class Deployment:
    """The image, and what its containers are told."""

    image: Image
    environment: dict[str, str]
    places: dict[str, str]
    port: int

    def container(self, service: str) -> Container:
        return Container(
            self.image, service, self.image.environment | self.environment, self.places
        )

    def get(self, path: str, *, host: str = HOST, by_https: bool = False) -> Answer:
        """Ask the web server, as a proxy does that ended TLS or as one that did not."""
        headers = {"Host": host} | ({"X-Forwarded-Proto": "https"} if by_https else {})
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as web:
            web.request("GET", path, headers=headers)
            answer = web.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's own: nobody but its owner may enter that."""
    folder = Path(tempfile.mkdtemp(prefix="compose-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    image = Image(folder)
    image.copy()
    for stage in ("packages", "app"):
        image.build(stage)
    return image


@contextmanager
def servers(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of PostgreSQL and Redis; both are healthy by their own probes."""
    postgres_programs(), redis_program()
    folder.mkdir()
    postgres = DebianPostgres(folder, durable=False)
    redis = DebianRedis(folder)
    try:
        database, broker = urlsplit(postgres.start()), urlsplit(redis.start())
        with closing(psycopg2.connect(database.geturl())) as connection:
            connection.autocommit = True
            connection.cursor().execute("CREATE DATABASE surveillance")
        asked = {
            "PATH": f"{postgres_programs()}:/usr/bin:/bin",
            "PGPORT": str(database.port),
            "PGPASSWORD": database.password or "",
            "REDISCLI_AUTH": broker.password or "",
        }
        cli = ["redis-cli", "-p", str(broker.port)]
        subprocess.run(probe_of("db"), env=asked, check=True, stdout=subprocess.DEVNULL)
        assert probe_of("redis")[0] == "valkey-cli"
        subprocess.run(
            [*cli, *probe_of("redis")[1:]], env=asked, check=True, stdout=subprocess.DEVNULL
        )
        yield database.geturl(), broker.geturl()
    finally:
        redis.discard()
        postgres.discard()


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="module")
def deployment(image: Image, folder: Path) -> Iterator[Deployment]:
    """Nothing has started yet, not even migrate. Two of the secrets lie in files."""
    with servers(folder / "servers") as (database, broker):
        at = urlsplit(database)
        secrets = folder / "secrets"
        secrets.mkdir(mode=0o700)
        given = dict(FILLED_IN) | {"SWEEP_EVERY_SECONDS": "1"}
        for name, value in (
            ("SECRET_KEY", FILLED_IN["SECRET_KEY"]),
            ("POSTGRES_PASSWORD", at.password or ""),
        ):
            del given[name]
            given[f"{name}_FILE"] = str(secrets / name.lower())
            (secrets / name.lower()).write_text(f"{value}\n")
        hand_over(secrets)
        told: dict[str, str] = services(given)["web"]["environment"]
        told["DATABASE_URL"] = told["DATABASE_URL"].replace("db:5432", f"127.0.0.1:{at.port}")
        told["REDIS_URL"] = broker
        told["HOSTNAME"] = socket.gethostname()
        web, dicom = free_ports(2)
        places = {"0.0.0.0": "127.0.0.1", "127.0.0.1:8000": f"127.0.0.1:{web}"}
        places |= {"11112": str(dicom)}
        yield Deployment(image, told, places, web)


def test_every_process_starts_works_and_leaves_in_order(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    before = deployment.image.files()
    migrate = deployment.container("migrate")
    done = migrate.run(command_of("migrate"))
    assert done.returncode == 0, done.stdout
    assert "added ct-chest-abdomen-3m version 1" in done.stdout
    again = migrate.run(command_of("migrate"))
    assert again.returncode == 0, again.stdout
    assert "No migrations to apply" in again.stdout
    assert "added" not in again.stdout

    running = {service: deployment.container(service) for service in RUNNING}
    with all_of(list(running.values())):
        for container in running.values():
            container.must_be_healthy(START_SECONDS)
        _web_answers(deployment)
        for container in running.values():
            container.look_at_memory()
    for container in running.values():
        _logged_well(container)
        assert container.most * 2 + container.temporary < bytes_of(container.told["mem_limit"])
    with capsys.disabled():
        held = ", ".join(f"{name} {one.most // 1_000_000}" for name, one in running.items())
        print(f"\nMB: files {deployment.image.megabytes()}; memory: {held}")
    assert "reminders.tasks.sweep" in running["worker"].log
    assert deployment.image.files() == before


def _web_answers(deployment: Deployment) -> None:
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
    # Whoever says twice where a request ends could hide another one in it.
    for twice in ("Content-Length: 4\r\nContent-Length: 9", "Transfer-Encoding: chunked, identity"):
        with socket.create_connection(("127.0.0.1", deployment.port), 10) as line:
            request = f"POST / HTTP/1.1\r\nHost: {HOST}\r\n{twice}\r\n\r\n0\r\n\r\n"
            line.sendall(request.encode())
            assert line.recv(99).startswith(b"HTTP/1.1 400"), twice
    metrics = deployment.get("/metrics").body
    assert "surveillance_" in metrics


def _logged_well(container: Container) -> None:
    """Nothing went wrong but what the test did wrong itself."""
    lines = [json.loads(line) for line in container.log.splitlines() if line.startswith("{")]
    errors = [line for line in lines if line["level"] in ("ERROR", "CRITICAL")]
    assert [line for line in errors if line["logger"] != "django.security.DisallowedHost"] == []
    assert "Traceback" not in container.log, container.log


def test_a_documented_proxy_ends_tls_and_believes_no_client(
    deployment: Deployment, folder: Path
) -> None:
    there = [kind for kind in PROXIES if not missing(kind)]
    if not there:
        pytest.skip("neither nginx nor caddy is installed")
    web = deployment.container("web")
    with all_of([web]):
        web.must_be_healthy(START_SECONDS)
        for number, kind in enumerate(there, start=2):
            with proxy(kind, deployment.port, folder / kind) as front:
                walk_through(front, come_from=f"127.0.0.{number}")


def test_the_first_clinic_is_made_as_the_guide_says_and_backed_up(deployment: Deployment) -> None:
    guide = (ROOT / "docs" / "guides" / "administrator.md").read_text(encoding="utf-8")
    account = re.search(r"manage.py (invite .*--print)$", guide, re.MULTILINE)
    clinic = re.search(r"manage.py (create_clinic .*)$", guide, re.MULTILINE)
    web = deployment.container("web")
    said: list[str] = []
    for told in (account, clinic):
        assert told
        made = web.run(["python", "manage.py", *shlex.split(told[1])])
        assert made.returncode == 0, made.stdout
        said.append(made.stdout)
    assert f"https://{HOST}/sign-in/password/?link=" in said[0]
    count = "print(Membership.objects.filter(clinic__code='sarcoma').count())"
    found = web.run(["python", "manage.py", "shell", "-v", "0", "-c", count])
    assert int(found.stdout) == 1

    deployment.image.build("backup")
    hand_over(deployment.image.folder / "trial")
    backup = deployment.container("backup")
    kept = backup.run(["sh", "-c", f"{shlex.join(command_of('backup'))} | tar -t"])
    assert "Restored on trial and found the same" in kept.stdout
    assert {"dump", "state.json"} <= set(kept.stdout.splitlines())
