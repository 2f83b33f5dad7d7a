"""Every refusal of the API as RFC 9457 has it: `application/problem+json`, with the field named.

400: what was sent is wrong, and which field. 401 and 403: who asks may not. 404: it is not there,
or in none of the clinics where they may. 409: it is well said, but what stands does not allow it.
412: somebody has changed it since. 428: nothing said which state of it is meant. 503: the database
is away.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"
OF_NO_FIELD = {NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY}


class Away(APIException):
    """The database cannot be reached, or does not take anything: later it can."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE.value
    wait = 5  # seconds, told as Retry-After

    def __init__(self) -> None:
        super().__init__(_("The program does not reach its data: try again."))


class Refused(APIException):
    """What does not fit, or is not allowed as things stand."""

    def __init__(self, status: HTTPStatus, detail: Any) -> None:
        self.status_code = status.value
        super().__init__(detail)


def problem(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an error as a problem; what nobody expected is left to fail."""
    match error:
        case ValidationError(error_dict=by_field) if not OF_NO_FIELD.issuperset(by_field):
            error = Refused(HTTPStatus.BAD_REQUEST, error.message_dict)
        case ValidationError():
            error = Refused(HTTPStatus.CONFLICT, error.messages)
        case RequestDataTooBig():
            most = {"most": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
            said = _("It has more than %(most)s bytes.") % most
            error = Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
        case TooManyFilesSent() | TooManyFieldsSent():
            said = _("It has more files or fields than a request may have.")
            error = Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
        case BadRequest():
            error = Refused(HTTPStatus.BAD_REQUEST, str(error))
        case OperationalError() | InterfaceError():
            error = Away()
    response = exception_handler(error, dict(context))
    if response is None:
        return None
    detail = getattr(error, "detail", response.data)
    errors = [{"field": field, "message": message} for field, message in _told(detail, "") if field]
    general = [message for field, message in _told(detail, "") if not field]
    title = HTTPStatus(response.status_code).phrase
    response.data = {
        "type": "about:blank",
        "title": title,
        "status": response.status_code,
        "detail": " ".join(general or [f"{one['field']}: {one['message']}" for one in errors])
        or title,
        "errors": errors,
    }
    response.content_type = MEDIA_TYPE
    return response


def _told(detail: object, field: str) -> Iterator[tuple[str, str]]:
    """Yield each message with the path of its field, such as `phases.0.months`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            further = field if name in OF_NO_FIELD or (name == "detail" and not field) else name
            yield from _told(inner, f"{field}.{further}" if field and further != field else further)
    elif isinstance(detail, list | tuple):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _told(inner, f"{field}.{place}" if nested and inner else field)
    else:
        yield field, str(detail)
