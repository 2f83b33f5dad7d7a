"""What who runs the server does for people: lets them in, or in again, or no more."""

import time
from datetime import UTC, datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from patients.api.tokens import revoke_token
from surveillance.accounts.models import User
from surveillance.api.models import Token
from surveillance.door.audited import tell_clinics
from surveillance.door.links import invited_by, link_for


@transaction.atomic
def enter_account(
    *, username: str, email: str, given_name: str, family_name: str, language: str = "", by: str
) -> User:
    """Enter an account without a password; its owner is a member of no clinic yet.

    Raises:
        ValidationError: a fact lacks or cannot be so, or somebody else has the username.
    """
    if not (email and given_name and family_name):
        raise ValidationError(
            _("“%(name)s” has no account yet: say e-mail, given name and family name, too.")
            % {"name": username}
        )
    if taken := User.objects.filter(username__iexact=username).first():  # the sign-in sees no case
        raise ValidationError(
            _(
                "“%(username)s” is the username of %(name)s: invite them by it alone, or take"
                " another one."
            )
            % {"username": taken.username, "name": taken}
        )
    user = User(
        username=User.normalize_username(username),
        email=email,
        first_name=given_name,
        last_name=family_name,
        language=language,
    )
    user.set_unusable_password()
    user.full_clean()
    user.save()
    tell_clinics("account.entered", user, by=by, email=email)
    return user


@transaction.atomic
def invite(*, username: str, by: str, by_mail: bool = True, by_password: bool = False) -> str:
    """Give somebody the link by which they set a password; it ends the one before.

    Where people come by single sign-on it is given only if `by_password` says so, and else the
    address of the sign-in. A password until now, sessions and second factors stay.

    Returns what is mailed to them, or else to be handed over: the link or the address.

    Raises:
        ValidationError: there is no such person, the account is closed, it has no e-mail address
            to which to mail, or single sign-on knows it and it is to have a password.
    """
    user = _locked(username)
    if not user.is_active:
        raise ValidationError(_("The account of %(name)s is closed.") % {"name": user})
    if by_mail and not user.email:
        raise ValidationError(_("%(name)s has no e-mail address.") % {"name": user})
    if not settings.OIDC_URL:
        by_password = True
    elif by_password and SocialAccount.objects.filter(user=user).exists():
        raise ValidationError(
            _("%(name)s signs in with %(provider)s: no password opens a way around it.")
            % {"name": user, "provider": settings.OIDC_NAME}
        )
    address = f"{settings.SITE_URL}{reverse('account_login')}"
    if by_password:
        user.invited_at = timezone.now()
        user.save(update_fields=["invited_at"])
        address = link_for(user)
    tell_clinics("account.invited", user, by=by, mailed_to=user.email if by_mail else "")
    if by_mail:
        transaction.on_commit(lambda: _mail_invitation(user, address, by_password=by_password))
    return address


@transaction.atomic
def set_own_password(*, link: str, password: str) -> None:
    """Set the password of whom a link invites: it ends the link, and all their sessions.

    The password was looked at by the validators of the settings.

    Raises:
        ValidationError: the link does not count, or not any more.
    """
    user = invited_by(link, User.objects.select_for_update(no_key=True))
    if user is None:
        raise ValidationError(_("This link does not work any more."))
    user.set_password(password)
    user.invited_at = None
    user.save(update_fields=["password", "invited_at"])
    tell_clinics("password.set", user)


@transaction.atomic
def close_account(*, username: str, reason: str, by: str) -> User:
    """Let somebody in no more: sessions, tokens, the password and an invitation end for good.

    Raises:
        ValidationError: there is no such person, no reason, or the account is closed already.
    """
    user = _locked(username)
    if not user.is_active:
        raise ValidationError(_("The account of %(name)s is closed.") % {"name": user})
    for token in Token.kept.filter(user=user):
        revoke_token(token=token, by=by)
    tell_clinics("account.closed", user, by=by, reason=_said(reason))  # of its clinics, till now
    user.is_active = False
    user.set_unusable_password()  # which ends sessions, too
    user.save(update_fields=["is_active", "password"])
    return user


@transaction.atomic
def open_account(*, username: str, reason: str, by: str) -> User:
    """Open a closed account again; without single sign-on its owner must be invited.

    Raises:
        ValidationError: there is no such person, no reason, or the account is not closed.
    """
    user = _locked(username)
    if user.is_active:
        raise ValidationError(_("The account of %(name)s is open.") % {"name": user})
    user.is_active = True
    user.save(update_fields=["is_active"])
    tell_clinics("account.opened", user, by=by, reason=_said(reason))
    return user


@transaction.atomic
def reset_second_factor(*, username: str, reason: str, by: str) -> None:
    """Take a person's app, passkeys and recovery codes away, end their sessions, and tell them.

    Raises:
        ValidationError: there is no such person, no reason, or nothing to take away.
    """
    user, reason = _locked(username), _said(reason)
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise ValidationError(_("%(name)s has no second factor.") % {"name": username})
    user.signed_out_at = datetime.fromtimestamp(time.time(), UTC)
    user.save(update_fields=["signed_out_at"])
    tell_clinics("second_factor.reset", user, by=by, reason=reason)
    transaction.on_commit(lambda: _mail_reset(user))


def _locked(username: str) -> User:
    user = User.objects.select_for_update(no_key=True).filter(username=username).first()
    if user is None:
        raise ValidationError(_("Nobody signs in as “%(name)s”.") % {"name": username})
    return user


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValidationError(_("Say why."))
    return reason.strip()


def _mail_invitation(user: User, address: str, *, by_password: bool) -> None:
    with translation.override(user.language or None):
        told: dict[str, object] = {
            "name": user,
            "username": user.username,
            "address": address,
        }
        if by_password:
            told["days"] = settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
            text = _(
                "To %(name)s\n\nYou have an account in the sarcoma follow-up. Your username is"
                " %(username)s. Open this address within %(days)s days, and set your"
                " password:\n\n%(address)s\n\nIt is for you alone and works once. A newer one"
                " ends it. If you expected no such mail, tell those who run the server."
            )
        else:
            told["provider"] = settings.OIDC_NAME
            text = _(
                "To %(name)s\n\nYou have an account in the sarcoma follow-up. Your username is"
                " %(username)s. Sign in here, with %(provider)s:\n\n%(address)s\n\nIf you"
                " expected no such mail, tell those who run the server."
            )
        send_mail(_("Your account in the sarcoma follow-up"), text % told, None, [user.email])


def _mail_reset(user: User) -> None:
    if not user.email:
        return
    with translation.override(user.language or None):
        send_mail(
            _("Your second factor was taken away"),
            _(
                "Your app, passkeys and recovery codes no longer sign you in to the sarcoma"
                " follow-up, because somebody asked for it in your name. Sign in and set up new"
                " ones. If you did not ask, tell those who run the server at once."
            ),
            None,
            [user.email],
        )
