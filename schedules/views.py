"""The pages of worklists, bookings, reviews, studies and exports: each reads, calls, answers."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed, days_asked_for
from patients.models import Clinic, Treatment
from patients.queries import clinic_days, patients_of
from schedules import actions, queries
from schedules.anchors import proposals
from schedules.exports import csv_lines
from schedules.forms import BookingForm, ReviewForm, StudyForm
from schedules.models import BookingState
from schedules.rules.months import long_date
from schedules.worklists import appointments, rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look
from surveillance.audit.models import Event


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


@allowed(Act.BOOK)
def book(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    clinic = slot.patient.clinic
    record_look(page="book", by=request.user, patients=[slot.patient])
    with timezone.override(clinic.zone):
        form = BookingForm(request.POST or None, clinic=clinic)
        if request.method == "POST" and form.is_valid():
            try:
                booking = actions.book(slot=slot, by=request.user, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                when = booking.starts_at.astimezone(clinic.zone)
                messages.success(
                    request, f"{slot.patient} is booked for {long_date(when)} at {when:%H:%M}."
                )
                return redirect("to-book")
        [row] = rows(queries.slots_of(clinics).filter(pk=slot.pk), clinic_days([clinic]))
        return render(request, "schedules/book.html", {"form": form, "row": row})


@require_POST
@allowed(Act.BOOK)
def move_booking(
    request: UserRequest, clinics: list[Clinic], public_id: UUID, to: BookingState
) -> HttpResponse:
    booking = get_object_or_404(queries.bookings_of(clinics), public_id=public_id)
    try:
        actions.move_booking(booking=booking, to=to, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{booking.slot.patient}: {to.label.lower()}.")
    return redirect("booked")


@allowed(Act.REVIEW)
def review(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    slot = get_object_or_404(queries.slots_of(clinics), public_id=public_id)
    record_look(page="review", by=request.user, patients=[slot.patient])
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.review(slot=slot, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            decision = form.cleaned_data["decision"].label
            messages.success(request, f"{slot.patient}: recorded “{decision}”.")
            return redirect("overdue")
    [row] = rows(queries.slots_of(clinics).filter(pk=slot.pk), clinic_days([slot.patient.clinic]))
    return render(request, "schedules/review.html", {"form": form, "row": row})


@allowed(Act.RECORD_STUDY)
def record_study(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    patient = get_object_or_404(patients_of(clinics), public_id=public_id)
    record_look(page="record study", by=request.user, patients=[patient])
    form = StudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        outcome, sites = told.pop("outcome"), told.pop("sites")
        try:
            with transaction.atomic():
                study = actions.record_study(patient=patient, by=request.user, **told)
                if outcome:
                    actions.record_result(
                        study=study, outcome=outcome, sites=sites, by=request.user
                    )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Recorded: {study}.")
            return redirect("patient", public_id=patient.public_id)
    return render(request, "schedules/record_study.html", {"form": form, "patient": patient})


@require_safe
@allowed(Act.REBASELINE)
def rebaselines(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The operations that propose a new anchor and wait for a decision."""
    waiting = proposals(clinics)
    record_look(
        page="rebaselines",
        by=request.user,
        patients=[schedule.tumour.patient for schedule, _ in waiting],
    )
    return render(request, "schedules/rebaselines.html", {"waiting": waiting})


@require_POST
@allowed(Act.REBASELINE)
def rebaseline(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Accept the operation that the page proposed as the new anchor."""
    schedule = get_object_or_404(queries.schedules_of(clinics), public_id=public_id)
    try:
        anchor_id = UUID(request.POST.get("anchor", ""))
    except ValueError as error:
        raise Http404("That is no operation.") from error
    anchor = get_object_or_404(Treatment, tumour=schedule.tumour, public_id=anchor_id)
    try:
        actions.rebaseline(schedule=schedule, anchor=anchor, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"A new series starts from: {anchor}.")
    return redirect("patient", public_id=schedule.tumour.patient.public_id)


@require_safe
@allowed(Act.EXPORT)
def exports(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Take schedules out, and see who did before."""
    past = Event.objects.filter(
        act="schedules.exported", clinic_code__in=[clinic.code for clinic in clinics]
    ).order_by("-at")[:50]
    return render(request, "schedules/exports.html", {"past": past, "clinics": clinics})


@require_POST
@allowed(Act.EXPORT)
def export_csv(request: UserRequest, clinics: list[Clinic]) -> HttpResponseBase:
    """Answer with the schedules of the user's clinics as CSV; it is recorded before it leaves."""
    table = actions.export(clinics=clinics, by=request.user)
    response = StreamingHttpResponse(csv_lines(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="schedules.csv"'
    return response
