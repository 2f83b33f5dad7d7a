"""What must be done today, by list."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import retarget

from patients.access import UserRequest, allowed, days_asked_for
from patients.forms import SearchForm
from patients.models import Clinic
from patients.paging import PAGE_ROWS, By, page_after
from schedules import queries
from schedules.actions import UNDO_WITHIN
from schedules.anchors import proposals
from schedules.booking_forms import FilterForm
from schedules.models import Booking
from schedules.to_book import Asked, Show, page_of
from schedules.worklists import address_of_booked, appointments, rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

EARLIEST = (By("starts_at"),)


@allowed(Act.BOOK)
def to_book(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What must be booked now, the most urgent first; what is snoozed stands on a tab of its own.

    Filters stand in the address. Whom one searches for is posted: an address ends up in logs, and
    names must not.
    """
    days, asked = days_asked_for(request, clinics), Asked.by(request.GET)
    filters = FilterForm(request.GET, clinics=clinics)
    search = SearchForm(request.POST if request.method == "POST" else None)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    page = None
    if filters.is_valid() and not search.errors:
        page = page_of(asked, filters.cleaned_data, days, q)
    table = rows(page.rows, days) if page else []
    booked_just_now = _booked_just_now(request, clinics)
    seen = [row.patient for row in table]
    if booked_just_now:
        seen.append(booked_just_now.slot.patient)
    record_look(page="to book", by=request.user, patients=seen)
    context = {
        "rows": table,
        "days": days,
        "asked": asked,
        "form": search if search.errors else filters,
        "filters": filters,
        "search": search,
        "q": q,
        "booked_just_now": booked_just_now,
        "address": asked.address(),
        "here": asked.parameters(),
        "tabs": {
            "to_book": asked.address(show="", after=""),
            "snoozed": asked.address(show=Show.SNOOZED, after=""),
        },
        "first": asked.address(after=""),
        "onward": asked.address(after=page.after) if page and page.after else "",
        "page_rows": PAGE_ROWS,
    }
    # After an act in place it is the answer to a form in a row.
    return retarget(render(request, "schedules/to_book.html", context), "#list")


def _booked_just_now(request: UserRequest, clinics: list[Clinic]) -> Booking | None:
    """What this person has booked, where the list says so and offers to take it back."""
    try:
        public_id = UUID(request.GET.get("booked", ""))
    except ValueError:
        return None
    return (
        queries.undoable(clinics, request.user, timezone.now() - UNDO_WITHIN)
        .filter(public_id=public_id)
        .first()
    )


@require_safe
@allowed(Act.BOOK)
def booked(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The appointments whose outcome is not known yet, the earliest first."""
    waiting, after = queries.booked(clinics), request.GET.get("after", "")
    page = page_after(waiting, EARLIEST, after, among=queries.bookings_of(clinics))
    table = appointments(page.rows, timezone.now())
    record_look(page="booked", by=request.user, patients=[row.patient for row in table])
    context = {
        "rows": table,
        "count": waiting.count(),
        "after": after,
        "pages": page.turns(address_of_booked),
    }
    return render(request, "schedules/booked.html", context)


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
