"""The settings are read at the start: secrets from files, too, and nothing that is not safe."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from surveillance.unsafe import unsafe

ROOT = Path(__file__).resolve().parents[2]
KEY = "k3J9-x_Qw7Zt2Lm8Vb5Nc1Rf6Yd4Hg0Ps9Ua3Ei7Ow2Tk5Mj8Lq"
SECRETS = {
    "SECRET_KEY": KEY,
    "DATABASE_URL": "postgres://us:$pass@db.example.org/name?sslmode=require",
    "REDIS_URL": "redis://:secret@redis.example.org/0",
    "EMAIL_URL": "smtp+tls://us:secret@mail.example.org:587",
    "SMS_URL": "twilio://SID:TOKEN@/?from=+815000000000",
    "PACS_LOGINS": "one=us:secret,two=them:secret",
}
PLAIN = {
    "DEFAULT_FROM_EMAIL": "surveillance@example.org",
    "SITE_URL": "https://surveillance.example.org",
    "ALLOWED_HOSTS": "surveillance.example.org",
}
SHOW = """
import json
from surveillance import settings
names = "SECRET_KEY DATABASES REDIS_URL EMAIL_HOST_PASSWORD SMS_URL PACS_LOGINS".split()
names += [name for name in dir(settings) if name.startswith("SECURE_") or "_COOKIE_" in name]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def start(**environment: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env={**PLAIN, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
    )


def in_files(folder: Path) -> dict[str, str | Path]:
    for name, value in SECRETS.items():
        (folder / name).write_text(f"{value}\n")
    return {f"{name}_FILE": folder / name for name in SECRETS}


def test_each_secret_can_be_in_a_file(tmp_path: Path) -> None:
    from_files, given = start(**in_files(tmp_path)), start(**SECRETS)
    assert from_files.returncode == 0, from_files.stderr
    assert from_files.stdout == given.stdout
    settings: dict[str, Any] = json.loads(from_files.stdout)
    assert settings["SECRET_KEY"] == KEY
    assert settings["DATABASES"]["default"]["PASSWORD"] == "$pass"
    assert settings["PACS_LOGINS"]["two"] == ["them", "secret"]


def test_production_insists_on_tls_and_on_cookies_of_this_host_alone() -> None:
    settings = json.loads(start(**SECRETS).stdout)
    assert {name: settings[name] for name in settings if name.endswith(("_SECURE", "_NAME"))} == {
        **{f"{name}_COOKIE_SECURE": True for name in ("SESSION", "CSRF", "LANGUAGE")},
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "LANGUAGE_COOKIE_NAME": "__Host-language",
    }
    assert settings["SECURE_SSL_REDIRECT"]
    assert settings["SECURE_HSTS_SECONDS"] == 31_536_000
    assert settings["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert settings["SECURE_HSTS_PRELOAD"]


def test_what_the_address_of_the_database_asks_for_is_kept() -> None:
    options = json.loads(start(**SECRETS).stdout)["DATABASES"]["default"]["OPTIONS"]
    assert options == {"connect_timeout": 5, "sslmode": "require"}


def test_the_password_of_the_database_can_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/w:rd\n")
    started = start(
        **SECRETS | {"DATABASE_URL": "postgres://us@db/name"},
        POSTGRES_PASSWORD_FILE=tmp_path / "password",
    )
    assert json.loads(started.stdout)["DATABASES"]["default"]["PASSWORD"] == "p@ss/w:rd"


def test_a_secret_in_two_places_or_in_none_stops_the_start(tmp_path: Path) -> None:
    files = in_files(tmp_path)

    def last_line(**more: str | Path) -> str:
        stopped = start(**files | more)
        assert stopped.returncode == 1
        assert "secret@" not in stopped.stderr
        return stopped.stderr.splitlines()[-1]

    assert "EMAIL_URL and EMAIL_URL_FILE are both set: take one" in last_line(EMAIL_URL="smtp://x")
    assert "cannot be read: No such file" in last_line(EMAIL_URL_FILE=tmp_path / "nothing")
    assert "cannot be read: Is a directory" in last_line(EMAIL_URL_FILE=tmp_path)
    (tmp_path / "other").write_bytes(b"\xff")
    assert "cannot be read: it is no text" in last_line(EMAIL_URL_FILE=tmp_path / "other")
    (tmp_path / "other").write_text("\n")
    assert "which is empty" in last_line(SMS_URL_FILE=tmp_path / "other")


def test_what_is_not_safe_stops_the_start_and_is_all_said_at_once() -> None:
    stopped = start(**SECRETS | {"SECRET_KEY": "changeme", "SITE_URL": "http://example.org"})
    assert stopped.returncode == 1
    last_line = stopped.stderr.splitlines()[-1]
    assert "SECRET_KEY can be guessed" in last_line
    assert "SITE_URL leads people past TLS" in last_line
    assert "changeme" not in last_line
    assert "set DEBUG=false, or DEMO=true" in start(**SECRETS, DEBUG="true", DEMO="false").stderr
    assert start(**SECRETS | {"SECRET_KEY": "demo"}, DEMO="true").returncode == 0


SAFE: dict[str, Any] = {
    "secret_key": KEY,
    "hosts": ["surveillance.example.org", ".example.org"],
    "origins": ["https://surveillance.example.org"],
    "site_url": "https://surveillance.example.org",
    "email_url": "anymail-postmark://?POSTMARK_SERVER_TOKEN=x",
    "second_factor_for": "administrators",
    "oidc_url": "https://login.example.org/realms/hospital",
}


def test_what_is_safe_is_left_alone() -> None:
    assert unsafe(**SAFE) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("secret_key", KEY[:49], "SECRET_KEY"),
        ("secret_key", "changeme" * 10, "SECRET_KEY"),
        ("secret_key", f"django-insecure-{KEY}", "SECRET_KEY"),
        ("hosts", ["surveillance.example.org", "*"], "ALLOWED_HOSTS"),
        ("origins", ["http://surveillance.example.org"], "CSRF_TRUSTED_ORIGINS"),
        ("site_url", "http://surveillance.example.org", "SITE_URL"),
        ("email_url", "consolemail://", "EMAIL_URL"),
        ("second_factor_for", "nobody", "SECOND_FACTOR_FOR"),
        ("oidc_url", "http://login.example.org", "OIDC_URL"),
    ],
)
def test_what_is_not_safe_says_how_to_mend_it(name: str, value: Any, said: str) -> None:
    [wrong] = unsafe(**SAFE | {name: value})
    assert wrong.startswith(f"{said} ")
    assert ": " in wrong
