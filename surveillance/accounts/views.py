from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from surveillance.accounts.actions import choose_language
from surveillance.accounts.sessions import seconds_left


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Show pages in `language` from now on, and go back to `next`, if that is a page of ours.

    The browser remembers it, for the sign-in page; who has signed in finds it everywhere.
    """
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise BadRequest(_("Choose one of the languages."))
    if request.user.is_authenticated:
        choose_language(language=chosen, by=request.user)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = redirect(back if is_ours else "home")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
def session(request: HttpRequest) -> HttpResponse:
    """Say for how many seconds one stays signed in; to ask is to use, unless by itself."""
    unused, used = seconds_left(request.session)
    return JsonResponse({"left": unused, "is_last": unused == used})
