"""The page that tells one patient's story."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic, Patient, Tumour
from patients.queries import patients_of
from reminders.said import said_of
from schedules.anchors import proposed_anchor
from schedules.models import Booking, Contact, Protocol, ProtocolState, Review, Schedule, Slot
from schedules.pictures.follow_up import picture as draw
from schedules.pictures.table import rows
from schedules.queries import schedules_of
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look
from surveillance.audit.queries import changes_of, looks_at
from surveillance.pages.picture import follow_up
from surveillance.pages.timeline import timeline


@require_safe
@allowed(Act.SEE_PATIENTS)
def patient(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    found = get_object_or_404(with_story(patients_of(clinics)), public_id=public_id)
    record_look(page="patient", by=request.user, patients=[found])
    context = story(found) | {
        "changes": changes_of(found),
        "looks": looks_at(found, found.clinic.zone),
    }
    return render(request, "surveillance/patient.html", context)


def with_story(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Return the patients with what `story` tells of each."""
    return patients.select_related("clinic").prefetch_related(
        "tumours__treatments",
        "tumours__findings",
        "studies__result__corrections__by",
        "studies__slots",
        "studies__kept_by",
        "studies__received__filed_by",
        "studies__received__headers",
        "clinic__text_meanings",
    )


def story(found: Patient) -> dict[str, Any]:
    """Return what the page tells of a patient, but for who looked and who changed."""
    schedules = list(
        schedules_of([found.clinic])
        .filter(tumour__patient=found)
        .order_by("-anchor_on")
        .prefetch_related(
            "tumour__treatments__declined",
            "tumour__findings",
            "suspensions",
            Prefetch("slots", Slot.objects.order_by("exam", "n")),
            "slots__studies__result",
            Prefetch("slots__bookings", Booking.objects.select_related("scanner")),
            Prefetch("slots__contacts", Contact.objects.select_related("by")),
            Prefetch("slots__reviews", Review.objects.select_related("by")),
        )
    )
    today = found.clinic.today()
    told = follow_up(found, schedules, today)
    return {
        "patient": found,
        "today": today,
        "schedules": schedules,
        "proposals": [(s, proposal) for s in schedules if (proposal := proposed_anchor(s))],
        "unfollowed": [] if found.died_on else _unfollowed(found, schedules),
        "other_protocols": Protocol.objects.filter(state=ProtocolState.ACTIVE).order_by("code"),
        "timeline": timeline(found, schedules, today),
        "picture": draw(told),
        "picture_rows": rows(told),
        "said": said_of(found),
    }


def _unfollowed(patient: Patient, schedules: Iterable[Schedule]) -> list[Tumour]:
    """The tumours with no schedule that is live: operated on and never enrolled, or ended."""
    live = {schedule.tumour_id for schedule in schedules if schedule.state in Schedule.LIVE}
    return [tumour for tumour in patient.tumours.all() if tumour.pk not in live]
