"""How programs ask, in a line."""

import json
from typing import Any

from tests.integration.api.described import Program

API = "/api/v1/"


def get(program: Program, address: str, **query: object) -> Any:
    """Return what is told at an address; it must be there."""
    answer = program.get(API + address, {name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.json()
    return answer.json()


def listed(program: Program, address: str, **query: object) -> list[Any]:
    rows: list[Any] = get(program, address, **query)["results"]
    return rows


def post(program: Program, address: str, **told: object) -> Any:
    """Return the answer to what creates something, or only asks."""
    return program.post(API + address, json.dumps(told, default=str), "application/json")


def act(program: Program, address: str, *, on: str = "*", **told: object) -> Any:
    """Return the answer to an act on a row in the state `on`: its ETag, or any."""
    return program.post(
        API + address,
        json.dumps(told, default=str),
        "application/json",
        headers={"if-match": on},
    )


def refused(answer: Any) -> tuple[int, list[str]]:
    """Return with which status something was refused, and which fields were wrong."""
    return answer.status_code, [one["field"] for one in answer.json()["errors"]]
