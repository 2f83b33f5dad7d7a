"""People at work while web, worker, broker and database are killed, one after the other.

How long anything took is not for a test to say.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks

WORDS = ("--fault", "four", "--users", "20", "--minutes", "0.4", "--patients", "300")


@pytest.mark.long
def test_what_people_were_told_stands_after_four_deaths(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *WORDS, "--json", "--folder", tmp_path / "run"],
        cwd=Path(benchmarks.__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,
    )
    [told] = json.loads(ran.stdout)

    assert (told["wrong"], told["lost"], told["doubled"], told["failed"]) == ([], 0, 0, 0)
    assert told["acts"] > 20
    assert told["letters"] > 300
    assert told["no_answer"] > 0  # it was felt
