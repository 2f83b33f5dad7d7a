"""What who runs the server does for somebody who cannot come in any more."""

import time
from datetime import UTC, datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from surveillance.accounts.models import User
from surveillance.door.audited import tell_clinics


@transaction.atomic
def reset_second_factor(*, username: str, reason: str, by: str) -> None:
    """Take a person's app, passkeys and recovery codes away, end their sessions, and tell them.

    Raises:
        ValidationError: there is no such person, no reason, or nothing to take away.
    """
    user = User.objects.select_for_update(no_key=True).filter(username=username).first()
    if user is None:
        raise ValidationError(_("Nobody signs in as “%(name)s”.") % {"name": username})
    if not reason.strip():
        raise ValidationError(_("Say why."))
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise ValidationError(_("%(name)s has no second factor.") % {"name": username})
    user.signed_out_at = datetime.fromtimestamp(time.time(), UTC)
    user.save(update_fields=["signed_out_at"])
    tell_clinics("second_factor.reset", user, by=by, reason=reason.strip())
    transaction.on_commit(lambda: _mail(user))


def _mail(user: User) -> None:
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
