"""What docker-compose.yml, Dockerfile and .dockerignore say, as data for the tests of it.

So what is tested is what is deployed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
HOST = "surveillance.example.org"
# What somebody must fill in before the first start.
FILLED_IN = {
    "SECRET_KEY": "only-for-this-test-" * 3,
    "POSTGRES_PASSWORD": "unused",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "DEFAULT_FROM_EMAIL": f"surveillance@{HOST}",
    "SITE_URL": f"https://{HOST}",
    "ALLOWED_HOSTS": HOST,
}
_PLACE = re.compile(r"\$\$|\$\{([A-Z_]+):([?-])([^}]*)\}")


def services(given: Mapping[str, str] = FILLED_IN) -> dict[str, dict[str, Any]]:
    """Return each service as compose understands it, with the values of `given` in their places."""
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = _filled(told["services"], given)
    return found


def _filled(told: Any, given: Mapping[str, str]) -> Any:
    def fill(place: re.Match[str]) -> str:
        name, kind, otherwise = place.groups()
        if name is None:
            return "$"
        return given[name] if kind == "?" else given.get(name, otherwise)

    match told:
        case dict():
            return {name: _filled(value, given) for name, value in told.items()}
        case list():
            return [_filled(value, given) for value in told]
        case str():
            return _PLACE.sub(fill, told)
    return told


def command_of(service: str) -> list[str]:
    """What a service runs: its own command, or else the image's."""
    own: list[str] | None = services()[service].get("command")
    return own or yaml.safe_load(instructions("app", "CMD")[-1])


def probe_of(service: str) -> list[str]:
    """What tells whether a service is healthy."""
    how, *words = services()[service]["healthcheck"]["test"]
    return ["sh", "-c", *words] if how == "CMD-SHELL" else words


def seconds_of(text: str) -> int:
    """A time as the file writes it: 35s, 1m30s."""
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", text).groups("0")  # type: ignore[union-attr]
    return int(minutes) * 60 + int(seconds)


def bytes_of(text: str) -> int:
    """A size as the file writes it: 256m, 2g."""
    return int(text[:-1]) * {"m": 2**20, "g": 2**30}[text[-1]]


def instructions(stage: str, kind: str) -> list[str]:
    """What follows `kind`, as RUN, in a stage of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    found = re.search(rf"^FROM \S+ AS {stage}\n(.*?)(?=^FROM |\Z)", text, re.M | re.S)
    assert found, f"Dockerfile has no stage {stage}"
    return re.findall(rf"^{kind} (.+)$", found[1], re.MULTILINE)


def shipped() -> list[str]:
    """The files and folders that .dockerignore lets into the image."""
    return re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
