"""Real ids in every second place that holds one, and a look for other clinics' patients.

Random ids are nobody's: with them alone every answer would be 404.
"""

import json
import os
import random
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import schemathesis

KNOWN: Mapping[str, list[str]] = json.loads(os.environ["FUZZ_IDS"])  # {path of a list: its ids}
EVERY_ID = [one for ids in KNOWN.values() for one in ids]
MARK_OF_OTHERS = os.environ["FUZZ_MARK_OF_OTHERS"]
dice = random.Random(7)


def put_ids(value: Any, ids: list[str]) -> Any:
    """Return the value with real ids instead of some of its random ones."""
    match value:
        case dict():
            return {
                name: put_ids(inner, KNOWN.get(f"{name}s", ids)) for name, inner in value.items()
            }
        case list():
            return [put_ids(inner, ids) for inner in value]
        case str() if ids and dice.random() < 0.7 and is_id(value):
            return dice.choice(ids)
    return value


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@schemathesis.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: Any) -> Any:
    parts = context.operation.path.removeprefix("/api/v1/").split("/") if context.operation else []
    return put_ids(path_parameters, KNOWN.get(parts[0] if parts else "", EVERY_ID))


@schemathesis.hook
def map_query(context: schemathesis.HookContext, query: Any) -> Any:
    return put_ids(query, EVERY_ID)


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    return put_ids(body, EVERY_ID)


@schemathesis.hook
def map_headers(context: schemathesis.HookContext, headers: Any) -> Any:
    if headers and "If-Match" in headers and dice.random() < 0.8:
        return {**headers, "If-Match": "*"}
    return headers


@schemathesis.check
def nothing_of_another_clinic(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    assert MARK_OF_OTHERS not in response.text, "another clinic's patient"
