"""What people type is connected to where the list lets the server, by real sockets of this machine.

Only the answers of the name service are made up: no test may ask a real one.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from pytest_django import Settings

from reminders.channels import TryLater
from reminders.channels.mllp import MllpLine
from surveillance.outgoing.connecting import NotAllowed, check, check_url, connect, guard
from surveillance.outgoing.entries import allowed
from tests.certificates import certificate

Names = dict[str, list[str]]


class Clerk(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.headers["Host"])  # type: ignore[attr-defined]
        self.send_response(302 if self.path == "/onward" else 200)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *said: object) -> None:
        """Be silent."""


@contextmanager
def listening(place: str, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer((place, port), Clerk)
    server.asked = []
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the name service answers: at each question the next address, and then the last again."""
    told: Names = {}
    real: Callable[..., Any] = socket.getaddrinfo

    def answers(host: str, port: int, *args: Any, **more: Any) -> Any:
        if host in told:
            places = told[host]
            return real(places.pop(0) if len(places) > 1 else places[0], port, *args, **more)
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **more)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    return told


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        guard(made)
        yield made


def test_without_a_list_nothing_is_connected_to(
    settings: Settings, names: Names, session: requests.Session
) -> None:
    with listening("127.0.0.1") as server:
        port, url = server.server_port, f"http://127.0.0.1:{server.server_port}/"
        settings.OUTGOING_ALLOWED = ()
        for attempt in (
            lambda: check("127.0.0.1", port),
            lambda: check_url(url),
            lambda: connect("127.0.0.1", port, 5),
            lambda: session.get(url, timeout=5),
        ):
            with pytest.raises(NotAllowed, match="may not connect to 127"):
                attempt()
        with (
            MllpLine("127.0.0.1", port, tls=False, codec="utf-8") as line,
            pytest.raises(TryLater, match="OUTGOING_ALLOWED"),
        ):
            line.open()
        assert server.asked == []

        settings.OUTGOING_ALLOWED = allowed([f"127.0.0.1:{port}"])
        assert session.get(url, timeout=5).text == "ok"
        with MllpLine("127.0.0.1", port, tls=False, codec="utf-8") as line:
            line.open()


def test_a_name_that_changes_its_mind_leads_to_no_other_machine(
    settings: Settings, names: Names, session: requests.Session
) -> None:
    """At first it is the PACS, at the next question what stands beside it (DNS rebinding)."""
    with listening("127.0.0.1") as pacs, listening("127.0.0.2", pacs.server_port) as inside:
        url = f"http://pacs.example.org:{pacs.server_port}/"
        settings.OUTGOING_ALLOWED = allowed(["pacs.example.org", "127.0.0.1"])
        names["pacs.example.org"] = ["127.0.0.1", "127.0.0.2"]
        assert session.get(url, timeout=5).text == "ok"
        assert pacs.asked == [f"pacs.example.org:{pacs.server_port}"]
        session.close()
        for _ in range(2):
            with pytest.raises(NotAllowed):
                session.get(url, timeout=5)
        for place in ("169.254.169.254", "127.0.0.2", "0.0.0.0", "::ffff:169.254.169.254"):
            names["pacs.example.org"] = [place]
            with pytest.raises(NotAllowed):
                check_url(url)
        names["pacs.example.org"] = ["10.1.2.3"]
        check_url(url)  # a machine of the hospital's, as whoever runs the server has said
        del names["pacs.example.org"]
        check_url(url)  # it cannot be found just now, and may be typed all the same
        for host in ("other.example.org", "2130706434", "127.2"):
            with pytest.raises(NotAllowed):
                check(host, pacs.server_port)
        assert inside.asked == []


def test_a_pacs_leads_nowhere_else(settings: Settings, session: requests.Session) -> None:
    with listening("127.0.0.1") as server:
        settings.OUTGOING_ALLOWED = allowed(["127.0.0.1"])
        with pytest.raises(requests.TooManyRedirects):
            session.get(f"http://127.0.0.1:{server.server_port}/onward", timeout=5)
        assert len(server.asked) == 1


def test_tls_still_asks_for_the_name_that_was_typed(
    settings: Settings, names: Names, session: requests.Session, tmp_path: Path
) -> None:
    own, key = certificate(tmp_path)  # of 127.0.0.1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    settings.OUTGOING_ALLOWED = allowed(["pacs.example.org", "127.0.0.1"])
    names["pacs.example.org"] = ["127.0.0.1"]
    session.verify = str(own)
    with listening("127.0.0.1", tls=context) as server:
        assert session.get(f"https://127.0.0.1:{server.server_port}/", timeout=5).text == "ok"
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://pacs.example.org:{server.server_port}/", timeout=5)
