"""Pages that say why something was refused."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what was wrong where a view says so; other refusals may hold what nobody should read."""
    why = str(exception) if isinstance(exception, BadRequest) else ""
    return render(request, "400.html", {"why": why}, status=400)


def not_sent(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do where a form lacks its token; the reason helps nobody who reads it."""
    return render(request, "403_csrf.html", status=403)
