"""What the description of the API says of every request: how it may be refused."""

from typing import Any

from surveillance.api.problems import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why something was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What the status means."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Why, in a person’s words."},
        "errors": {
            "type": "array",
            "description": "What is wrong with which field.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def with_problems(result: dict[str, Any], **kwargs: object) -> dict[str, Any]:
    """Say of each request that it may be refused, and how that looks."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    refused = {
        "description": "Refused.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for methods in result["paths"].values():
        for operation in methods.values():
            operation["responses"]["4XX"] = refused
    return result
