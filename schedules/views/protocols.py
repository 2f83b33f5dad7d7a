"""Protocols: everyone sees them, one person drafts, another signs, who plans lets patients go over.

A protocol belongs to no clinic; what is said of its patients is of the user's own clinics only.
"""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from schedules import actions, queries
from schedules.actions.protocols import marks, newest, objections, takeovers
from schedules.comparison import CompareForm, overview, phases_of, picture_of, series_of
from schedules.comparison import compare as set_beside
from schedules.models import (
    Job,
    JobKind,
    JobState,
    Protocol,
    ProtocolState,
    ScheduleState,
)
from schedules.protocol_forms import PhaseForm, PhaseFormSet, PreviewForm, ProtocolForm
from schedules.rules.compare import YEARS
from schedules.rules.plan import plan
from schedules.takeovers import Counts, takeover_rows
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


@require_safe
@allowed(Act.SEE_PROTOCOLS)
def protocols(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    everyone = list(queries.protocols_with_use(clinics).order_by("code", "-version"))
    active = {one.code: one for one in everyone if one.state == ProtocolState.ACTIVE}
    groups = [
        (
            state,
            [
                (one, objections(protocol=one, active=active.get(one.code), by=request.user))
                for one in everyone
                if one.state == state
            ],
        )
        for state in (ProtocolState.ACTIVE, ProtocolState.DRAFT, ProtocolState.RETIRED)
    ]
    in_question = [
        one for state, rows in groups if state != ProtocolState.RETIRED for one, _ in rows
    ]
    context = {"groups": groups, "overview": overview(in_question)}
    return render(request, "schedules/protocols.html", context)


@require_safe
@allowed(Act.SEE_PROTOCOLS)
def compare(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Set the versions `?a=CODE-VERSION&b=CODE-VERSION` beside one another."""
    everyone = Protocol.objects.order_by("code", "-version")
    asked = request.GET if request.GET.keys() & {"a", "b"} else None
    form = CompareForm(asked, protocols=everyone)
    compared = None
    if form.is_valid():
        compared = set_beside(form.cleaned_data["a"], form.cleaned_data["b"])
    context = {"form": form, "compared": compared}
    return render(request, "schedules/protocol_compare.html", context)


@require_safe
@allowed(Act.SEE_PROTOCOLS)
def protocol(request: UserRequest, clinics: list[Clinic], code: str, version: int) -> HttpResponse:
    """Show all of a version; with `?anchor=YYYY-MM-DD` the slots that it gives from that day."""
    versions = list(queries.protocols_with_use(clinics).filter(code=code).order_by("-version"))
    protocol = next((one for one in versions if one.version == version), None)
    if protocol is None:
        raise Http404
    active = next((one for one in versions if one.state == ProtocolState.ACTIVE), None)
    form = PreviewForm(request.GET if "anchor" in request.GET else None)
    slots = []
    if form.is_valid() and not protocol.flaw:
        slots = plan(protocol.definition, form.cleaned_data["anchor"])
    context = {
        "protocol": protocol,
        "versions": versions,
        "active": active,
        "objections": objections(protocol=protocol, active=active, by=request.user),
        "phases": phases_of(protocol),
        "form": form,
        "slots": sorted(slots, key=lambda slot: (slot.due_on, slot.exam.key)),
        "years": YEARS,
    }
    if not protocol.flaw:
        context |= {"picture": picture_of(protocol), "series": series_of(protocol)}
    return render(request, "schedules/protocol.html", context)


@allowed(Act.DRAFT_PROTOCOL)
def draft(request: UserRequest, clinics: list[Clinic], code: str, version: int) -> HttpResponse:
    """Write a new draft version that begins with what this one says."""
    protocol = get_object_or_404(Protocol, code=code, version=version)
    form = ProtocolForm(request.POST or None, initial=ProtocolForm.typed(protocol))
    phases = PhaseFormSet(
        request.POST or None,
        initial=[PhaseForm.typed(phase) for phase in protocol.phases],
        prefix="phases",
    )
    if request.method == "POST" and all([form.is_valid(), phases.is_valid()]):
        try:
            new = actions.draft_protocol(
                based_on=protocol, by=request.user, phases=phases.told, **form.told
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(
                request,
                _("%(protocol)s is drafted; a second person must sign it.") % {"protocol": new},
            )
            return redirect("protocol", code=new.code, version=new.version)
    context = {
        "protocol": protocol,
        "form": form,
        "phases": phases,
        "seen": newest(code).version,
    }
    return render(request, "schedules/protocol_draft.html", context)


@require_POST
@allowed(Act.SIGN_PROTOCOL)
def sign(request: UserRequest, clinics: list[Clinic], code: str, version: int) -> HttpResponse:
    protocol = get_object_or_404(Protocol, code=code, version=version)
    try:
        actions.activate_protocol(protocol=protocol, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, _("You have signed %(protocol)s: it is active now.") % {"protocol": protocol}
        )
    return redirect("protocol", code=code, version=version)


@allowed(Act.PLAN)
def take_over(request: UserRequest, clinics: list[Clinic], code: str, version: int) -> HttpResponse:
    """Show what going on by this version would change for patients on older ones, and do just that.

    What is shown goes along in the form, and it is done in the background. `?refused=` names a job
    of the user's that was not done: what has changed since is marked.
    """
    protocol = get_object_or_404(Protocol, code=code, version=version)
    if protocol.flaw:
        raise Http404(protocol.flaw)
    if request.method == "POST":
        shown = dict(
            mark.split("=", 1) for mark in request.POST.get("shown", "").split() if "=" in mark
        )
        job = actions.ask_for(
            kind=JobKind.TAKE_OVER,
            parameters={"code": code, "version": version, "shown": shown},
            total=len(shown),
            by=request.user,
        )
        return redirect("job", job.public_id)
    refused = _refused(request, protocol)
    shown = refused.parameters["shown"] if refused else {}
    replans = takeovers(protocol=protocol, clinics=clinics)
    now = marks(replans)
    changed = [one for one in now if refused and now[one] != shown.get(one)]
    rows = takeover_rows(replans, changed)
    of_code = queries.schedules_of(clinics).filter(protocol__code=code)
    left = shown.keys() - now.keys()
    gone = [one.tumour.patient for one in of_code if str(one.public_id) in left] if left else []
    record_look(page="take over", by=request.user, patients=[*(row.patient for row in rows), *gone])
    context = {
        "protocol": protocol,
        "rows": rows,
        "totals": sum((row.counts for row in rows), Counts()),
        "suspended": of_code.filter(
            protocol__version__lt=version, state=ScheduleState.SUSPENDED
        ).count(),
        "shown": " ".join(f"{one}={mark}" for one, mark in now.items()),
        "refused": refused,
        "gone": gone,
        "under_way": queries.take_overs_to(protocol)
        .filter(
            Q(by=request.user) | Q(parameters__shown__has_any_keys=list(now)),
            state__in=Job.UNFINISHED,
        )
        .first(),
    }
    return render(request, "schedules/protocol_take_over.html", context)


def _refused(request: UserRequest, protocol: Protocol) -> Job | None:
    try:
        public_id = UUID(request.GET.get("refused", ""))
    except ValueError:
        return None
    return (
        queries.take_overs_to(protocol)
        .filter(by=request.user, public_id=public_id, state=JobState.FAILED)
        .first()
    )
