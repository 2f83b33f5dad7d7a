"""Who did and who saw what: searched, a page at a time, and of one patient to be printed."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.fields import DatedForm, DateField
from patients.models import Clinic, Membership, Patient
from patients.paging import By, page_after
from patients.queries import patients_of
from patients.search import beginning_with, with_name_or_mrn
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look
from surveillance.audit.models import Event, Look
from surveillance.audit.queries import days_of_looks_at

ORDER = (By("at", descending=True),)
PATIENTS_MEANT = 20  # by one search, at most
PATIENTS_NAMED = 3  # of one look, at most
A_DAY = timedelta(days=1)


class SearchForm(DatedForm):
    """What is searched for. It is posted: an address ends up in logs, and names must not."""

    patient = forms.CharField(label=_("MRN or start of a name"), required=False, max_length=100)
    who = forms.CharField(
        label=_("Who"), required=False, max_length=100, help_text=_("Start of a name.")
    )
    first = DateField(label=_("From day"), required=False)
    last = DateField(label=_("Until day"), required=False)

    def __init__(self, *args: Any, clinics: list[Clinic], **kwargs: Any) -> None:
        super().__init__(*args, today=clinics[0].today(), **kwargs)
        self.clinics = clinics

    def clean_patient(self) -> list[Patient]:
        """Return whom was meant, or nobody if nothing was typed."""
        q = self.cleaned_data["patient"]
        if not q:
            return []
        found = with_name_or_mrn(patients_of(self.clinics), q).order_by("family_name", "pk")
        meant = list(found[: PATIENTS_MEANT + 1])
        if not meant:
            raise ValidationError(gettext("No patient of your clinics is meant by that."))
        if len(meant) > PATIENTS_MEANT:
            told = {"most": PATIENTS_MEANT}
            raise ValidationError(
                gettext("More than %(most)s patients are meant by that: write more of it.") % told
            )
        return meant

    @property
    def narrows(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())


@allowed(Act.SEE_AUDIT)
def audit(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Who did what, or who saw whom, in the user's clinics, the latest first.

    What belongs to no clinic, as a protocol does, is seen by all who may see an audit.
    """
    shows_looks = request.GET.get("show") == "looks"
    model: type[Event] | type[Look] = Look if shows_looks else Event
    codes = [*(clinic.code for clinic in clinics), ""]
    of_clinics: QuerySet[Any] = model._default_manager.filter(clinic_code__in=codes)
    zone = _zone(clinics)
    form = SearchForm(request.POST if request.method == "POST" else None, clinics=clinics)
    rows, meant = of_clinics, list[Patient]()
    if form.narrows:
        meant = form.cleaned_data["patient"]
        rows = _narrowed(rows, form.cleaned_data, zone)
    elif form.errors:
        rows = rows.none()
    page = page_after(rows, ORDER, request.GET.get("after", ""), among=of_clinics)
    told = _with_patients(page.rows, clinics, meant)
    named = {patient.pk: patient for of_row in told for patient in of_row[1]}
    named |= {patient.pk: patient for patient in meant}
    record_look(page="audit", by=request.user, patients=named.values())
    show = "looks" if shows_looks else "changes"
    context = {
        "form": form,
        "shows_looks": shows_looks,
        "rows": told,
        "meant": meant,
        "zone": zone,
        "changes_address": reverse("audit"),
        "looks_address": reverse("audit", query={"show": "looks"}),
        "pages": page.turns(lambda after: reverse("audit", query={"show": show, "after": after})),
    }
    return render(request, "surveillance/audit.html", context)


@require_safe
@allowed(Act.SEE_AUDIT)
def looks(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Who looked at one patient's record, in full, to be printed and handed to the patient."""
    patient = get_object_or_404(patients_of(clinics), public_id=public_id)
    members = Membership.objects.filter(clinic=patient.clinic).select_related("user")
    roles = {member.user.public_id: member.get_role_display() for member in members}
    days = days_of_looks_at(patient, patient.clinic.zone)
    record_look(page="looks", by=request.user, patients=[patient])
    context = {
        "patient": patient,
        "days": [(day, roles.get(day.by_id) if day.by_id else _("Program")) for day in days],
        "now": timezone.now(),
    }
    return render(request, "surveillance/looks.html", context)


def _zone(clinics: Iterable[Clinic]) -> tzinfo:
    """Return the zone in which all these clinics live, or else UTC."""
    zones = {clinic.time_zone: clinic.zone for clinic in clinics}
    return zones.popitem()[1] if len(zones) == 1 else UTC


def _narrowed(rows: QuerySet[Any], asked: dict[str, Any], zone: tzinfo) -> QuerySet[Any]:
    if asked["patient"]:
        ids = [patient.public_id for patient in asked["patient"]]
        of = "patient_ids__overlap" if rows.model is Look else "patient_id__in"
        rows = rows.filter(**{of: ids})
    if who := asked["who"]:
        users = beginning_with(User.objects.all(), who, "first_name", "last_name", "username")
        ids = list(users.values_list("public_id", flat=True))
        rows = rows.filter(Q(by_id__in=ids) | Q(by_id=None, by_name__istartswith=who))
    if asked["first"]:
        rows = rows.filter(at__gte=datetime.combine(asked["first"], time(), zone))
    if asked["last"]:
        rows = rows.filter(at__lt=datetime.combine(asked["last"] + A_DAY, time(), zone))
    return rows


def _with_patients(
    rows: Iterable[Model], clinics: list[Clinic], meant: list[Patient]
) -> list[tuple[Model, list[Patient], int]]:
    """Return each row with some of its patients, and how many more there are.

    After a search for patients these are named, else the first ones.
    """
    ids = {row.pk: _ids(row) for row in rows}
    known = {patient.public_id: patient for patient in meant}
    if not meant:
        wanted = {one for of_row in ids.values() for one in of_row[:PATIENTS_NAMED]}
        found = patients_of(clinics).filter(public_id__in=wanted)
        known = {patient.public_id: patient for patient in found}
    told = []
    for row in rows:
        named = [known[one] for one in ids[row.pk] if one in known][:PATIENTS_NAMED]
        told.append((row, named, len(ids[row.pk]) - len(named)))
    return told


def _ids(row: Model) -> list[UUID]:
    if isinstance(row, Look):
        return row.patient_ids
    assert isinstance(row, Event)
    return [row.patient_id] if row.patient_id else []
