"""The commands of the README's section on scanners do what it says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from imaging.models import Instance, Peer
from schedules.models import Scanner
from tests.dicom import made_ct, write
from tests.integration.imaging.server.test_worklist import booked
from tests.unit.test_documentation import README, lines_to_run

PROGRAMS = ("echoscu", "findscu", "storescu")


def test_they_run_one_after_another(port: int, scanner: Scanner, tmp_path: Path) -> None:
    if not shutil.which("echoscu"):
        pytest.skip("Debian's dcmtk is not installed")
    Peer.objects.update(ae_title="DEMO_CT")
    Scanner.objects.update(ae_title="DEMO_CT")
    booking = booked(scanner, family_name="Doe", given_name="Jane")
    write(made_ct(slices=2), tmp_path)

    said = {}
    for words in lines_to_run(README):
        if words[0] in PROGRAMS:
            here = {"11112": str(port), "FOLDER": str(tmp_path)}
            done = subprocess.run(
                [here.get(word, word) for word in words], capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
            said[words[0]] = done.stdout + done.stderr
    assert set(said) == set(PROGRAMS)
    assert "Doe^Jane" in said["findscu"]
    assert booking.accession in said["findscu"]
    assert Instance.objects.count() == 2
