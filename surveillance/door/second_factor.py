"""Who needs a second factor, and what those who have none may open until they do."""

from collections.abc import Callable
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from patients.models import Membership
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.door.single_sign_on import asked_by_provider

# What is open to somebody who still has to set one up.
OPEN = {
    *("mfa_index", "mfa_activate_totp", "mfa_add_webauthn"),
    *("account_reauthenticate", "account_change_password"),
    *("account_login", "set-password", "logout", "session", "language"),
    *("healthz", "readyz", "metrics", "feed"),
}


BY_PROVIDER = "second_factor_by_provider"  # in a session: whether its provider asked for one


@receiver(user_logged_in)
def note(sender: object, request: HttpRequest, **of_login: Any) -> None:
    request.session[BY_PROVIDER] = asked_by_provider(of_login)


def needs_one(user: User) -> bool:
    """Whether the house asks this person for a second factor."""
    asked: str = settings.SECOND_FACTOR_FOR
    if asked == "administrators":
        return (
            user.is_staff
            or user.is_superuser
            or Membership.objects.filter(user=user, role=Role.ADMINISTRATOR).exists()
        )
    return asked == "everyone"


def has_one(user: User) -> bool:
    """Recovery codes alone are none: they stand in for what was lost."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=kinds).exists())


class SecondFactorMiddleware:
    """Lead whoever needs a second factor to where it is set up, and let them do nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        user = request.user
        if (
            not user.is_authenticated
            or request.session.get(BY_PROVIDER)
            or not needs_one(user)
            or has_one(user)
        ):
            return None
        request.is_held = True  # type: ignore[attr-defined] # the page says why
        route = request.resolver_match
        if route and route.url_name in OPEN:
            return None
        if route and route.route.startswith(("api/", "fhir/")):
            raise PermissionDenied(_("Set up a second factor first."))
        return redirect("mfa_index")
