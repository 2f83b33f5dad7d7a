"""The page of the door that allauth does not have: where the link of an invitation leads."""

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from surveillance.accounts.models import User
from surveillance.door.actions import set_own_password
from surveillance.door.forms import OwnPasswordForm
from surveillance.door.links import LINK, invited_by


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="set_password", limit_get=True)  # type: ignore[untyped-decorator] # allauth's
def set_password(request: HttpRequest) -> HttpResponse:
    """Let whoever was invited set a password; the secret goes from the address into the session.

    To open the link ends nothing, for a mail server may open it first; the password set does.
    """
    people = User.objects.all()
    if LINK in request.GET:
        if invited_by(request.GET[LINK], people):
            logout(request)  # whoever sits here need not be who sat here last
        request.session[LINK] = request.GET[LINK]
        return redirect("set-password")
    link = request.session.get(LINK, "")
    user = invited_by(link, people)
    form = OwnPasswordForm(request.POST or None, user=user) if user else None
    if form and form.is_valid():
        try:
            set_own_password(link=link, password=form.cleaned_data["password1"])
        except ValidationError:  # it was used meanwhile, in another window
            form = None
        else:
            logout(request)
            messages.success(request, _("Your password is set. Sign in with it."))
            return redirect("account_login")
    if form is None:
        return render(request, "account/link_ended.html", status=404)
    return render(request, "account/set_password.html", {"form": form, "invited": user})
