"""What somebody asks for when they take something out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from schedules.models import ExportTable, FileFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A table as a file: which columns, and which rows of which clinics. It names no patient."""

    table: ExportTable
    file_format: FileFormat
    clinics: tuple[str, ...]  # their codes
    columns: tuple[str, ...]  # their names, in the table's order
    protocol: str = ""
    state: str = ""
    first: date | None = None  # of the table's day, inclusive
    last: date | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen, as each of its clinics' records holds it."""
        told = self.told()
        return told | {"of_clinics": len(told.pop("clinics"))}

    def told(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        told = asdict(self) | {"format": self.file_format.value, "table": self.table.value}
        del told["file_format"]
        for name in ("clinics", "columns"):
            told[name] = list(told[name])
        for name in ("first", "last"):
            told[name] = told[name].isoformat() if told[name] else ""
        return told

    @classmethod
    def by(cls, told: Mapping[str, Any]) -> Self:
        """Return what `told` held as JSON."""
        return cls(
            table=ExportTable(told["table"]),
            file_format=FileFormat(told["format"]),
            clinics=tuple(told["clinics"]),
            columns=tuple(told["columns"]),
            protocol=told["protocol"],
            state=told["state"],
            first=date.fromisoformat(told["first"]) if told["first"] else None,
            last=date.fromisoformat(told["last"]) if told["last"] else None,
        )

    @property
    def file_name(self) -> str:
        """What the file is called: it names the table and nobody."""
        ending = {FileFormat.JSON: "jsonl"}.get(self.file_format, self.file_format.value)
        return f"{self.table.value}.{ending}"
