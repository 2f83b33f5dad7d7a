"""Sign-in by the hospital's own provider (OpenID Connect): it says who somebody is, and no more.

Only who has an account comes in. At the first time one fits by a verified address, or by the
username if the hospital says that the provider's is the same; from then on the identity itself,
whatever becomes of address and username.
"""

import logging
from collections.abc import Mapping
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from surveillance.accounts.models import User
from surveillance.door.audited import tell_clinics

log = logging.getLogger(__name__)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Link an identity that is new here to its account, or refuse it."""
        said = sociallogin.account.extra_data
        token, info = said.get("id_token", {}), said.get("userinfo", {})
        if token.get("sub") != info.get("sub"):  # somebody else's answer
            raise _refused(request, "two answers of the provider are of two people")
        if sociallogin.state.get("process") != "login":
            raise _refused(request, "asked for what is not offered")
        if sociallogin.is_existing:
            return
        with transaction.atomic():
            user = _member({**token, **info})
            if user is None:
                raise _refused(request, "no account fits")
            if SocialAccount.objects.filter(user=user).exists():
                raise _refused(request, "the account that fits has another identity")
            sociallogin.user = sociallogin.account.user = user
            sociallogin.account.save()
            tell_clinics("single_sign_on.linked", user, identity=sociallogin.account.uid)


class SecondFactorStage(AuthenticateStage):
    """Ask for the second factor, unless the provider says that it has."""

    def _should_handle(self, request: HttpRequest) -> bool:
        by_provider = asked_by_provider(self.login.signal_kwargs or {})
        return not by_provider and bool(super()._should_handle(request))


def asked_by_provider(of_login: Mapping[str, Any]) -> bool:
    """Whether somebody came by a provider that says it asked for a second factor."""
    if not (sociallogin := of_login.get("sociallogin")):
        return False
    token = sociallogin.account.extra_data.get("id_token", {})
    methods = token.get("amr") or []
    said = {*([methods] if isinstance(methods, str) else methods), token.get("acr")}
    return bool(said & set(settings.OIDC_SECOND_FACTOR))


def _member(claims: Mapping[str, Any]) -> User | None:
    """Return the one open account that fits what the provider says."""
    people = User.objects.select_for_update(no_key=True).filter(is_active=True)
    if settings.OIDC_USERNAME_CLAIM:
        return people.filter(username=str(claims.get(settings.OIDC_USERNAME_CLAIM, ""))).first()
    if not claims.get("email") or claims.get("email_verified") not in (True, "true"):
        return None
    found = list(people.filter(email__iexact=str(claims["email"]))[:2])
    return found[0] if len(found) == 1 else None


def _refused(request: HttpRequest, why: str) -> ImmediateHttpResponse:
    log.warning("Single sign-on refused: %s.", why)  # names no one
    page: HttpResponse = render(request, "account/signup_closed.html", status=403)
    return ImmediateHttpResponse(page)
