"""What the web server answers is counted right, whichever of its workers answered."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client

from surveillance.accounts.models import User
from tests.web_server import samples, until, web


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
