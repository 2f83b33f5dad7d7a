"""Compiles the translations that changed: `python -m surveillance.translations`.

By Babel, so that no machine needs the system's gettext. What it writes is not kept in the
repository; whoever starts the product from a clone, or builds its image, calls this first.
"""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"


def compile_translations(folder: Path = LOCALE) -> None:
    """Writes a .mo beside each .po that is newer. Of two at once the later one's stands.

    Errors: ValueError with file and line for a catalogue that cannot be read.
    """
    for source in folder.glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as lines:
            catalogue = read_po(lines, abort_invalid=True)
        fresh = compiled.with_name(f".{os.getpid()}.{compiled.name}")
        with fresh.open("wb") as out:
            write_mo(out, catalogue)
        fresh.replace(compiled)


if __name__ == "__main__":
    compile_translations()
