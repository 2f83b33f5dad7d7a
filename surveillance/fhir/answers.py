"""How FHIR is spoken over HTTP: its media types, and refusals as OperationOutcome."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from surveillance.api.parsing import BoundedJSONParser
from surveillance.api.problems import problem
from surveillance.fhir.resources.told import Json, as_text, checked

MEDIA_TYPE = "application/fhir+json"
_BY_FORMAT = {"json": MEDIA_TYPE, "text/json": MEDIA_TYPE}

# What an issue is called that goes with a status.
_CODES = {
    HTTPStatus.SERVICE_UNAVAILABLE: "transient",
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "not-supported",
    HTTPStatus.NOT_ACCEPTABLE: "not-supported",
    HTTPStatus.CONFLICT: "business-rule",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    HTTPStatus.TOO_MANY_REQUESTS: "throttled",
}


class ByFormat(DefaultContentNegotiation):
    """By the Accept header, or what `_format` says in its stead."""

    def get_accept_list(self, request: Request) -> list[str]:
        asked = request.query_params.get("_format")
        return [_BY_FORMAT.get(asked, asked)] if asked else super().get_accept_list(request)


class FhirRenderer(BaseRenderer):
    media_type = MEDIA_TYPE
    format = "fhir"
    charset = None  # JSON is UTF-8

    def render(
        self,
        data: Json | None,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else as_text(data)


class JSONRenderer(FhirRenderer):
    """The same, to those who ask for JSON of any kind."""

    media_type = "application/json"
    format = "json"


class FhirParser(BoundedJSONParser):
    media_type = MEDIA_TYPE


def outcome(severity: str, code: str, said: Iterable[str]) -> Json:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": one} for one in said],
    }


def refusal(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an error as an OperationOutcome; what nobody expected is left to fail."""
    response = problem(error, context)
    if response is not None:
        code = _CODES.get(HTTPStatus(response.status_code), "invalid")
        response.data = checked(outcome("error", code, [response.data["detail"]]))
        response.content_type = MEDIA_TYPE
    return response
