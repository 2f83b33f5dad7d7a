"""How long a session lasts: not long without use, and never longer than a working day.

The moments stand in the session, in seconds since 1970, so that no browser has a say in them.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from surveillance.accounts.models import User

BEGAN = "began_at"
USED = "used_at"
ENDED = "ended"  # why the session before this one ended: "idle", "old" or "everywhere"
BY_ITSELF = "By-Itself"  # the header of what a page asks for again and again, and nobody
NOTED_EVERY = 60  # seconds: a session is not written for each request


@receiver(user_logged_in)
def begin(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    request.session.pop(ENDED, None)
    request.session[BEGAN] = request.session[USED] = time.time()


def seconds_left(session: SessionBase) -> tuple[int, int]:
    """Return how long a session lasts if it is not used, and however much it is used."""
    now = time.time()
    idle = session.get(USED, 0) + settings.SESSION_IDLE_MINUTES * 60 - now
    old = session.get(BEGAN, 0) + settings.SESSION_HOURS * 3600 - now
    return int(min(idle, old)), int(old)


def _over(user: User, session: SessionBase) -> str:
    unused, used = seconds_left(session)
    if user.signed_out_at and session.get(BEGAN, 0) <= user.signed_out_at.timestamp():
        return "everywhere"
    if used <= 0:
        return "old"
    return "idle" if unused <= 0 else ""


class SessionLimitsMiddleware:
    """End a session that was not used, is old, or whose owner signed out everywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if why := _over(request.user, request.session):
                logout(request)
                request.session[ENDED] = why
            elif (
                BY_ITSELF not in request.headers
                and time.time() - request.session[USED] >= NOTED_EVERY
            ):
                request.session[USED] = time.time()
        return self.get_response(request)


class SignInMiddleware(LoginRequiredMiddleware):
    """Ask whoever has not signed in to do so, and lead them back to the page where they were."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        here = request.get_full_path()
        if request.method not in ("GET", "HEAD") or "HX-Request" in request.headers:
            # A button, or a part of a page, which is no page to come back to.
            came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
            is_ours = url_has_allowed_host_and_scheme(
                came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
            )
            here = came_from if is_ours else "/"
        return redirect_to_login(here, self.get_login_url(view_func), REDIRECT_FIELD_NAME)
