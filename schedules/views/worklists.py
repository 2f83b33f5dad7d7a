"""What must be done today, by list."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed, days_asked_for
from patients.models import Clinic
from schedules import queries
from schedules.anchors import proposals
from schedules.worklists import appointments, rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@require_safe
@allowed(Act.BOOK)
def to_book(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What must be booked now, the most urgent first."""
    days = days_asked_for(request, clinics)
    table = rows(queries.to_book(days), days)
    record_look(page="to book", by=request.user, patients=[row.patient for row in table])
    return render(request, "schedules/to_book.html", {"rows": table, "days": days})


@require_safe
@allowed(Act.BOOK)
def booked(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The appointments whose outcome is not known yet."""
    table = appointments(queries.booked(clinics), timezone.now())
    record_look(page="booked", by=request.user, patients=[row.patient for row in table])
    return render(request, "schedules/booked.html", {"rows": table})


@require_safe
@allowed(Act.REVIEW)
def overdue(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who is late and how late; what a clinician has deferred stands below."""
    days = days_asked_for(request, clinics)
    late, deferred = (
        rows(slots, days) for slots in (queries.overdue(days), queries.deferred(days))
    )
    record_look(
        page="overdue", by=request.user, patients=[row.patient for row in [*late, *deferred]]
    )
    context = {"rows": late, "deferred": deferred, "days": days}
    return render(request, "schedules/overdue.html", context)


@require_safe
@allowed(Act.PLAN)
def rebaselines(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The operations that propose a new anchor and wait for a decision."""
    waiting = proposals(clinics)
    record_look(
        page="rebaselines",
        by=request.user,
        patients=[schedule.tumour.patient for schedule, _ in waiting],
    )
    return render(request, "schedules/rebaselines.html", {"waiting": waiting})


@require_safe
@allowed(Act.REVIEW)
def results(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The results that no clinician has seen yet, the oldest first."""
    waiting = list(queries.unreviewed_results(clinics))
    record_look(page="results", by=request.user, patients=[one.study.patient for one in waiting])
    return render(request, "schedules/results.html", {"results": waiting})
