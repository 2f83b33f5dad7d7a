"""How well descriptions are read, on such as hospitals write, each with what it really covered.

`descriptions.csv` was written before the grammar, which was then mended by it. `blind.csv` was
written after the grammar. Read for the first time, the one gave a precision of 1.000 and a recall
of 0.981, the other 0.992 and 0.951. One description of the latter was wrongly sure, a pan scan that
named the three regions which it was of: that was mended, and nothing that it misses was looked at.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from imaging.coverage import Study, covered
from imaging.regions import Region

HERE = Path(__file__).parent


class Described(NamedTuple):
    language: str
    kind: str
    regions: frozenset[str]
    description: str


class Counts(NamedTuple):
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)


def described(name: str) -> list[Described]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return [
            Described(
                row["language"], row["kind"], frozenset(row["regions"].split()), row["description"]
            )
            for row in csv.DictReader(file)
        ]


def surely(description: str) -> frozenset[str]:
    coverage = covered(Study(description=description), {})
    return frozenset(coverage.regions if coverage.sure else ())


def counts(rows: list[Described], regions: frozenset[str]) -> Counts:
    """Count the regions that descriptions were surely read to cover, against the truth."""
    pairs = [(surely(row.description) & regions, row.regions & regions) for row in rows]
    return Counts(
        right=sum(len(read & truth) for read, truth in pairs),
        wrong=sum(len(read - truth) for read, truth in pairs),
        missed=sum(len(truth - read) for read, truth in pairs),
    )


def wrongly_sure(rows: list[Described]) -> Iterator[str]:
    return (row.description for row in rows if surely(row.description) - row.regions)


@pytest.mark.parametrize("region", Region)
def test_each_region_called_sure_was_covered_and_few_are_missed(region: Region) -> None:
    rows = described("descriptions.csv")

    assert list(wrongly_sure(rows)) == []
    assert counts(rows, frozenset({region})).recall >= 0.97


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "it", "pt", "nl"])
def test_no_language_is_read_worse(language: str) -> None:
    rows = [row for row in described("descriptions.csv") if row.language == language]

    assert len(rows) >= 15
    assert counts(rows, frozenset(Region)).recall >= 0.97


def test_descriptions_written_after_the_grammar_are_read_nearly_as_well() -> None:
    rows = described("blind.csv")
    measured = counts(rows, frozenset(Region))

    assert len(rows) >= 150
    assert measured.precision >= 0.99
    assert measured.recall >= 0.94


def test_the_two_lists_share_nothing() -> None:
    assert not {row.description for row in described("descriptions.csv")} & {
        row.description for row in described("blind.csv")
    }
