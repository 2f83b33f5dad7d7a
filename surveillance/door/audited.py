"""What happens at the door, told to each clinic of the person: who came in, and how."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.dispatch import receiver
from django.http import HttpRequest

from patients.queries import clinics_of_member
from surveillance.accounts.models import User
from surveillance.audit.actions import record


def tell_clinics(act: str, of: User, *, by: User | str = "", **detail: Any) -> None:
    """Record an act at the door in each clinic of the person; without one, of somebody in none."""
    for code in [clinic.code for clinic in clinics_of_member(of)] or [""]:
        record(act=act, by=by or of, clinic_code=code, username=of.username, **detail)


@receiver(user_logged_in)
def signed_in(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    said = get_authentication_records(request, user)
    ways = [one.get("type") or one["method"] for one in said]
    tell_clinics("sign_in.done", user, by_way_of=ways)


@receiver(password_changed)
def password_was_changed(sender: object, user: User, **kwargs: Any) -> None:
    tell_clinics("password.changed", user)


@receiver(authenticator_added)
@receiver(authenticator_reset)
def added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        tell_clinics("recovery_codes.made", user)
    else:
        tell_clinics("second_factor.added", user, kind=authenticator.type)


@receiver(authenticator_removed)
def removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    tell_clinics("second_factor.removed", user, kind=authenticator.type)


@receiver(authenticator_used)
def used(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Of the others the sign-in itself tells."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        left = len(authenticator.wrap().get_unused_codes())
        tell_clinics("recovery_code.used", user, left=left)


@receiver(authentication_failed)
def failed(user: User, **kwargs: Any) -> None:
    tell_clinics("second_factor.failed", user, by="Somebody")
