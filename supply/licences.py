"""Lists the licence of each package that is shipped: python -m supply.licences > docs/licences.md.

A licence that is not on the list below is refused, so that somebody reads it first.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping

from supply.lock import names

# They ask for no more than that their text is kept, which it is, beside each package.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Zlib",
}
# As packages write them, and their names on the list.
_SAME = {
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD License": "BSD",
    "BSD license": "BSD",
    "MIT License": "MIT",
    "New BSD": "BSD-3-Clause",
}
# Read by a person: what the package does not say in a word, or what asks for more.
READ = {
    "async-timeout": ("Apache-2.0", "only for older versions of Python 3.11"),
    "certifi": ("MPL-2.0", "a list of certificates, used unchanged"),
    "colorama": ("BSD-3-Clause", "only for Windows"),
    "fido2": (
        "BSD-2-Clause",
        "with parts under Apache-2.0, and a list of domains under MPL-2.0, unchanged",
    ),
    "psycopg2-binary": (
        "LGPL-3.0 with exceptions",
        "a library, used unchanged, that anybody may replace",
    ),
    "python-dateutil": ("Apache-2.0 OR BSD-3-Clause", ""),
    "qrcode": ("BSD-3-Clause", "with parts under MIT"),
}
_HEAD = """# Licences

Of what the image holds beside Python and the product, which is under the [MIT licence](../LICENSE).
Made by `python -m supply.licences`; a licence that is new is refused until somebody has read it.

| package | licence | note |
|---|---|---|
"""


def licences(packages: Iterable[Mapping[str, str]], wanted: Iterable[str]) -> dict[str, str]:
    """Return the licence of each as pip-licenses tells of it, and nothing where it does not."""
    told = {_same(package["Name"]): _licence(package) for package in packages}
    return {name: READ[name][0] if name in READ else told.get(_same(name), "") for name in wanted}


def refused(found: Mapping[str, str]) -> list[str]:
    """Return what nobody has read yet, one line each."""
    return [
        f"{name}: {licence or 'no licence is known'}"
        for name, licence in found.items()
        if name not in READ and not set(re.split(r" AND | OR |; ", licence)) <= ALLOWED
    ]


def _same(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(package: Mapping[str, str]) -> str:
    """By the newest way of saying it that the package knows."""
    for way in ("License-Expression", "License-Metadata", "License-Classifier"):
        said = package[way]
        if said not in ("UNKNOWN", "LICENSE") and "\n" not in said:
            parts = re.split(r"( AND | OR |; )", said)
            return "".join(_SAME.get(part, part) for part in parts)
    return ""


def main() -> None:
    wanted = names()
    asked = ["--format=json", "--from=all", "--with-system", "--packages", *wanted]
    told = subprocess.run(
        [sys.executable, "-m", "piplicenses", *asked], stdout=subprocess.PIPE, check=True, text=True
    )
    found = licences(json.loads(told.stdout), wanted)
    if wrong := refused(found):
        sys.exit("Licences that nobody has read:\n" + "\n".join(wrong))
    notes = {name: note for name, (_, note) in READ.items()}
    lines = [f"| {name} | {licence} | {notes.get(name, '')} |" for name, licence in found.items()]
    print(_HEAD + "\n".join(lines).replace("|  |", "| |"))


if __name__ == "__main__":
    main()
