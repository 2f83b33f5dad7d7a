"""What is measured, each figure beside a baseline that is measured in the same run.

`python -m benchmarks.NAME` prints a table, with `--json` a list of rows
`{name, ours, baseline, unit, ratio}`. The ratio is our cost over the baseline's: lower is better.
"""

import gc
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import TypeVar

import django

from surveillance.embedded import environment

ROUNDS = 5

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    name: str
    ours: float
    baseline: float
    unit: str
    ratio: float


def compare(
    name: str,
    *,
    ours: Callable[[], T],
    baseline: Callable[[], T],
    unit: str,
    units_per_second: float = 1,
    outcome: Callable[[T], object] = lambda result: result,
) -> Row:
    """Run both in turn, and compare the medians of their times.

    `outcome` is called after each run, off the clock, and tells what the run brought about.

    Raises:
        SystemExit: the two brought about different things; then no figure means anything.
    """
    seconds: dict[Callable[[], T], list[float]] = {ours: [], baseline: []}
    outcomes = []
    for _ in range(ROUNDS):
        for run, times in seconds.items():
            gc.collect()
            gc.disable()  # as timeit does: what else is in memory would count
            started = perf_counter()
            result = run()
            times.append(perf_counter() - started)
            gc.enable()
            outcomes.append(outcome(result))
    if any(other != outcomes[0] for other in outcomes):
        raise SystemExit(f"{name}: ours and the baseline do not bring about the same")
    our_cost, their_cost = (median(times) for times in seconds.values())
    return Row(
        name=name,
        ours=our_cost * units_per_second,
        baseline=their_cost * units_per_second,
        unit=unit,
        ratio=our_cost / their_cost,
    )


def show(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'':20}{'ours':>10}{'baseline':>10}  {'':10}{'ratio':>6}")
    for row in rows:
        print(f"{row.name:20}{row.ours:10.2f}{row.baseline:10.2f}  {row.unit:10}{row.ratio:6.2f}")


@contextmanager
def own_database() -> Iterator[None]:
    """Set Django up on an empty database, deleted at the end: on servers of its own, or beside
    the one that DATABASE_URL names.
    """
    with environment(throwaway=True):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surveillance.settings")
        django.setup()
        from django.db import connection  # needs the settings

        beside = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"]["NAME"] = f"benchmark_{os.getpid()}"
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(beside, verbosity=0)
