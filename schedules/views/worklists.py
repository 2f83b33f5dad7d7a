"""What must be done today, by list."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import retarget

from patients.access import UserRequest, allowed, days_asked_for
from patients.forms import SearchForm, refuse
from patients.models import Clinic
from patients.paging import page_after
from schedules import actions, queries
from schedules.anchors import proposals
from schedules.booking_forms import FilterForm, ViewForm
from schedules.models import ListName, SavedView
from schedules.to_book import Asked, Show, page_of, views_of
from schedules.worklists import (
    EARLIEST,
    address_of_booked,
    appointments,
    place_in_booked,
    rows,
)
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.BOOK)
def to_book(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What must be booked now, the most urgent first; what is snoozed stands on a tab of its own.

    Filters stand in the address. Whom one searches for is posted: an address ends up in logs, and
    names must not.
    """
    return _to_book(request, clinics, SearchForm(request.POST or None))


@require_POST
@allowed(Act.BOOK)
def save_view(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Keep the filters of the address under a name."""
    asked, naming = Asked.by(request.GET), ViewForm(request.POST)
    if naming.is_valid() and FilterForm(request.GET, clinics=clinics).is_valid():
        told = {**naming.cleaned_data, "list_name": ListName.TO_BOOK, "query": asked.filters}
        try:
            view = actions.save_view(by=request.user, **told)
        except ValidationError as error:
            refuse(naming, error)
        else:
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": view})
            return redirect(asked.address())
    return _to_book(request, clinics, SearchForm(), naming)


@require_POST
@allowed(Act.BOOK)
def change_view(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Rename one's own view or, by its button, delete it; the filters in use stay."""
    asked, naming = Asked.by(request.GET), ViewForm(request.POST)
    view = get_object_or_404(SavedView, public_id=public_id, user=request.user)
    if request.POST.get("then") == "delete":
        actions.delete_view(view=view, by=request.user)
        messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view})
        return redirect(asked.address())
    if naming.is_valid():
        try:
            actions.rename_view(view=view, by=request.user, **naming.cleaned_data)
        except ValidationError as error:
            refuse(naming, error)
        else:
            messages.success(request, _("The view is called “%(name)s” now.") % {"name": view})
            return redirect(asked.address())
    return _to_book(request, clinics, SearchForm(), naming)


def _to_book(
    request: UserRequest, clinics: list[Clinic], search: SearchForm, naming: ViewForm | None = None
) -> HttpResponse:
    """Show the list, and above it what was refused."""
    days, asked = days_asked_for(request, clinics), Asked.by(request.GET)
    filters = FilterForm(request.GET, clinics=clinics)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    page = None
    if filters.is_valid() and not search.errors:
        page = page_of(asked, filters.cleaned_data, days, q)
    table = rows(page.rows, days) if page else []
    record_look(page="to book", by=request.user, patients=[row.patient for row in table])
    views = views_of(request.user, asked)
    in_use = next((view.saved for view in views if view.is_in_use), None)
    context = {
        "rows": table,
        "days": days,
        "asked": asked,
        "form": search if search.errors else naming or filters,
        "filters": filters,
        "search": search,
        "q": q,
        "views": views,
        "in_use": in_use,
        "naming": naming or ViewForm(initial={"name": in_use}),
        "address": asked.address(),
        "here": asked.parameters(),
        "tabs": {
            "to_book": asked.address(show="", after=""),
            "snoozed": asked.address(show=Show.SNOOZED, after=""),
        },
        "pages": page.turns(lambda after: asked.address(after=after)) if page else {},
    }
    # After an act in place it is the answer to a form in a row.
    return retarget(render(request, "schedules/to_book.html", context), "#list")


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
        "here": place_in_booked(after),
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
