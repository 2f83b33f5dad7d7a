"""EMAIL_URL and SMS_URL are read at the start: what is wrong with them is said then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEEDED = {
    "SECRET_KEY": "only-for-this-test",
    "DATABASE_URL": "postgres://127.0.0.1/none",
    "REDIS_URL": "redis://127.0.0.1/0",
    "EMAIL_URL": "smtp://127.0.0.1",
    "DEMO": "true",
}
SHOW = """
import json
from surveillance import settings
print(json.dumps([settings.EMAIL_BACKEND, getattr(settings, "ANYMAIL", None)]))
"""


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own, and show what mail leaves by."""
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env=NEEDED | environment,
        capture_output=True,
        text=True,
    )


def test_mail_can_leave_by_smtp() -> None:
    started = start()
    assert json.loads(started.stdout) == ["django.core.mail.backends.smtp.EmailBackend", None]


def test_mail_can_leave_by_the_api_of_a_provider() -> None:
    started = start(EMAIL_URL="anymail-amazon-ses://?POSTMARK_SERVER_TOKEN=a%2Bb&OTHER=c")
    assert json.loads(started.stdout) == [
        "anymail.backends.amazon_ses.EmailBackend",
        {"POSTMARK_SERVER_TOKEN": "a+b", "OTHER": "c", "REQUESTS_TIMEOUT": 20},
    ]


@pytest.mark.parametrize("scheme", ["anymail-nobody", "anymail-a.b", "anymail-"])
def test_a_provider_that_is_unknown_stops_with_a_hint(scheme: str) -> None:
    stopped = start(EMAIL_URL=f"{scheme}://hush@/?TOKEN=hush")
    assert stopped.returncode == 1
    last_line = stopped.stderr.splitlines()[-1]
    assert "EMAIL_URL names no provider that Anymail knows" in last_line
    assert "See .env.example" in last_line
    assert "hush" not in last_line


def test_an_sms_address_that_is_none_stops_with_a_hint() -> None:
    stopped = start(SMS_URL="sms://:hush@example.org/")
    assert stopped.returncode == 1
    last_line = stopped.stderr.splitlines()[-1]
    assert "SMS_URL must begin with twilio:// or webhook+https://" in last_line
    assert "See .env.example" in last_line
    assert "hush" not in last_line
