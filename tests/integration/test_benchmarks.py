"""The benchmarks run, and what they compare is the same. How fast is not for a test to say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import benchmarks
from benchmarks.dicom_server import server_is_measured

pytestmark = pytest.mark.long

# Measured beside dcmtk's programs, where they are.
SERVER_ROWS = ["storescp", "storescp_nodelay", "worklist"] if server_is_measured() else []
ROW = {"name", "ours", "baseline", "unit", "ratio"}


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    root = Path(benchmarks.__file__).parents[1]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["benchmarks.plan", "--patients", "100"], ["relativedelta", "copy"]),
        (
            ["benchmarks.alerts", "--patients", "100", "--mails", "10"],
            [
                "nothing_new",
                "nothing_new_size",
                "nothing_new_size_100k",
                "raise_50000",
                "smtp_in_turn",
                "smtp",
                "smtp_task_each",
            ],
        ),
        (
            ["benchmarks.looks", "--patients", "20"],
            ["list", "worklist", "api_list", "patient", "export"],
        ),
        (
            ["benchmarks.dicom", "--slices", "20", "--bookings", "40"],
            ["headers", "study_600", *SERVER_ROWS],
        ),
    ],
)
def test_a_benchmark_compares_what_brings_about_the_same(
    arguments: list[str], names: list[str]
) -> None:
    rows: list[dict[str, Any]] = json.loads(run(*arguments, "--json"))

    assert [row["name"] for row in rows] == names
    for row in rows:
        assert row.keys() == ROW
        assert row["ours"] > 0
        assert row["ratio"] == pytest.approx(row["ours"] / row["baseline"])


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    benchmarks.show([benchmarks.Row("copy", 3.0, 2.0, "s", 1.5)], as_json=False)

    assert capsys.readouterr().out.splitlines()[1].split() == ["copy", "3.00", "2.00", "s", "1.50"]


def test_what_does_not_bring_about_the_same_is_not_compared() -> None:
    with pytest.raises(SystemExit, match=r"^copy: ours and the baseline do not bring about"):
        benchmarks.compare("copy", ours=lambda: 1, baseline=lambda: 2, unit="s")
