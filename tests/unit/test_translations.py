"""The Japanese catalogue: whole, well formed, and of the texts that the source has."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

from surveillance.translations import LOCALE, compile_translations

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = LOCALE / "ja" / "LC_MESSAGES" / "django.po"


def catalogue(path: Path = CATALOGUE) -> Catalog:
    with path.open("rb") as lines:
        return read_po(lines, abort_invalid=True)


def texts(of: Catalog) -> list[Message]:
    return [message for message in of if message.id]


def keys(of: Catalog) -> set[object]:
    return {(one.context, one.id if isinstance(one.id, str) else one.id[0]) for one in texts(of)}


def test_every_text_has_its_japanese() -> None:
    lacking = [one.id for one in texts(catalogue()) if one.fuzzy or not one.string]

    assert lacking == []


def test_every_translation_keeps_the_names_of_what_is_filled_in() -> None:
    told = catalogue()

    wrong = {str(one.id): errors for one in texts(told) if (errors := list(one.check(told)))}

    assert wrong == {}


def test_a_catalogue_that_changed_is_compiled_again(tmp_path: Path) -> None:
    source = tmp_path / "ja" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    shutil.copy(CATALOGUE, source)
    compiled = source.with_suffix(".mo")

    compile_translations(tmp_path)
    first = compiled.stat().st_mtime_ns
    compile_translations(tmp_path)
    assert compiled.stat().st_mtime_ns == first

    later = first / 1e9 + 5
    os.utime(source, (later, later))
    compile_translations(tmp_path)
    assert compiled.stat().st_mtime_ns != first


@pytest.mark.skipif(not shutil.which("xgettext"), reason="Debian's gettext is not installed")
def test_the_catalogue_has_just_the_texts_of_the_source(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    of_tests = shutil.ignore_patterns(".*", "tests", "benchmarks", "docs", "*.pyc")
    shutil.copytree(ROOT, copy, ignore=of_tests)
    made = copy / CATALOGUE.relative_to(ROOT)

    command = [sys.executable, "manage.py", "makemessages", "-l", "ja", "--no-obsolete"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, timeout=120)

    assert keys(catalogue(made)) == keys(catalogue())
