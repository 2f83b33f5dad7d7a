"""bin/venv, with a lock that asks for nothing: what counts is when it builds."""

import shutil
import subprocess
from pathlib import Path

import pytest

VENV = Path(__file__).resolve().parents[3] / "bin" / "venv"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a space in its name."""
    folder = tmp_path / "my checkout"
    for part in ("bin", "requirements"):
        (folder / part).mkdir(parents=True)
    shutil.copy(VENV, folder / "bin")
    (folder / "requirements" / "dev.txt").write_text("# nothing\n")
    return folder


def run(checkout: Path) -> subprocess.Popen[str]:
    """Starts bin/venv of the checkout."""
    return subprocess.Popen([checkout / "bin" / "venv"], stdout=subprocess.PIPE, text=True)


def test_a_half_made_one_is_built_again_and_only_once(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    said = [process.communicate()[0] for process in [run(checkout), run(checkout)]]
    assert sorted(map(bool, said)) == [False, True]
    subprocess.run([python, "-m", "pip", "--version"], check=True)

    assert run(checkout).communicate()[0] == ""
    (checkout / "requirements" / "dev.txt").write_text("# changed\n")
    changed = run(checkout)
    assert changed.stdout
    assert "installing" in changed.stdout.readline()
    changed.kill()
    changed.communicate()
