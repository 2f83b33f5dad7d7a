"""What was sent, what waits, what failed, was withdrawn or is held."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Count, Min, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic, Patient
from patients.paging import By, page_after
from reminders import actions, queries
from reminders.models import Announcement, Line, Message, MessageState
from reminders.wording import appointment_in_words, subject_in_words, why_withdrawn
from schedules.rules.wording import listed
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

LATEST = (By("queued_at", descending=True),)

# What the page can be narrowed to, by its word in the address.
_STATES: Mapping[str, tuple[Promise, tuple[MessageState, ...]]] = {
    "waiting": (_("Waiting"), (MessageState.QUEUED, MessageState.SENDING)),
    "sent": (_("Sent"), (MessageState.SENT,)),
    "failed": (_("Failed"), (MessageState.FAILED,)),
    "held": (_("Held"), (MessageState.HELD,)),
    "withdrawn": (_("Withdrawn"), (MessageState.WITHDRAWN,)),
}


@require_safe
@allowed(Act.SEE_MESSAGES)
def all_messages(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The clinics' messages, the latest first: `?state=` narrows, `?after=` goes on from one."""
    state = request.GET.get("state", "")
    if state and state not in _STATES:
        raise BadRequest(
            gettext("“%(state)s” is none of %(states)s.")
            % {"state": state, "states": listed(_STATES)}
        )
    of_clinics = queries.messages_of(clinics)
    asked = of_clinics.filter(state__in=_STATES[state][1]) if state else of_clinics
    to_patients = Line.objects.filter(to_patient=True).select_related("notice__patient__clinic")
    asked = asked.prefetch_related(Prefetch("lines", to_patients, to_attr="to_patients"))
    page = page_after(asked, LATEST, request.GET.get("after", ""), among=of_clinics)
    rows = [(message, _patients(message)) for message in page.rows]
    record_look(
        page="messages",
        by=request.user,
        patients=[patient for __, patients in rows for patient in patients],
    )
    context = {
        "rows": rows,
        "pages": page.turns(lambda after: _address(state=state, after=after)),
        "state": state,
        "states": {word: label for word, (label, __) in _STATES.items()},
        "ungathered": queries.ungathered(clinics).aggregate(
            count=Count("pk"), first=Min("deliver_at")
        ),
        "clinic": clinics[0],
    }
    return render(request, "reminders/messages.html", context)


def _patients(message: Message) -> list[Patient]:
    """Return who is named beside a message in the list: to whom it goes, or of whom it is."""
    if told := _announcement(message):
        return [told.booking.patient]
    return [line.notice.patient for line in getattr(message, "to_patients", ())]


def _announcement(message: Message) -> Announcement | None:
    return getattr(message, "announcement", None)


def _address(**told: str) -> str:
    return reverse("messages", query={name: value for name, value in told.items() if value})


@require_safe
@allowed(Act.SEE_MESSAGES)
def message(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """One message as it was sent, and what became of each thing that it tells."""
    found = get_object_or_404(queries.messages_of(clinics), public_id=public_id)
    lines = list(queries.lines().filter(message=found))
    patients = [line.notice.patient for line in lines]
    told = _announcement(found)
    if told:
        patients.append(told.booking.patient)
    record_look(page="message", by=request.user, patients=patients)
    context = {
        "told": found,
        "appointment": told and appointment_in_words(told.booking, found.clinic),
        "rows": [
            (line, subject_in_words(line.notice), line.withdrawn_at and why_withdrawn(line))
            for line in lines
        ],
    }
    return render(request, "reminders/message.html", context)


@require_POST
@allowed(Act.SEND_AGAIN)
def send_again(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Let a message that was given up wait once more."""
    found = get_object_or_404(queries.messages_of(clinics), public_id=public_id)
    try:
        actions.send_again(message=found, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request,
            gettext("It waits to be sent again. What of it is no longer true is left out."),
        )
    return redirect("message", public_id=public_id)
