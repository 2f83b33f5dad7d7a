"""What is shipped beside our own code is judged: licences, and weaknesses that are known."""

from datetime import date
from typing import Any

import pytest

from supply.licences import ALLOWED, READ, licences, refused
from supply.lock import names
from supply.weaknesses import judge

TODAY = date(2026, 3, 1)
WEAK = {
    "name": "django",
    "version": "5.2",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["5.2.1"]}],
}
SKIPPED = {"name": "vine", "version": "5.1.0", "skip_reason": "it was not found"}


@pytest.mark.parametrize(
    ("packages", "known", "says", "fails"),
    [
        ([WEAK, SKIPPED], {}, "django 5.2: PYSEC-1, mended in 5.2.1", True),
        ([WEAK], {"CVE-1": {"reason": "not used", "until": TODAY}}, "0 weaknesses", False),
        ([WEAK], {"CVE-1": {"reason": "", "until": TODAY}}, "1 weaknesses", True),
        ([WEAK], {"CVE-1": {"reason": "not used", "until": date(2026, 2, 28)}}, "1 weak", True),
        ([WEAK | {"vulns": []}, SKIPPED], {}, "Nothing is known of: vine.", False),
        ([SKIPPED], {}, "Nobody could be asked", False),
        ([], {}, "Nobody could be asked", False),
    ],
)
def test_a_known_weakness_fails_unless_it_is_excused_for_now(
    packages: list[dict[str, Any]], known: dict[str, Any], says: str, fails: bool
) -> None:
    said, failed = judge({"dependencies": packages}, known, TODAY)
    assert says in said
    assert failed is fails


def package(name: str, *, expression: str = "UNKNOWN", metadata: str = "UNKNOWN") -> dict[str, str]:
    ways = {"License-Expression": expression, "License-Metadata": metadata}
    return {"Name": name, "License-Classifier": "UNKNOWN"} | ways


def test_a_licence_that_nobody_has_read_is_refused() -> None:
    told = [
        package("A_b", expression="Apache-2.0 OR BSD-2-Clause"),
        package("c", metadata="New BSD"),
        package("d", expression="MIT AND GPL-3.0-only"),
        package("e", metadata="Copyright\nAll rights reserved."),
        package("certifi", metadata="MPL-2.0"),
    ]
    found = licences(told, ["a-b", "c", "certifi", "d", "e", "f"])
    assert found["a-b"] == "Apache-2.0 OR BSD-2-Clause"
    assert found["c"] == "BSD-3-Clause"
    assert refused(found) == [
        "d: MIT AND GPL-3.0-only",
        "e: no licence is known",
        "f: no licence is known",
    ]


def test_only_what_is_shipped_was_read_by_a_person() -> None:
    assert READ.keys() <= {*names()}
    assert not [licence for licence in ALLOWED if "GPL" in licence]
