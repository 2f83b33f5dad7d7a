"""Choosing, changing, suspending and ending the follow-up of one patient."""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic, Patient, Treatment, Tumour
from patients.queries import patients_of
from schedules import actions, queries
from schedules.actions.schedules import mark_of_death
from schedules.anchors import anchor_for
from schedules.models import Booking, Protocol, ProtocolState, Schedule
from schedules.plan_forms import DeathForm, DeclineForm, EndForm, EnrolForm, SuspendForm
from schedules.replanning import fingerprint, replanned, succeeded
from schedules.rules.plan import Pause
from schedules.rules.reconcile import Act as PlanAct
from schedules.suitability import suiting_protocols
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@allowed(Act.PLAN)
def enrol(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Choose the protocol and the anchor of a tumour; the suiting ones are proposed with why."""
    tumour = get_object_or_404(
        Tumour.objects.filter(patient__in=patients_of(clinics)), public_id=public_id
    )
    suiting, proposal = suiting_protocols(tumour), anchor_for(tumour)
    form = EnrolForm(_posted(request), tumour=tumour, suiting=suiting, proposal=proposal)
    context = {"tumour": tumour, "suiting": suiting, "proposal": proposal}
    return _act_on(
        request,
        tumour.patient,
        form,
        lambda told: actions.enrol(tumour=tumour, by=request.user, **told),
        _("Follow-up has started."),
        "schedules/enrol.html",
        context,
    )


@allowed(Act.PLAN)
def what_if(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Show what another anchor or another protocol would change, and apply just that.

    `?anchor=` is the public id of an operation, `?protocol=` the code of an active protocol.
    """
    schedule = _schedule(clinics, public_id)
    patient = schedule.tumour.patient
    anchor, protocol = _asked(request, schedule)
    if anchor:
        replan = succeeded(schedule, schedule.protocol, anchor.on or schedule.anchor_on)
    else:
        today = patient.clinic.today()
        replan = succeeded(schedule, protocol, schedule.anchor_on, since=today)
    form = forms.Form(_posted(request))

    def apply(told: dict[str, Any]) -> Schedule:
        shown = request.POST.get("shown", "")
        if anchor:
            return actions.rebaseline(
                schedule=schedule, anchor=anchor, by=request.user, shown=shown
            )
        return actions.change_protocol(
            schedule=schedule, protocol=protocol, by=request.user, shown=shown
        )

    context = {
        "schedule": schedule,
        "anchor": anchor,
        "protocol": protocol,
        "replan": replan,
        "created": replan.of(PlanAct.CREATE),
        "ended": replan.of(PlanAct.WITHDRAW),
        "kept": replan.of(PlanAct.KEEP),
        "shown": fingerprint([replan]),
    }
    return _act_on(
        request,
        patient,
        form,
        apply,
        _("The new series has started."),
        "schedules/what_if.html",
        context,
    )


@allowed(Act.PLAN)
def suspend(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Ask for reason and day of review, show what the rest would change, and do just that."""
    schedule = _schedule(clinics, public_id)
    patient = schedule.tumour.patient
    form = SuspendForm(_posted(request), today=patient.clinic.today())
    context: dict[str, Any] = {
        "schedule": schedule,
        "booked": Booking.objects.filter(slot__schedule=schedule, state__in=Booking.ACTIVE),
    }
    if form.is_valid():
        rest = Pause(patient.clinic.today(), form.cleaned_data["review_on"])
        replan = replanned(schedule, rest=rest)
        context |= {"replan": replan, "shown": fingerprint([replan])}

    def act(told: dict[str, Any]) -> None:
        shown = request.POST.get("shown", "")
        actions.suspend(schedule=schedule, by=request.user, shown=shown, **told)

    return _act_on(
        request,
        patient,
        form,
        act,
        _("The follow-up is suspended; it comes back on the safety net on its day of review."),
        "schedules/suspend.html",
        context,
        only_show="shown" not in request.POST,
    )


@allowed(Act.PLAN)
def resume(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    schedule = _schedule(clinics, public_id)
    today = schedule.tumour.patient.clinic.today()
    replan = replanned(schedule, resumed_on=today)
    shown = request.POST.get("shown", "")
    return _act_on(
        request,
        schedule.tumour.patient,
        forms.Form(_posted(request)),
        lambda told: actions.resume(schedule=schedule, by=request.user, shown=shown),
        _("The follow-up goes on."),
        "schedules/resume.html",
        {"schedule": schedule, "replan": replan, "shown": fingerprint([replan])},
    )


@allowed(Act.PLAN)
def end(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    schedule = _schedule(clinics, public_id)
    form = EndForm(_posted(request))
    return _act_on(
        request,
        schedule.tumour.patient,
        form,
        lambda told: actions.end(schedule=schedule, by=request.user, **told),
        _("The follow-up has ended."),
        "schedules/end.html",
        {"schedule": schedule},
    )


@allowed(Act.PLAN)
def record_death(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    patient = get_object_or_404(patients_of(clinics), public_id=public_id)
    form = DeathForm(_posted(request), today=patient.clinic.today())
    return _act_on(
        request,
        patient,
        form,
        lambda told: actions.record_death(patient=patient, by=request.user, **told),
        _("The death is recorded: every follow-up has ended and every appointment is cancelled."),
        "schedules/death.html",
        {"seen": mark_of_death(patient)},
    )


@allowed(Act.PLAN)
def decline_anchor(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Decide that an operation (`?anchor=`) does not restart the clock."""
    schedule = _schedule(clinics, public_id)
    anchor = _asked(request, schedule)[0]
    if anchor is None:
        raise BadRequest(_("Say which operation: anchor=…"))
    form = DeclineForm(_posted(request))
    return _act_on(
        request,
        schedule.tumour.patient,
        form,
        lambda told: actions.decline_anchor(
            schedule=schedule, treatment=anchor, by=request.user, **told
        ),
        _("The old series goes on."),
        "schedules/decline.html",
        {"schedule": schedule, "anchor": anchor},
    )


def _act_on(
    request: UserRequest,
    patient: Patient,
    form: forms.Form,
    act: Callable[[dict[str, Any]], object],
    done: str,
    template: str,
    context: dict[str, Any],
    *,
    only_show: bool = False,
) -> HttpResponse:
    """Show a form about a patient, or do what it says and go back to the patient."""
    record_look(page=PurePath(template).stem, by=request.user, patients=[patient])
    if request.method == "POST" and not only_show and form.is_valid():
        try:
            act(form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(
                request, _("%(patient)s: %(done)s") % {"patient": patient, "done": done}
            )
            return redirect("patient", public_id=patient.public_id)
    return render(request, template, {"form": form, "patient": patient} | context)


def _posted(request: UserRequest) -> QueryDict | None:
    """What was sent with a form; a button alone sends nothing, and is pressed all the same."""
    return request.POST if request.method == "POST" else None


def _schedule(clinics: list[Clinic], public_id: UUID) -> Schedule:
    return get_object_or_404(queries.schedules_of(clinics), public_id=public_id)


def _asked(request: UserRequest, schedule: Schedule) -> tuple[Treatment | None, Protocol]:
    """Return the operation and the protocol that the address asks about."""
    if "anchor" in request.GET:
        try:
            anchor = get_object_or_404(
                schedule.tumour.treatments, public_id=UUID(request.GET["anchor"])
            )
        except ValueError as error:
            raise BadRequest(_("anchor is not the id of an operation.")) from error
        return anchor, schedule.protocol
    protocol = get_object_or_404(
        Protocol, code=request.GET.get("protocol", ""), state=ProtocolState.ACTIVE
    )
    return None, protocol
