"""What the house decides where allauth asks."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from surveillance.accounts.models import User
from surveillance.accounts.sessions import BEGAN
from surveillance.door.audited import tell_clinics

# What allauth says of itself once something is done, in the house's words; the rest goes without.
SAID = {
    "account/messages/password_changed.txt": _("Your password is changed."),
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are entered by who runs the server: nobody signs up here."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("The username or the password is wrong."),
        "incorrect_password": _("The password is wrong."),
        "enter_current_password": _("This is not your password."),
        "too_many_login_attempts": _(
            "This went wrong too often. Wait ten minutes, then try again; whoever forgot the"
            " password asks those who run the server."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return whom the proxy names, for the limits of the API do the same."""
        through = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        return through or str(request.META.get("REMOTE_ADDR", ""))

    def get_login_stages(self) -> list[str]:
        ours = "surveillance.door.single_sign_on.SecondFactorStage"
        theirs = "allauth.mfa.stages.AuthenticateStage"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Tell the clinics of whoever was meant; who is nobody may have typed their password."""
        meant = User.objects.filter(username=credentials.get("username", "")).first()
        if meant:
            tell_clinics("sign_in.failed", meant, by="Somebody")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has only just signed in need not say again who they are."""
        began: float = self.request.session.get(BEGAN, 0)
        if time.time() - began < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        if not self.get_reauthentication_methods(self.request.user):
            raise PermissionDenied(
                _("You have no password here. Sign out, sign in again, and come back at once.")
            )
        return True

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        said = message or SAID.get(message_template or "")
        if said:
            messages.add_message(request, level, said)
