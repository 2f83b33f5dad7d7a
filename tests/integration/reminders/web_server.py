"""A web server for tests: keeps what is posted to it, and answers as a test asks for."""

import socket
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self


@dataclass(frozen=True)
class Posted:
    """One request, as it came."""

    path: str
    headers: Message
    body: bytes


class WebServer(ThreadingHTTPServer):
    """Listens on a free port of this machine within `with`; keeps what it takes in `posted`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.posted: list[Posted] = []
        self.connections = 0
        self.answers = 200
        self.says = "{}"
        self.leads_to = ""  # another address
        self.hangs_up = 0  # times, after having taken what was posted, without an answer
        self.falls_silent = False  # instead of answering

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class Clerk(BaseHTTPRequestHandler):
    """Answers for a `WebServer`."""

    server: WebServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(Posted(self.path, self.headers, body))
        if self.server.hangs_up:
            self.server.hangs_up -= 1
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if self.server.falls_silent:
            self.rfile.read(1)  # until the other side has lost its patience
            self.close_connection = True
            return
        said = self.server.says.encode()
        self.send_response(self.server.answers)
        if self.server.leads_to:
            self.send_header("Location", self.server.leads_to)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing into the tests' output."""
