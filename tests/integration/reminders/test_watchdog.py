"""The watchdog as a process of its own, with a real mail server, and what it needs taken away."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from patients.models import Clinic
from reminders.actions import sweep
from reminders.models import Alarm, AlarmKind, Sweep
from reminders.watchdog import SILENT_AFTER, Watchdog
from surveillance.accounts.roles import Role
from tests.factories import ClinicFactory, MembershipFactory
from tests.integration.reminders.mail_server import MailServer
from tests.processes import catches

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 30

committed = pytest.mark.django_db(transaction=True)  # another process sees what is there


@pytest.fixture
def clinic() -> Clinic:
    """Its administrator is ada@example.org."""
    clinic = ClinicFactory.create()
    MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR, user__email="ada@example.org")
    MembershipFactory.create(clinic=clinic, role=Role.NURSE, user__email="nora@example.org")
    return clinic


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address of this machine that is held, and where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{nobody.getsockname()[1]}"


def swept(ago: timedelta) -> Sweep:
    ran = sweep()
    Sweep.objects.filter(pk=ran.pk).update(started_at=timezone.now() - ago)
    return ran


def environment(mail_port: int, nobody: str, *, database: str = "") -> dict[str, str]:
    """What the process is told: the tests' database, and a broker that is down."""
    at = connection.settings_dict
    address = database or f"{at['HOST']}:{at['PORT']}"
    return os.environ | {
        "DATABASE_URL": f"postgres://{at['USER']}:{at['PASSWORD']}@{address}/{at['NAME']}",
        "REDIS_URL": f"redis://{nobody}/0",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "DEFAULT_FROM_EMAIL": "surveillance@example.org",
        "SITE_URL": "https://surveillance.example.org",
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "watchdog", *arguments]


def look_once(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--once"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def check(environment: dict[str, str]) -> int:
    """The exit code of whoever asks whether a watchdog looks."""
    asked = subprocess.run(command("--check"), cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    return asked.returncode


@contextmanager
def watching(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A watchdog that looks every second; at the end it is told to stop, and leaves in order."""
    with subprocess.Popen(
        command("--every", "1"), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def subjects(server: MailServer) -> Sequence[str]:
    return [letter["Subject"] for letter in server.letters]


@committed
def test_silence_is_told_once_while_worker_and_broker_are_down(
    clinic: Clinic, mail_server: MailServer, nobody: str, tmp_path: Path
) -> None:
    swept(ago=timedelta(hours=3))

    given = environment(mail_server.port, nobody) | {"TMPDIR": str(tmp_path)}
    assert check(given) == 1
    with watching(given):
        wait_until(lambda: mail_server.letters)
        assert check(given) == 0
        time.sleep(3)
    [looked] = tmp_path.iterdir()
    os.utime(looked, (0, time.time() - 500))
    assert check(given) == 1

    [letter] = mail_server.letters
    assert letter["To"] == "ada@example.org"
    assert letter["Subject"] == "Sarcoma follow-up: the sweep has not run"
    assert "No sweep has run since " in letter.get_content()
    assert "https://surveillance.example.org/status/" in letter.get_content()
    assert Alarm.objects.get().kind == AlarmKind.SILENCE

    sweep()

    assert Alarm.objects.get().ended_at


@committed
def test_it_hears_when_sweeps_stop(clinic: Clinic, mail_server: MailServer, nobody: str) -> None:
    ran = swept(ago=timedelta(0))

    with watching(environment(mail_server.port, nobody)):
        time.sleep(4)
        assert subjects(mail_server) == []
        Sweep.objects.filter(pk=ran.pk).update(started_at=timezone.now() - SILENT_AFTER)
        wait_until(lambda: mail_server.letters)


@committed
def test_a_look_by_hand_says_what_is_wrong_by_its_exit_code(
    clinic: Clinic, mail_server: MailServer, nobody: str
) -> None:
    told = environment(mail_server.port, nobody)

    before = look_once(told)
    swept(ago=timedelta(minutes=1))
    after = look_once(told)

    assert (before.returncode, after.returncode) == (1, 0)
    assert before.stdout.startswith("No sweep has run at all yet: ")
    assert after.stdout == "All is well.\n"
    assert subjects(mail_server) == ["Sarcoma follow-up: the sweep has not run"]


@committed
def test_a_database_that_was_never_seen_is_told_to_whom_the_settings_name(
    mail_server: MailServer, nobody: str
) -> None:
    told = environment(mail_server.port, nobody, database=nobody)

    looked = look_once(told | {"WATCHDOG_EMAIL": "it@example.org,boss@example.org"})

    assert looked.returncode == 1
    assert looked.stdout.startswith("The database cannot be used: ")
    assert sorted(letter["To"] for letter in mail_server.letters) == [
        "boss@example.org",
        "it@example.org",
    ]
    assert set(subjects(mail_server)) == {"Sarcoma follow-up: the database cannot be used"}
    # What it says names no password.
    assert connection.settings_dict["PASSWORD"] not in mail_server.letters[0].get_content()


@committed
def test_it_waits_a_while_before_it_first_looks(
    clinic: Clinic, mail_server: MailServer, nobody: str
) -> None:
    told = environment(mail_server.port, nobody)
    with subprocess.Popen(command(), cwd=ROOT, env=told) as process:
        wait_until(lambda: catches(process.pid, signal.SIGTERM))
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    assert subjects(mail_server) == []


@pytest.mark.parametrize("every", ["0", "-1", "soon"])
def test_how_often_it_looks_is_a_number_of_seconds(every: str) -> None:
    refused = subprocess.run(command(f"--every={every}"), cwd=ROOT, capture_output=True, text=True)

    assert refused.returncode == 2
    assert f"{every} is no number of seconds, such as 300" in refused.stderr


# What it remembers from look to look.


@pytest.fixture
def database_is_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def be_away(away: bool) -> None:
        def refuse(*args: object) -> None:
            raise OperationalError("connection refused")

        monkeypatch.undo()
        if away:
            monkeypatch.setattr("reminders.watchdog.administrators", refuse)

    return be_away


@pytest.mark.django_db
def test_a_database_that_goes_away_is_told_to_the_administrators_known_last_each_time_once(
    clinic: Clinic, mailoutbox: list[EmailMessage], database_is_away: Callable[[bool], None]
) -> None:
    swept(ago=timedelta(minutes=1))
    watchdog = Watchdog()
    told = []
    for away in (False, True, True, False, True):
        database_is_away(away)
        mailoutbox.clear()
        watchdog.look()
        told.append([mail.to for mail in mailoutbox])

    assert told == [[], [["ada@example.org"]], [], [], [["ada@example.org"]]]


@pytest.mark.django_db
def test_each_administrator_reads_an_alarm_in_their_language(
    clinic: Clinic, mailoutbox: list[EmailMessage], database_is_away: Callable[[bool], None]
) -> None:
    MembershipFactory.create(
        clinic=clinic, role=Role.ADMINISTRATOR, user__email="ken@example.org", user__language="ja"
    )
    swept(ago=timedelta(hours=3))
    watchdog = Watchdog()
    watchdog.look()
    database_is_away(True)
    watchdog.look()

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        (["ada@example.org"], "Sarcoma follow-up: the sweep has not run"),
        (["ken@example.org"], "肉腫フォローアップ：巡回処理が実行されていません"),
        (["ada@example.org"], "Sarcoma follow-up: the database cannot be used"),
        (["ken@example.org"], "肉腫フォローアップ：データベースを使用できません"),
    ]
    bodies = [str(mail.body).splitlines()[:2] for mail in mailoutbox]
    assert bodies[0][0].startswith("No sweep has run since ")
    assert bodies[1][0].endswith("一覧の内容は正しいままです。")
    assert bodies[2][1] == "The database cannot be used: connection refused"
    assert bodies[3][1] == "データベースを使用できません：connection refused"


@pytest.mark.django_db
def test_what_the_mail_server_did_not_take_is_told_at_the_next_look(
    clinic: Clinic,
    mail_server: MailServer,
    database_is_away: Callable[[bool], None],
    settings: Settings,
) -> None:
    settings.WATCHDOG_EMAIL = ["it@example.org"]
    database_is_away(True)
    watchdog = Watchdog()
    mail_server.refuses_senders = "450 not now"
    watchdog.look()
    mail_server.refuses_senders = ""

    watchdog.look()

    assert len(subjects(mail_server)) == 1


@pytest.mark.django_db
def test_a_sweep_of_a_clock_that_was_ahead_hides_no_silence(clinic: Clinic) -> None:
    swept(ago=-timedelta(days=300))

    assert Watchdog().look().startswith("No sweep has run at all yet: ")


@pytest.mark.django_db
def test_an_alarm_that_another_left_untold_is_told(
    clinic: Clinic, mailoutbox: list[EmailMessage]
) -> None:
    swept(ago=timedelta(minutes=1))
    Alarm.objects.create(
        kind=AlarmKind.DIFFERENCE, detail="Not said: Exam overdue: 1", raised_at=timezone.now()
    )

    assert Watchdog().look() == ""

    assert [mail.to for mail in mailoutbox] == [["ada@example.org"]]
