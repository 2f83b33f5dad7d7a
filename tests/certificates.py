"""Certificates for tests of TLS."""

import subprocess
from pathlib import Path


def certificate(place: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for this machine, signed by itself, and of its key."""
    made = [place / "certificate.pem", place / "key.pem"]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-out", made[0], "-keyout", made[1]),
        ],
        check=True,
        capture_output=True,
    )
    return made[0], made[1]
