"""What the documents say is there is there: files, commands, settings."""

import ast
import os
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVICES = set(
    re.findall(r"^  ([a-z]+):$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
)
OUR_APPS = {"patients", "schedules", "reminders", "imaging", "surveillance"}


def lines_to_run(text: str) -> list[list[str]]:
    """The words of each line that a document's blocks of shell hold."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def managed(text: str) -> list[list[str]]:
    """What a document says to run by manage.py, without what stands before it."""
    start = [".venv/bin/python", "manage.py"]
    return [words[2:] for words in lines_to_run(text) if words[:2] == start]


def in_compose(text: str) -> list[list[str]]:
    """What a document says to run by docker compose, behind these two words."""
    return [words[2:] for words in lines_to_run(text) if words[:2] == ["docker", "compose"]]


def settings_read() -> set[str]:
    """The variables that the settings ask the environment for."""
    names = set()
    modules = [
        ast.parse(path.read_text()) for path in (ROOT / "surveillance/settings").glob("*.py")
    ]
    for node in (node for module in modules for node in ast.walk(module)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        asks = re.fullmatch(r"required|secret|env\.\w+", ast.unparse(node.func))
        match node.args[0]:
            case ast.Constant(value=str(name)) if asks:
                names.add(name)
                if asks[0] == "secret":
                    names.add(f"{name}_FILE")
    return names


def compose_asks_for() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{([A-Z_]+)", text))


def example() -> dict[str, str]:
    """The variables of .env.example."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line.strip() and not line.startswith("#"))


def test_the_example_names_every_variable_and_no_other() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "DEBUG", "SITE_URL"} <= settings_read()
    assert set(example()) == settings_read() | compose_asks_for()


def test_the_example_holds_no_secret_and_is_safe() -> None:
    for name in (
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "EMAIL_URL",
        "SMS_URL",
        "PACS_LOGINS",
        "OIDC_CLIENT_SECRET",
    ):
        assert example()[name] == example()[f"{name}_FILE"] == ""
    assert example()["DEBUG"] == example()["DEMO"] == "false"


def test_each_variable_of_the_example_has_a_comment_above_it() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for paragraph in text.strip().split("\n\n"):
        assert paragraph.startswith("# ")


def test_the_readme_explains_every_variable() -> None:
    explained = {
        name
        for row in re.findall(r"^\| (`[A-Z_`, ]+) \|", README, re.MULTILINE)
        for name in re.findall(r"[A-Z_]+", row)
    }
    assert explained == set(example())


def test_the_readme_lists_every_command_of_ours() -> None:
    ours = {name for name, app in get_commands().items() if app.split(".")[0] in OUR_APPS}
    assert {"preview_schedule", "sweep", "export_schedules", "load_protocols"} <= ours
    assert set(re.findall(r"^\| `(\w+) ?[^`]*` \| ", README, re.MULTILINE)) >= ours
    assert {words[0] for words in managed(README)} >= ours


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_says_to_run_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for words in lines_to_run(text):
        if words[0].startswith(("bin/", ".venv/")):
            assert os.access(ROOT / words[0], os.X_OK) or words[0] == ".venv/bin/python"
    by_compose = in_compose(text)
    for first, *words in by_compose:
        if first in ("exec", "run", "logs", "restart", "stop", "ps") and words:
            assert SERVICES & set(words), (first, *words)
    inside = [words[words.index("manage.py") + 1 :] for words in by_compose if "manage.py" in words]
    for name, *arguments in [*managed(text), *inside]:
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(arguments)
    for name in re.findall(r"`bin/(\w+)", text):
        assert os.access(ROOT / "bin" / name, os.X_OK), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        leads_to = document.parent / path if path else document
        assert leads_to.exists(), target
        if heading:
            assert heading in headings(leads_to), target


def headings(document: Path) -> set[str]:
    """The names under which a document's headings can be linked to."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


def test_every_page_is_found_from_the_readme() -> None:
    found, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in found or page.suffix != ".md" or not page.is_file():
            continue
        found.add(page)
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            leads_to = (page.parent / target).resolve()
            ahead += leads_to.glob("*.md") if leads_to.is_dir() else [leads_to]
    assert set(DOCUMENTS) <= found


def test_each_decision_has_its_four_parts() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [
        f"{number:04}" for number in range(1, len(decisions) + 1)
    ]
    for path in decisions:
        parts = re.findall(r"^\*\*(\w+)\.\*\*", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Refused", "Consequences"], path.name


def test_each_picture_is_shown_somewhere_and_all_of_them_are_small() -> None:
    pictures = {path for path in (ROOT / "docs" / "screenshots").iterdir() if path.suffix != ".md"}
    shown = {
        (document.parent / target).resolve()
        for document in DOCUMENTS
        for target in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    }

    assert pictures == {path for path in shown if path.parent.name == "screenshots"}
    assert sum(path.stat().st_size for path in pictures) < 1_000_000
