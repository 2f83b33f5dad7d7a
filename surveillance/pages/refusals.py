"""Pages that say why something was refused, or could not be done."""

import sys

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

RETRY_AFTER = 5  # seconds; a database that was restarted is there again by then


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what was wrong where a view says so; other refusals may hold what nobody should read."""
    match exception:
        case BadRequest():
            why = str(exception)
        case TooManyFilesSent():
            why = _(
                "These are more than %(most)s files, so none was taken: bring them in parts, or as "
                "a ZIP archive."
            ) % {"most": f"{settings.DATA_UPLOAD_MAX_NUMBER_FILES:,}"}
        case RequestDataTooBig() | TooManyFieldsSent():
            why = _("That was more than a form may hold, so nothing was saved: write less of it.")
        case _:
            why = ""
    return render(request, "400.html", {"why": why}, status=400)


def not_sent(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do where a form lacks its token; the reason helps nobody who reads it."""
    return render(request, "403_csrf.html", status=403)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that all is away for now where the database is, or that something went wrong.

    Neither page asks who is signed in: that might be what failed.
    """
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_away else 500
    response = HttpResponse(render_to_string(f"{status}.html"), status=status)
    if is_away:
        response["Retry-After"] = str(RETRY_AFTER)
    return response
