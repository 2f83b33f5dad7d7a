"""Today's work for whoever signs in: each kind with its number and its link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from patients.access import UserRequest
from patients.models import Clinic
from patients.queries import clinic_days, clinics_where_may
from reminders.models import Reconciliation
from reminders.queries import last_sweep
from schedules import queries
from schedules.anchors import proposals
from schedules.worklists import appointments
from surveillance.accounts.roles import Act
from surveillance.safety_net import fallen_through


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work and how to count what is left of it in some clinics."""

    act: Act
    title: str
    hint: str
    route: str
    count: Callable[[Sequence[Clinic]], int]


WORK = (
    Work(
        Act.BOOK,
        "To book",
        "Their window is open and no appointment is ahead.",
        "to-book",
        lambda clinics: queries.to_book(clinic_days(clinics)).count(),
    ),
    Work(
        Act.BOOK,
        "Appointments without an outcome",
        "Their day has passed: did the patient come?",
        "booked",
        lambda clinics: sum(
            row.day_has_passed for row in appointments(queries.booked(clinics), timezone.now())
        ),
    ),
    Work(
        Act.REVIEW,
        "Overdue",
        "Past the last day that is still on time; decide what to do.",
        "overdue",
        lambda clinics: queries.overdue(clinic_days(clinics)).count(),
    ),
    Work(
        Act.REVIEW,
        "Results to review",
        "Reported, and seen by no clinician yet.",
        "results",
        lambda clinics: queries.unreviewed_results(clinics).count(),
    ),
    Work(
        Act.RECORD_STUDY,
        "Studies without a match",
        "They count for no exam of the plan; see why, and decide.",
        "unmatched",
        lambda clinics: queries.unmatched_studies(clinics).count(),
    ),
    Work(
        Act.PLAN,
        "Re-baselines proposed",
        "An operation came after the anchor; the old slots go on until you decide.",
        "rebaselines",
        lambda clinics: len(proposals(clinics)),
    ),
    Work(
        Act.SEE_PATIENTS,
        "On the safety net",
        "Whom nobody has in hand. Zero is the goal.",
        "safety-net",
        lambda clinics: sum(map(len, fallen_through(clinic_days(clinics)).values())),
    ),
)


@require_safe
def home(request: UserRequest) -> HttpResponse:
    work = [
        {
            "title": item.title,
            "hint": item.hint,
            "url": reverse(item.route),
            "count": item.count(clinics),
        }
        for item in WORK
        if (clinics := list(clinics_where_may(request.user, item.act)))
    ]
    context = {
        "work": work,
        "sweep": last_sweep(timezone.now()),
        "compared": Reconciliation.objects.order_by("-started_at").first(),
    }
    return render(request, "surveillance/home.html", context)
