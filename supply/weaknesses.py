"""Asks which packages that are shipped have known weaknesses: python -m supply.weaknesses.

The exit code is 1 if there is one. Where nobody answers, as without a network, it says so and is 0:
a change must not fail for that. What does not concern the product stands in
requirements/weaknesses.toml, with the reason and a last day.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from supply.lock import LOCK

KNOWN = LOCK.with_name("weaknesses.toml")
SECONDS = 180


def judge(report: Mapping[str, Any], known: Mapping[str, Any], today: date) -> tuple[str, bool]:
    """Return what is to be said of a report of pip-audit, and whether that is a failure."""
    packages = report["dependencies"]
    asked = [package for package in packages if "vulns" in package]
    if not asked:
        return "Nobody could be asked for known weaknesses: nothing is known, good or bad.", False
    lines = []
    for package in asked:
        for weakness in package["vulns"]:
            names = {weakness["id"], *weakness.get("aliases", [])}
            if not any(_holds(known[name], today) for name in names & known.keys()):
                mended = ", ".join(weakness["fix_versions"]) or "no version yet"
                lines.append(
                    f"{package['name']} {package['version']}: {weakness['id']}, mended in {mended}"
                )
    unknown = [package["name"] for package in packages if "vulns" not in package]
    said = f"Asked for {len(asked)} packages; {len(lines)} weaknesses that are not excused."
    if unknown:
        said += f" Nothing is known of: {', '.join(unknown)}."
    return "\n".join([said, *lines]), bool(lines)


def _holds(excuse: Mapping[str, Any], today: date) -> bool:
    return bool(excuse["reason"]) and excuse["until"] >= today


def main() -> None:
    how = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", f"--requirement={LOCK}", *how, "--timeout=10"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        report = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        report = {"dependencies": []}
    said, failed = judge(report, tomllib.loads(KNOWN.read_text()), datetime.now(UTC).date())
    print(said)
    sys.exit(failed)


if __name__ == "__main__":
    main()
