"""Whom the product calls by TLS, and who is not whom they say: to these nothing is told."""

import os
import socket
import ssl
from pathlib import Path
from threading import Thread

import psycopg2
import pytest
from pytest_django import Settings

from reminders.channels import TryLater, channel
from tests.certificates import certificate
from tests.integration.reminders.channels.mails import message
from tests.integration.reminders.mail_server import send_to


def test_a_mail_server_with_another_certificate_gets_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    files = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    heard: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line, line.makefile("rb") as said:
            for reply in ("220 here", "250-here\r\n250 STARTTLS", "220 go ahead"):
                line.sendall(f"{reply}\r\n".encode())
                heard.append(said.readline() if "here" in reply else b"")
            try:
                with context.wrap_socket(line, server_side=True) as safe:
                    heard.append(safe.recv(1000))
            except OSError:
                heard.append(b"hung up")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=serve, args=[listening], daemon=True)
        server.start()
        send_to(settings, listening.getsockname()[1])
        settings.EMAIL_USE_TLS = True
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "us", "the password"
        with channel("email") as emails, pytest.raises(TryLater):
            emails.send(message())
        server.join(10)
    assert heard[-1] == b"hung up"
    assert not any(b"password" in one or b"AUTH" in one for one in heard)


def test_a_database_without_tls_is_not_used_where_tls_is_asked_for() -> None:
    """The test run's own speaks none; `sslmode` is what docs/install.md asks for."""
    with pytest.raises(psycopg2.OperationalError, match="does not support SSL"):
        psycopg2.connect(os.environ["DATABASE_URL"], sslmode="verify-full", connect_timeout=5)
