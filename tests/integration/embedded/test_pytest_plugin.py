import os
from pathlib import Path

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="There is one process alone.")
@pytest.mark.parametrize("server", ["DATABASE_URL", "REDIS_URL"])
def test_a_process_that_runs_tests_has_servers_of_its_own(server: str) -> None:
    started_with = Path("/proc/self/environ").read_text(encoding="utf-8").split("\0")

    assert f"{server}={os.environ[server]}" not in started_with
