"""What production would have written to its log, and whether it tells of a patient."""

import logging
import re
from copy import copy
from io import StringIO

from surveillance.logs import Json, WithoutSecrets

# Who the patients of the factories, the demo, the examples and the DICOM files are.
PEOPLE = re.compile(
    r"Family\d+|Given\d+|MRN-\d+|DEMO-\d+|LIST-\d+|Examplesson|Doe\^Jane"
    r"|(?:1960-?05-?17|1970-?05-?06|1961-?04-?02)"
)


class Kept(logging.StreamHandler[StringIO]):
    """A handler as that of production, which keeps what it writes."""

    def __init__(self) -> None:
        super().__init__(StringIO())
        self.setLevel(logging.INFO)
        self.setFormatter(Json())
        self.addFilter(WithoutSecrets())

    def handle(self, record: logging.LogRecord) -> bool:
        return bool(super().handle(copy(record)))  # others see it as it was

    def taken(self) -> str:
        """Return what was written since this was asked last."""
        said = self.stream.getvalue()
        self.setStream(StringIO())
        return said
