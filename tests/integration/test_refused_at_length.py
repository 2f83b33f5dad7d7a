"""Who sends much and is refused is told so: no answer is lost because the rest was not read."""

import http.client
from contextlib import closing
from pathlib import Path

import pytest

from tests.web_server import SECONDS, until, web

MUCH = bytes(23 << 20)  # more than the buffers of any socket
REFUSED = {"/imaging/upload/": 403, "/api/v1/images/": 401, "/nowhere/": 404}


@pytest.mark.django_db(transaction=True)
def test_the_refusal_of_a_long_request_arrives(tmp_path: Path) -> None:
    with web(tmp_path) as server:
        until(lambda: server.get("/healthz"), tmp_path)
        for path, refusal in REFUSED.items():
            for _ in range(5):
                line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
                with closing(line):
                    line.request("POST", path, MUCH)
                    assert line.getresponse().status == refusal, path
