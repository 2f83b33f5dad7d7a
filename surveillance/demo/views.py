from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surveillance.demo.models import Mail


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The mail that the product has sent, the latest first."""
    return render(request, "demo/mailbox.html", {"mails": Mail.objects.order_by("-id")[:100]})
