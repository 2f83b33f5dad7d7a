"""The tokens by which programs act for a person: made, shown once, revoked."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from patients.access import UserRequest
from patients.api.tokens import (
    LONGEST,
    acts_for_programs,
    make_token,
    revoke_token,
    tokens_of,
)
from patients.forms import refuse
from patients.queries import clinics_where_may
from surveillance.accounts.roles import Act


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as “ward dashboard”.")
    )
    acts = forms.TypedMultipleChoiceField(
        label=_("What it may do"),
        coerce=Act,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Never more than your roles let you do, now or later."),
    )
    read_only = forms.BooleanField(label=_("It only reads"), required=False, initial=True)
    days = forms.IntegerField(label=_("Lasts (days)"), min_value=1, max_value=LONGEST, initial=90)

    def __init__(self, *args: object, acts: list[Act], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["acts"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(act.value, act.label) for act in acts]


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: UserRequest) -> HttpResponse:
    """One's own tokens, and those of the members of the clinics that one keeps."""
    user = request.user
    form = TokenForm(request.POST or None, acts=acts_for_programs(user))
    made = text = None
    if request.method == "POST" and form.is_valid():
        try:
            made, text = make_token(by=user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            form = TokenForm(acts=acts_for_programs(user))
    listed = list(tokens_of(user, clinics_where_may(user, Act.KEEP_CLINIC)))
    context = {
        "form": form,
        "made": made,
        "text": text,
        "header": "Authorization: Token …",
        "own": [token for token in listed if token.user == user],
        "others": [token for token in listed if token.user != user],
    }
    return render(request, "surveillance/tokens.html", context)


@require_POST
def revoke(request: UserRequest, public_id: UUID) -> HttpResponse:
    token = get_object_or_404(
        tokens_of(request.user, clinics_where_may(request.user, Act.KEEP_CLINIC)),
        public_id=public_id,
    )
    revoke_token(token=token, by=request.user)
    messages.success(request, gettext("“%(token)s” is revoked.") % {"token": token})
    return redirect("tokens")
