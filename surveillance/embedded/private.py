"""Files that nobody but their owner reads."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes it whole or not at all, readable by its owner alone from the first moment."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
