"""A header as it is kept: JSON in, JSON out, and the digest that tells two apart."""

import hashlib
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from imaging.coverage import Code, Kind
from imaging.headers.header import Header, Identity, Order

UIDS = ("study_uid", "series_uid", "sop_uid")  # kept in columns of their own


def as_kept(header: Header) -> dict[str, Any]:
    """Return what a header says, its UIDs left out, as JSON can hold it."""
    says = {name: value for name, value in asdict(header).items() if name not in UIDS}
    kept: dict[str, Any] = json.loads(json.dumps(says, default=date.isoformat))
    return kept


def digest(says: dict[str, Any]) -> str:
    """Return the same for two that say the same, and nothing else."""
    return hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()


def from_kept(says: dict[str, Any], *, study_uid: str, series_uid: str) -> Header:
    """Return the header that was kept, of no instance in particular."""
    identity = says["identity"]
    return Header(
        **{
            **says,
            "kind": Kind(says["kind"]),
            "identity": Identity(**{**identity, "birth_date": _day(identity["birth_date"])}),
            "performed_on": _day(says["performed_on"]),
            "orders": tuple(Order(**order) for order in says["orders"]),
            "procedures": tuple(Code(**code) for code in says["procedures"]),
            "anatomy": tuple(Code(**code) for code in says["anatomy"]),
        },
        study_uid=study_uid,
        series_uid=series_uid,
        sop_uid="",
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
