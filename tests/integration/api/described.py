"""Programs that hold every answer of the API against its description."""

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import jsonschema_rs
from django.test import Client
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from rest_framework.response import Response


@cache
def description() -> dict[str, Any]:
    told: dict[str, Any] = SchemaGenerator(api_version="v1").get_schema(public=True)
    return told


@cache
def _validator(route: str, method: str, status: str, media_type: str) -> Any:
    path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)
    answers = description()["paths"][path][method.lower()]["responses"]
    schema = answers[status]["content"][media_type]["schema"]
    whole = {**schema, "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


class Program(Client):
    """A client that is told nothing that the description does not say."""

    def request(self, **request: Any) -> Any:
        answer = super().request(**request)
        route = resolve(request["PATH_INFO"]).route
        status = answer.status_code
        if isinstance(answer, Response) and status not in (
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_MODIFIED,
            HTTPStatus.METHOD_NOT_ALLOWED,
        ):
            named = "4XX" if status >= HTTPStatus.BAD_REQUEST else str(status)
            media_type = answer["Content-Type"]
            validator = _validator(route, request["REQUEST_METHOD"], named, media_type)
            wrong = [
                (str(one.instance_path), one.message)
                for one in validator.iter_errors(answer.json())
            ]
            assert wrong == [], (route, wrong)
        return answer
