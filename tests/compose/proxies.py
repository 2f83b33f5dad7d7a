"""The proxies that the install guide tells of, each with its own file, on ports of this machine."""

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import certificate
from tests.containers import HOST, ROOT

FILES = ROOT / "docs" / "proxy"
PROXIES = {"nginx": FILES / "nginx.conf", "caddy": FILES / "Caddyfile"}
START_SECONDS = 10


@dataclass(frozen=True)
class Proxy:
    plain: int
    tls: int
    folder: Path

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        by_tls: bool = True,
        come_from: str = "127.0.0.1",
        name: str = HOST,
        by_old_tls: bool = False,
    ) -> http.client.HTTPResponse:
        """Ask as a browser does that knows the name, and the certificate by sight."""
        line = socket.create_connection(
            ("127.0.0.1", self.tls if by_tls else self.plain), 10, (come_from, 0)
        )
        if by_tls:
            context = ssl.create_default_context(cafile=self.folder / "certificate.pem")
            context.check_hostname = False  # it is made out to the address
            if by_old_tls:
                context.set_ciphers("ALL:@SECLEVEL=0")  # else it is this side that refuses
                with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            try:
                line = context.wrap_socket(line, server_hostname=name)
            except OSError:
                line.close()
                raise
        web = http.client.HTTPConnection(name)
        web.sock = line
        try:
            web.request("POST" if body else "GET", path, body=body, headers=dict(headers or {}))
            return web.getresponse()
        finally:
            web.close()


def missing(kind: str) -> bool:
    return shutil.which(kind, path="/usr/sbin:/usr/bin:/usr/local/bin") is None


@contextmanager
def proxy(kind: str, web: int, folder: Path) -> Iterator[Proxy]:
    """Run nginx or Caddy by its documented file, in front of the web server at port `web`."""
    folder.mkdir()
    certificate(folder)
    with socket.socket() as one, socket.socket() as another:
        for probe in (one, another):
            probe.bind(("127.0.0.1", 0))
        plain, tls = one.getsockname()[1], another.getsockname()[1]
    told = PROXIES[kind].read_text(encoding="utf-8")
    told = told.replace("/etc/ssl/surveillance", str(folder)).replace(":8000", f":{web}")
    if kind == "nginx":
        told = told.replace("/var/log/nginx", str(folder))
        told = re.sub(r"listen 80\b", f"listen 127.0.0.1:{plain}", told)
        told = re.sub(r"listen 443\b", f"listen 127.0.0.1:{tls}", told)
        temporary = "".join(
            f"{what}_temp_path {folder}/{what};"
            for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # Who runs the tests may have no right to become another user.
        around = f"pid {folder}/pid; error_log {folder}/error.log; events {{}}"
        told = f"{around} http {{ {temporary}\n{told} }}"
        arguments = ["-e", str(folder / "error.log"), "-c"]
        check, run = ["-t"], ["-g", "daemon off; master_process off;"]
    else:
        ports = f"admin off\nhttp_port {plain}\nhttps_port {tls}\ndefault_bind 127.0.0.1"
        told = told.replace("\n{\n", f"\n{{\n{ports}\n", 1)
        arguments, check, run = ["--adapter", "caddyfile", "--config"], ["validate"], ["run"]
    file = folder / PROXIES[kind].name
    file.write_text(told, encoding="utf-8")
    environment = {"PATH": "/usr/sbin:/usr/bin:/usr/local/bin", "HOME": str(folder)}

    def command(words: list[str]) -> list[str]:
        named = [*arguments, str(file)]
        return [kind, *named, *words] if kind == "nginx" else [kind, *words, *named]

    checked = subprocess.run(command(check), env=environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command(run), env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _listens(tls):
                assert process.poll() is None, (folder / "said").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield Proxy(plain, tls, folder)
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def walk_through(front: Proxy, *, come_from: str) -> None:
    """Ask the product through a proxy what it must answer, and claim what it must not believe."""
    plain = front.ask("/sign-in/?next=/audit/", by_tls=False)
    assert plain.status in (301, 308)
    assert plain.headers["Location"] == f"https://{HOST}/sign-in/?next=/audit/"
    assert front.ask("/api/v1/patients", by_tls=False).status == 403
    # Nobody is led to a page in the clear, whatever they claim.
    lie = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere.example.org"}
    page = front.ask("/sign-in/", lie)
    assert page.status == 200
    [cookie] = [one for one in page.headers.get_all("Set-Cookie", []) if "csrf" in one]
    assert "Secure" in cookie
    assert page.headers.get_all("Strict-Transport-Security") == [
        "max-age=31536000; includeSubDomains; preload"
    ]
    assert "Server" not in page.headers or page.headers["Server"] == "nginx"
    assert len(page.headers["X-Request-ID"]) >= 32

    # A list of patients may have 20 MB; what is longer, and is no CT, gets no further than here.
    for address, told in {"/sign-in/": (413, 502), "/imaging/upload/": (403,)}.items():
        with suppress(OSError):  # the line may be cut before all of it has left
            assert front.ask(address, body=bytes(23 << 20)).status in told
    assert front.ask("/metrics").status == 200
    assert front.ask("/metrics", come_from=come_from).status == 403

    # Who made up another address each time is still one and the same, and another one is not.
    for count in range(61):
        claim = {"X-Forwarded-For": f"10.0.0.{count}", "X-Real-IP": "10.0.0.1"}
        last = front.ask("/fhir/metadata", claim, come_from=come_from).status
        assert last == (200 if count < 60 else 429)
    assert front.ask("/fhir/metadata").status == 200

    refused = "(?i)alert|unrecognized name"  # by the other side
    with pytest.raises(ssl.SSLError, match=refused):
        front.ask("/healthz", by_old_tls=True)
    with pytest.raises(ssl.SSLError, match=refused):
        front.ask("/healthz", name="elsewhere.example.org")
