"""A line of the log for each request, and the id by which all lines of one request are found."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse
from rest_framework.throttling import BaseThrottle

from surveillance.audit.origin import ASKED_FROM

logger = logging.getLogger(__name__)
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
# A proxy's ids are such; what is a word or the number of a patient is not believed.
_WELL_FORMED = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{15,63}")


class RequestLogMiddleware:
    """Take the request's id from X-Request-ID, or make one; give it back in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        own = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        # Django's own line on a refused request comes once all middleware has been left.
        request.META["REQUEST_ID"] = own
        token, began = REQUEST_ID.set(own), time.monotonic()
        asked_from = ASKED_FROM.set(f"{_address(request)}, request {own}")
        try:
            response = self.get_response(request)
            took = round((time.monotonic() - began) * 1000)
            fields = {
                "method": request.method,
                "route": route_of(request),
                "status": response.status_code,
                "ms": took,
            }
            logger.info(
                "%(method)s %(route)s: %(status)s in %(ms)s ms", fields, extra={"fields": fields}
            )
        finally:
            ASKED_FROM.reset(asked_from)
            REQUEST_ID.reset(token)
        response["X-Request-ID"] = own
        return response


def _address(request: HttpRequest) -> str:
    """Return the address that the proxy saw, as the API's throttles do; else who is connected."""
    told = str(BaseThrottle().get_ident(request))  # type: ignore[arg-type] # it reads META alone
    try:
        return str(ip_address(told))
    except ValueError:
        return str(request.META.get("REMOTE_ADDR", ""))


def route_of(request: HttpRequest) -> str:
    """Return the pattern of the address: what is typed into one might be somebody's number."""
    match = request.resolver_match
    return f"/{match.route}" if match else "(no page)"
