"""The clinics that an administrator keeps: facts, members, scanners, and days without work."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from patients import clinic_actions
from patients.access import UserRequest, allowed
from patients.calendar import holidays_of
from patients.forms import refuse
from patients.models import Clinic, ClosedDay, Membership
from schedules.actions import add_scanner, change_scanner, use_scanner
from schedules.actions.scanners import mark_of
from schedules.models import Booking, Scanner
from surveillance.accounts.roles import Act
from surveillance.pages.clinic_forms import (
    ClosedDayForm,
    FactsForm,
    MemberForm,
    RoleForm,
    ScannerChangeForm,
    ScannerForm,
)


@require_safe
@allowed(Act.KEEP_CLINIC)
def administration(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The clinics in which one is an administrator."""
    counted = Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics]).annotate(
        members=Count("memberships", distinct=True),
        machines=Count("scanners", filter=Q(scanners__in_use=True), distinct=True),
    )
    context = {"clinics": counted.select_related("lead").order_by("name")}
    return render(request, "surveillance/clinics.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.KEEP_CLINIC)
def clinic(request: UserRequest, clinics: list[Clinic], code: str) -> HttpResponse:
    """One clinic. Each of its small forms says by the name of its button what it asks for."""
    desk = Desk(request, _of(clinics, code))
    if request.method == "POST" and desk.do():
        return redirect("clinic", code=code)
    return render(request, "surveillance/clinic.html", desk.context())


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.KEEP_CLINIC)
def facts(request: UserRequest, clinics: list[Clinic], code: str) -> HttpResponse:
    """Change the facts of a clinic."""
    clinic = _of(clinics, code)
    form = FactsForm(request.POST or None, clinic=clinic)
    if request.method == "POST" and form.is_valid():
        try:
            clinic_actions.change_clinic(clinic=clinic, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            clinic.refresh_from_db()
        else:
            messages.success(
                request, _("%(clinic)s: saved.") % {"clinic": form.cleaned_data["name"]}
            )
            return redirect("clinic", code=code)
    context = {"form": form, "clinic": clinic, "seen": clinic_actions.mark_of(clinic)}
    return render(request, "surveillance/clinic_facts.html", context)


def _of(clinics: list[Clinic], code: str) -> Clinic:
    for clinic in clinics:
        if clinic.code == code:
            return clinic
    raise Http404


@dataclass(frozen=True, slots=True)
class MemberRow:
    membership: Membership
    form: RoleForm
    is_oneself: bool


@dataclass(frozen=True, slots=True)
class ScannerRow:
    scanner: Scanner
    seen: str
    form: ScannerChangeForm
    ahead: int  # appointments that have not been yet


class Desk:
    """What one administrator asks of one clinic, and the page that answers."""

    def __init__(self, request: UserRequest, clinic: Clinic) -> None:
        self.request, self.clinic = request, clinic
        self.refused: forms.Form | None = None
        self.refused_row = 0  # the key of the row that the refused form stands in
        self.memberships = clinic.memberships.select_related("user")
        self.today = clinic.today()

    def do(self) -> bool:
        """Do what was sent; say whether it is done. Else `refused` is the form that says why."""
        acts: dict[str, Callable[[], str | None]] = {
            "add_member": self._add_member,
            "change_role": self._change_role,
            "remove_member": self._remove_member,
            "add_scanner": self._add_scanner,
            "change_scanner": self._change_scanner,
            "use_scanner": self._use_scanner,
            "close_on": self._close_on,
            "open_on": self._open_on,
        }
        asked = next((name for name in acts if name in self.request.POST), None)
        said = acts[asked]() if asked else None
        if said:
            messages.success(self.request, said)
        return bool(said)

    def _try(self, form: forms.Form, action: Callable[..., Any], **told: Any) -> Any:
        """Return what the action returns, or nothing if the form or the action refuses."""
        self.refused = form
        if not form.is_valid():
            return None
        try:
            done = action(by=self.request.user, **told, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
            return None
        self.refused = None
        return done or True

    def _add_member(self) -> str | None:
        form = MemberForm(self.request.POST, auto_id="id_member_%s")
        added = self._try(form, clinic_actions.add_member, clinic=self.clinic)
        return added and _("%(name)s is a member of %(clinic)s now.") % {
            "name": added.user,
            "clinic": self.clinic,
        }

    def _change_role(self) -> str | None:
        membership = self._found(self.memberships, "change_role")
        self.refused_row = membership.pk
        form = RoleForm(self.request.POST, auto_id=f"id_member{membership.pk}_%s")
        changed = self._try(form, clinic_actions.change_role, membership=membership)
        return changed and _("%(name)s: the role is %(role)s now.") % {
            "name": changed.user,
            "role": changed.get_role_display().lower(),
        }

    def _remove_member(self) -> str | None:
        membership = self._found(self.memberships, "remove_member")
        done = self._try(
            forms.Form(self.request.POST), clinic_actions.remove_member, membership=membership
        )
        return done and _("%(name)s is no member any more.") % {"name": membership.user}

    def _add_scanner(self) -> str | None:
        form = ScannerForm(self.request.POST, auto_id="id_scanner_%s")
        added = self._try(form, add_scanner, clinic=self.clinic)
        return added and _("%(scanner)s is added.") % {"scanner": added}

    def _change_scanner(self) -> str | None:
        scanner = self._found(self.clinic.scanners, "change_scanner")
        self.refused_row = scanner.pk
        form = ScannerChangeForm(self.request.POST, auto_id=f"id_scanner{scanner.pk}_%s")
        changed = self._try(form, change_scanner, scanner=scanner)
        return changed and _("%(scanner)s is saved.") % {"scanner": changed}

    def _use_scanner(self) -> str | None:
        scanner = self._found(self.clinic.scanners, "use_scanner")
        in_use = self.request.POST.get("in_use") == "yes"
        self._try(forms.Form(self.request.POST), use_scanner, scanner=scanner, in_use=in_use)
        if in_use:
            return _("%(scanner)s is in use again.") % {"scanner": scanner}
        ahead = self._ahead().filter(scanner=scanner).count()
        return _("%(scanner)s is out of use.") % {"scanner": scanner} + (
            " "
            + ngettext(
                "%(count)s appointment ahead on it stands: the nurses give it another time.",
                "%(count)s appointments ahead on it stand: the nurses give them other times.",
                ahead,
            )
            % {"count": ahead}
            if ahead
            else ""
        )

    def _close_on(self) -> str | None:
        form = ClosedDayForm(self.request.POST, auto_id="id_closed_%s", today=self.today)
        closed: ClosedDay | None = self._try(form, clinic_actions.close_on, clinic=self.clinic)
        if closed is None:
            return None
        begins = datetime.combine(closed.on, time.min, self.clinic.zone)
        ends = datetime.combine(closed.on + timedelta(days=1), time.min, self.clinic.zone)
        booked = self._ahead().filter(starts_at__gte=begins, starts_at__lt=ends).count()
        said = _("%(clinic)s is closed on %(day)s.") % {
            "clinic": self.clinic,
            "day": date_format(closed.on),
        }
        if booked:
            said += " " + ngettext(
                "%(count)s appointment on that day stands: the nurses give it another time.",
                "%(count)s appointments on that day stand: the nurses give them other times.",
                booked,
            ) % {"count": booked}
        return said

    def _open_on(self) -> str | None:
        closed = self._found(self.clinic.closed_days, "open_on")
        done = self._try(forms.Form(self.request.POST), clinic_actions.open_on, closed=closed)
        return done and _("%(clinic)s works on %(day)s.") % {
            "clinic": self.clinic,
            "day": date_format(closed.on),
        }

    def _found(self, rows: Any, name: str) -> Any:
        """The row that a button names; there is no such page if it is not of this clinic."""
        try:
            key = UUID(self.request.POST[name])
        except ValueError as error:
            raise Http404 from error
        field = "user__public_id" if rows is self.memberships else "public_id"
        return get_object_or_404(rows, **{field: key})

    def _ahead(self) -> Any:
        """The clinic's appointments that have not been yet."""
        return Booking.objects.filter(
            scanner__clinic=self.clinic, state__in=Booking.ACTIVE, starts_at__gte=timezone.now()
        )

    def context(self) -> dict[str, Any]:
        """What the page shows, with the refused form in its place."""
        self.clinic.refresh_from_db()
        return {
            "clinic": self.clinic,
            "form": self.refused,
            "members": [self._member(one) for one in self._members()],
            "add_member": self._in_place(MemberForm, "id_member_%s"),
            "scanners": self._scanners(),
            "add_scanner": self._in_place(ScannerForm, "id_scanner_%s"),
            "closed_days": self.clinic.closed_days.filter(on__gte=date(self.today.year, 1, 1))
            .select_related("by")
            .order_by("on"),
            "close_on": self._in_place(ClosedDayForm, "id_closed_%s", today=self.today),
            "today": self.today,
            "years": [
                (year, holidays_of(self.clinic.country, self.clinic.region, year))
                for year in (self.today.year, self.today.year + 1)
            ],
        }

    def _members(self) -> Any:
        return self.memberships.order_by("role", "user__last_name", "user__username")

    def _in_place(self, kind: type[forms.Form], auto_id: str, **told: Any) -> forms.Form:
        return self.refused if type(self.refused) is kind else kind(auto_id=auto_id, **told)

    def _member(self, membership: Membership) -> MemberRow:
        form = RoleForm.of(membership)
        if isinstance(self.refused, RoleForm) and self.refused_row == membership.pk:
            form = self.refused
        return MemberRow(membership, form, membership.user_id == self.request.user.pk)

    def _scanners(self) -> list[ScannerRow]:
        ahead = dict(
            self._ahead().values_list("scanner").annotate(number=Count("pk")).order_by("scanner")
        )
        rows = []
        for scanner in self.clinic.scanners.order_by("-in_use", "name"):
            form = ScannerChangeForm.of(scanner)
            if isinstance(self.refused, ScannerChangeForm) and self.refused_row == scanner.pk:
                form = self.refused
            rows.append(ScannerRow(scanner, mark_of(scanner), form, ahead.get(scanner.pk, 0)))
        return rows
