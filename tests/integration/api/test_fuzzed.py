"""What the API's description allows, and what it does not, is asked of the running server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from rest_framework.throttling import UserRateThrottle

from surveillance.accounts.models import User
from surveillance.accounts.roles import Act, Role
from surveillance.api.models import Token
from tests.browser.scene import busy_clinic
from tests.factories import ClinicFactory, ScheduleFactory

pytestmark = pytest.mark.long

MARK = "OfAnotherClinic"
ROOT = Path(__file__).resolve().parents[3]
# How many cases are drawn for each operation and role. A long run, by hand, tries every boundary of
# every parameter too, some thousands of cases more: FUZZ_EXAMPLES=25
LONG = "FUZZ_EXAMPLES" in os.environ
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "2" if "CI" in os.environ else "1")
PHASES = "examples,coverage,fuzzing,stateful" if LONG else "fuzzing"


@pytest.fixture
def people(transactional_db: None) -> dict[Role, User]:
    """A busy clinic's people; and another clinic, whose patients bear a mark."""
    _, users = busy_clinic()
    elsewhere = ClinicFactory.create()
    ScheduleFactory.create_batch(
        3,
        anchor__tumour__patient__clinic=elsewhere,
        anchor__tumour__patient__family_name=MARK,
        anchor__tumour__site=MARK,
    )
    return users


@pytest.fixture
def without_throttles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": None, "anon": None})


def ids_of(
    program: Client, description: dict[str, dict[str, object]]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids that each list gives this program."""
    for path in description["paths"]:
        answer = program.get(path) if "{" not in path else None
        if answer is not None and answer.status_code == 200 and "results" in answer.json():
            rows = answer.json()["results"]
            yield (
                path.removeprefix("/api/v1/").strip("/").split("/")[-1],
                [row["id"] for row in rows if "id" in row],
            )


@pytest.mark.parametrize("role", list(Role))
def test_no_request_finds_a_fault(
    live_server: LiveServer,
    people: dict[Role, User],
    without_throttles: None,
    role: Role,
    tmp_path: Path,
) -> None:
    _, token = Token.objects.create(
        people[role], expiry=timedelta(days=1), name="Fuzz", acts=list(Act), read_only=False
    )
    program = Client(headers={"authorization": f"Token {token}"})
    description = program.get("/api/schema/?format=json").json()
    known = dict(ids_of(program, description))
    config = tmp_path / "schemathesis.toml"
    config.write_text(
        "[checks.missing_required_header]\n"
        "expected-statuses = [400, 401, 403, 404, 422, 428]\n"
        "[checks.negative_data_rejection]\n"
        'expected-statuses = ["4xx"]\n'
        "[checks.positive_data_acceptance]\n"
        'expected-statuses = ["2xx", 304, 400, 401, 403, 404, 409, 412, 413, 422, 428]\n'
    )

    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run"),
            f"{live_server.url}/api/schema/",
            f"--header=Authorization: Token {token}",
            "--checks=all",
            f"--max-examples={EXAMPLES}",
            f"--phases={PHASES}",
            "--continue-on-failure",
            "--generation-database=none",
            "--no-color",
            "--seed=1",
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.integration.api.fuzz.hooks",
            "FUZZ_IDS": json.dumps(known),
            "FUZZ_MARK_OF_OTHERS": MARK,
            "PYTHONPATH": str(ROOT),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    [generated] = re.findall(r"(\d+) generated", run.stdout)
    assert int(generated) > 50
    print(run.stdout[run.stdout.index("Test cases:") :])
