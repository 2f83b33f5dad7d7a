"""What a person is told, and their answer to an alert."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from reminders import actions, queries
from reminders.conditions import ANSWER_HOLDS
from reminders.inbox import rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@require_safe
@allowed(Act.SEE_PATIENTS)
def inbox(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What is open and addressed to the user, the alerts first."""
    table = rows(queries.inbox(request.user, clinics), request.user)
    record_look(page="inbox", by=request.user, patients=[row.patient for row in table])
    return render(request, "reminders/inbox.html", {"rows": table})


@require_POST
@allowed(Act.ACKNOWLEDGE)
def acknowledge(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Take an alert in hand, and those posted as `also`, which stood in the same row: all or
    none."""
    alerts = queries.notices_of(clinics)
    notice = get_object_or_404(alerts, public_id=public_id)
    try:
        also = [UUID(one) for one in request.POST.getlist("also")]
        with transaction.atomic():
            for one in [notice, *alerts.filter(public_id__in=also, patient=notice.patient)]:
                actions.acknowledge(notice=one, by=request.user)
    except ValueError:
        messages.error(request, _("That was no alert."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request,
            ngettext(
                "%(patient)s: you have it in hand. Nothing more is sent of it for %(days)s day; "
                "if nothing has come of it by then, it is raised again.",
                "%(patient)s: you have it in hand. Nothing more is sent of it for %(days)s days; "
                "if nothing has come of it by then, it is raised again.",
                ANSWER_HOLDS,
            )
            % {"patient": notice.patient, "days": ANSWER_HOLDS},
        )
    if "from_patient" in request.POST:
        return redirect("patient", public_id=notice.patient.public_id)
    return redirect("inbox")
