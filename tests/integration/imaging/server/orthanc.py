"""An Orthanc of Debian's, started by a test on free ports, and ended with it."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE = "ORTHANC"


@dataclass(frozen=True)
class Orthanc:
    """One that runs, by its REST address."""

    url: str
    port: int

    def post(self, path: str, body: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        answer = requests.post(f"{self.url}{path}", data=data, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def orthanc(place: Path, peer_port: int) -> Iterator[Orthanc]:
    """Start one that knows the server of the test as the modality `surveillance`."""
    program = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
    if not Path(program).exists() or not DICOMWEB.exists():
        pytest.skip("Debian's orthanc and orthanc-dicomweb are not installed")
    http, dicom = _free(), _free()
    settings = {
        "Name": "Orthanc of a test",
        "StorageDirectory": str(place / "storage"),
        "IndexDirectory": str(place / "storage"),
        "Plugins": [str(DICOMWEB)],
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": TITLE,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "HttpServerEnabled": True,
        "DicomModalities": {"surveillance": ["SURVEILLANCE", "127.0.0.1", peer_port]},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "ConcurrentJobs": 1,
    }
    config = place / "orthanc.json"
    config.write_text(json.dumps(settings))
    with (place / "orthanc.log").open("w") as log:
        running = subprocess.Popen([program, config], stdout=log, stderr=subprocess.STDOUT)
    try:
        found = Orthanc(f"http://127.0.0.1:{http}", dicom)
        until = monotonic() + 30
        while monotonic() < until and running.poll() is None:
            with suppress(requests.ConnectionError):
                found.get("/system")
                break
            sleep(0.1)
        else:
            pytest.fail((place / "orthanc.log").read_text()[-2000:])
        yield found
    finally:
        running.terminate()
        running.wait(20)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
