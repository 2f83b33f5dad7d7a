"""How long pages took before, in and after the middle of a run."""

from collections.abc import Sequence
from statistics import quantiles

from benchmarks.load.ledger import Request

PHASES = ("before", "while", "after")
SHARES = (50, 95, 99)


def tails(requests: Sequence[Request], moments: tuple[float, float]) -> dict[str, dict[str, float]]:
    """Return the milliseconds below which so many per cent of the answers came, by phase.

    What goes on at a sign-in costs by intent, and an association of DICOM is no page: neither
    counts.
    """
    found: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for one in requests:
        if 0 < one.status < 500 and not one.name.startswith(("sign in", "DICOM")):
            found[PHASES[sum(one.at > moment for moment in moments)]].append(one.ms)
    return {
        phase: {f"p{share}": round(quantiles(times, n=100)[share - 1]) for share in SHARES}
        if len(times) > 1
        else {}
        for phase, times in found.items()
    }
