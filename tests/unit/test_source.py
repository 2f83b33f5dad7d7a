"""What the source of the product does nowhere, beside what ruff and mypy find in `bin/check`."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import global_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

ROOT = Path(__file__).resolve().parents[2]
APPS = ("imaging", "patients", "reminders", "schedules", "surveillance")
# Each by the one place that may have it, if one may.
RUNS_TEXT = {
    "eval",
    "exec",
    "compile",
    "pickle.loads",
    "pickle.load",
    "marshal.loads",
    "yaml.load",
    "os.system",
    "os.popen",
    "Template",
    "engines.from_string",
    "mark_safe",
}
BY_SCRIPTS = re.compile(
    r"\.(?:innerHTML|outerHTML|insertAdjacentHTML|write|postMessage)\b|[\"']message[\"']|__proto__"
    r"|\b(?:eval|Function|localStorage|indexedDB)\b"
)


@cache
def nodes() -> list[tuple[str, ast.Call | ast.ClassDef]]:
    """Each call and class of the product, with its file."""
    return [
        (str(path.relative_to(ROOT)), node)
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call | ast.ClassDef)
    ]


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    for path, node in nodes():
        if isinstance(node, ast.Call):
            yield path, node, ast.unparse(node.func)


def test_our_source_runs_no_text() -> None:
    found = {
        f"{path}: {ast.unparse(call)[:60]}"
        for path, call, name in calls()
        if name in RUNS_TEXT
        or any(one.arg == "shell" and ast.unparse(one.value) != "False" for one in call.keywords)
    }
    assert found == set()


def test_our_scripts_run_no_text() -> None:
    """Nor do they hear other windows, or keep anything but in their own tab."""
    scripts = sorted((ROOT / "static").glob("*.js"))
    assert scripts
    for script in scripts:
        assert not (found := BY_SCRIPTS.search(script.read_text(encoding="utf-8"))), (script, found)


def test_every_form_and_serializer_names_its_fields() -> None:
    """So that a column that is added later is neither shown nor written by itself."""
    for path, node in nodes():
        if isinstance(node, ast.ClassDef) and node.name == "Meta":
            told = {ast.unparse(one) for one in node.body if isinstance(one, ast.Assign)}
            assert not {one for one in told if re.match(r"exclude =|fields = '", one)}, path


def test_no_weak_hash_guards_anything() -> None:
    settings = (ROOT / "surveillance" / "settings").glob("*.py")
    said = [path.read_text(encoding="utf-8") for path in settings]
    assert said
    assert "PASSWORD_HASHERS" not in "".join(said)  # Django's own order then holds
    assert global_settings.PASSWORD_HASHERS[0].endswith(PBKDF2PasswordHasher.__name__)
    assert PBKDF2PasswordHasher.iterations >= 600_000
    assert [path for path, _, name in calls() if re.search(r"\b(md5|sha1)$", name)] == []
