"""The forms of the door, in the house's words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordKeyForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as MFAReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.forms import Form
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def named(form: Form, labels: Mapping[str, "StrOrPromise"]) -> None:
    """Give fields labels of ours, and take away the words that stand within them."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label, field.help_text = label, ""
        field.widget.attrs.pop("placeholder", None)


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"login": _("Username"), "password": _("Password")})
        if not self.is_bound:  # the errors want the focus then
            self.fields["login"].widget.attrs["autofocus"] = True


class AgainForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"password": _("Password")})


NEW_PASSWORD = {"password1": _("New password"), "password2": _("New password, again")}


class PasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"oldpassword": _("Password until now"), **NEW_PASSWORD})


class OwnPasswordForm(ResetPasswordKeyForm):
    """What whoever was invited sets; `user` is they, whose names are no password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, NEW_PASSWORD)
        if not self.is_bound:
            self.fields["password1"].widget.attrs["autofocus"] = True


CODE = _("Code of the app, or a recovery code")


class CodeForm(AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"code": CODE})


class AgainByCodeForm(MFAReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"code": CODE})


class AppForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"code": _("Code that the app shows")})


class PasskeyForm(AddWebAuthnForm):
    """Each is good for signing in without a password: it asks for the finger, face or PIN."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named(self, {"name": _("Name")})
        self.fields["name"].max_length = 80
        del self.fields["passwordless"]

    def clean(self) -> dict[str, Any]:
        if self.errors.pop("credential", None):  # it stands in no field that somebody could mend
            self.add_error(None, _("No passkey was added. Try again, or set up an app instead."))
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = super().clean()
        return cleaned
