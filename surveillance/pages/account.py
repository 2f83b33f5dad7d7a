"""What a person keeps of their own: where they are signed in, and the way to their tokens."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest
from patients.sessions import sign_out_everywhere


@require_safe
def account(request: UserRequest) -> HttpResponse:
    return render(request, "surveillance/account.html")


@require_POST
def end_sessions(request: UserRequest) -> HttpResponse:
    """End one's sessions everywhere, this one too: the sign-in, where it leads, says so."""
    sign_out_everywhere(by=request.user)
    return redirect("account")
