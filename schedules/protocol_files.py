"""Protocols as files in the repository: read, checked, and laid into the database."""

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from schedules.models import Protocol, ProtocolState
from schedules.protocol_words import FOLDER
from schedules.rules.protocol import Definition, ProtocolError
from schedules.rules.suitability import Suits
from surveillance.audit.actions import record


def read_protocols() -> list[dict[str, Any]]:
    """Read all files and check their definitions.

    Raises:
        ProtocolError: a file is no TOML, lacks its citation, or is said to be active though its
            definition makes no sense; the message names the file and the place.
    """
    return [_read(path) for path in sorted(FOLDER.glob("*.toml"))]


@transaction.atomic
def load_protocols() -> list[Protocol]:
    """Add the versions that the files hold and the database does not; return the new ones.

    A version that is there already stays as it is: schedules count on it.

    Raises:
        ProtocolError: a file is wrong; then none is added.
    """
    loaded = [
        Protocol.objects.get_or_create(
            code=data.pop("code"), version=data.pop("version"), defaults=data
        )
        for data in read_protocols()
    ]
    new = [protocol for protocol, created in loaded if created]
    for protocol in new:
        record(
            act="protocol.loaded",
            by="manage.py load_protocols",
            clinic_code="",
            protocol=protocol.code,
            version=protocol.version,
        )
    return new


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        Suits.from_data(data.get("suits", {}))
        if data["state"] != ProtocolState.DRAFT:  # a draft may still lack what nobody knows yet
            Definition.from_data(data)
    except (tomllib.TOMLDecodeError, ProtocolError) as error:
        raise ProtocolError(f"{path.name}: {error}") from error
    if not data.get("citation"):
        raise ProtocolError(f"{path.name}: no citation")
    data.pop("words", None)  # of other languages: read as they are shown
    return data
