"""Let people work a while, plainly or with a fault in the middle, or with each of them in turn."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.load.faults import FAULTS
from benchmarks.load.running import ROOT, run
from surveillance.embedded import leave_in_order

PLAIN = "plain"
HEAD = (
    "| in the middle | people | requests | no answer | 503 | other 5xx | acts | unheard | lost "
    "| doubled | letters | lost | repeated | served again after | swept after "
    "| p95 before, while, after | ended by itself |",
    "|---" + "|--:" * 14 + "|---|---|",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=3, help="once all have signed in (3)")
    parser.add_argument("--patients", type=int, default=1500, help="of each of 3 clinics (1500)")
    parser.add_argument("--thinks", type=float, default=8, help="seconds before each press (8)")
    parser.add_argument("--broker-minutes", type=float, default=10, help="of broker-long (10)")
    parser.add_argument("--fault", choices=[PLAIN, *FAULTS], action="append", default=[])
    parser.add_argument("--all", action="store_true", help="plain, and then each fault")
    parser.add_argument("--folder", type=Path, help="for logs and ledgers, which then stay")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    leave_in_order()
    names = [PLAIN, *FAULTS] if options.all else options.fault or [PLAIN]
    if len(names) == 1:
        told = [_one(names[0], options)]
    else:
        told = [_in_its_own_process(name) for name in names]
    if options.json:
        print(json.dumps(told, indent=2))
    else:
        print(*HEAD, *map(_row, told), sep="\n")
        print(*(f"{one['fault']}: {why}" for one in told for why in one["wrong"]), sep="\n")
    sys.exit(any(one["wrong"] for one in told))


def _one(name: str, options: argparse.Namespace) -> dict[str, Any]:
    if name == PLAIN:
        return run(None, options)
    fault = FAULTS[name]
    if why := fault.cannot():
        sys.exit(f"{fault.title}: {why}")
    if name == "broker-long":
        fault = replace(fault, seconds=options.broker_minutes * 60)
    return run(fault, options)


def _in_its_own_process(name: str) -> dict[str, Any]:
    """Django knows one database for as long as a process lives."""
    given = [word for word in sys.argv[1:] if word not in ("--all", "--json")]
    command = [sys.executable, "-m", "benchmarks.load", *given, "--json", "--fault", name]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    [told] = json.loads(ran.stdout)
    return dict(told)


def _row(told: Mapping[str, Any]) -> str:
    counted = (
        *(
            "users",
            "requests",
            "no_answer",
            "unavailable",
            "failed",
            "acts",
            "unknown",
            "lost",
            "doubled",
        ),
        *("letters", "letters_lost", "letters_repeated"),
    )
    after = (f"{told[name]} s" if name in told else "" for name in ("served_after", "swept_after"))
    tails = ", ".join(f"{times.get('p95', '–')} ms" for times in told["tails"].values())
    ended = ", ".join(told["ended"])
    cells = (told["fault"], *map(told.get, counted), *after, tails, ended)
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
