"""The environment, of which this package is the only reader, and what all else asks of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]

env = environ.Env()

_Value = TypeVar("_Value")
_Meaning = TypeVar("_Meaning")


def required(name: str, hint: str) -> str:
    """Return the environment variable `name`; without it, say what it is for."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {hint} See .env.example.")
    return value


def secret(name: str, hint: str = "") -> str:
    """Return the variable `name`, or what is in the file that `name`_FILE names.

    With a hint, which says what it is for, one of the two is needed.
    """
    given, path = (os.environ.get(variable, "") for variable in (name, f"{name}_FILE"))
    if given and path:
        raise ImproperlyConfigured(
            f"{name} and {name}_FILE are both set: take one of them away. See .env.example."
        )
    if path:
        try:
            given = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which cannot be read: {why}. Whoever this runs as must"
                " be allowed to. See .env.example."
            ) from None  # the cause may hold the secret
        if not given:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which is empty.")
    if hint and not given:
        raise ImproperlyConfigured(f"{name} is not set: {hint} See .env.example.")
    return given


def meant(name: str, read: Callable[[_Value], _Meaning], value: _Value) -> _Meaning:
    """Return what the value of the variable `name` means; if it means nothing, say why."""
    try:
        return read(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} {error} See .env.example.") from error


SECRET_KEY = secret("SECRET_KEY", "a long random text that signs sessions.")
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=DEBUG)  # demo logins, demo data and the mailbox page
