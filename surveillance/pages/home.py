"""Today's work for whoever signs in: each kind with its number and its link."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from imaging.queries import undecided
from patients.access import UserRequest
from patients.emergency import accesses_to
from patients.models import Clinic
from patients.queries import clinic_days, clinics_where_may
from reminders.models import Reconciliation
from reminders.queries import last_sweep, open_alarms
from schedules import queries
from schedules.anchors import proposals
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.safety_net import fallen_through


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work and how to count what is left of it in some clinics."""

    act: Act
    title: Promise
    hint: Promise
    route: str
    count: Callable[[Sequence[Clinic]], int]
    part: str = ""  # of the page, where its first list is another one


SAFETY_NET = Work(
    Act.SEE_PATIENTS,
    _("On the safety net"),
    _("Whom nobody has in hand. Zero is the goal."),
    "safety-net",
    lambda clinics: sum(map(len, fallen_through(clinic_days(clinics)).values())),
)

WORK = (
    Work(
        Act.BOOK,
        _("To book"),
        _("Their window is open and no appointment is ahead."),
        "to-book",
        lambda clinics: queries.to_book(clinic_days(clinics)).count(),
    ),
    Work(
        Act.BOOK,
        _("Appointments without an outcome"),
        _("Their day has passed: did the patient come?"),
        "booked",
        lambda clinics: sum(queries.without_outcome(day).count() for day in clinic_days(clinics)),
    ),
    Work(
        Act.REVIEW,
        _("Overdue"),
        _("Past the last day that is still on time; decide what to do."),
        "overdue",
        lambda clinics: queries.overdue(clinic_days(clinics)).count(),
    ),
    Work(
        Act.REVIEW,
        _("Results to review"),
        _("Reported, and seen by no clinician yet."),
        "results",
        lambda clinics: queries.unreviewed_results(clinics).count(),
        "#unreviewed",
    ),
    Work(
        Act.RECORD_STUDY,
        _("Results to record"),
        _("Performed, and nobody has recorded yet what they showed."),
        "results",
        lambda clinics: queries.unreported_studies(clinics).count(),
    ),
    Work(
        Act.RECORD_STUDY,
        _("Received images to decide on"),
        _("Nobody has said yet whose they are, or what they covered."),
        "unmatched",
        lambda clinics: undecided(clinics).count(),
    ),
    Work(
        Act.RECORD_STUDY,
        _("Studies without a match"),
        _("They count for no exam of the plan; see why, and decide."),
        "unmatched",
        lambda clinics: queries.unmatched_studies(clinics).count(),
    ),
    Work(
        Act.PLAN,
        _("Re-baselines proposed"),
        _("An operation came after the anchor; the old slots go on until you decide."),
        "rebaselines",
        lambda clinics: len(proposals(clinics)),
    ),
    SAFETY_NET,
    Work(
        Act.DECIDE_HOLD,
        _("Alarms"),
        _("Something is wrong with the machine itself, or waits for your decision."),
        "status",
        lambda clinics: open_alarms(clinics).count(),
    ),
)


def _of_everybody(user: User) -> dict[str, object] | None:
    """How many are on the safety net, for who may not open that list: the number names nobody."""
    clinics = list(clinics_where_may(user, Act.SEE_STATUS))
    if not clinics or clinics_where_may(user, Act.SEE_PATIENTS).exists():
        return None
    return {"title": SAFETY_NET.title, "hint": SAFETY_NET.hint, "count": SAFETY_NET.count(clinics)}


@require_safe
def home(request: UserRequest) -> HttpResponse:
    work = [
        {
            "title": item.title,
            "hint": item.hint,
            "url": reverse(item.route) + item.part,
            "count": item.count(clinics),
        }
        for item in WORK
        if (clinics := list(clinics_where_may(request.user, item.act)))
    ]
    context = {
        "work": work,
        "accesses": accesses_to(clinics_where_may(request.user, Act.KEEP_CLINIC))
        .filter(noted_at=None)
        .exclude(by=request.user)
        .count(),
        "safety_net": _of_everybody(request.user),
        "jobs": queries.recent_jobs(request.user, timezone.now()),
        "sweep": last_sweep(timezone.now()),
        "compared": Reconciliation.objects.order_by("-started_at").first(),
    }
    return render(request, "surveillance/home.html", context)
