"""The list of all patients: searched, narrowed, a page at a time."""

from django import forms
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, TextChoices
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from patients.access import UserRequest, allowed
from patients.forms import ClinicChoiceForm, SearchForm
from patients.models import Clinic, Patient
from patients.paging import By, page_after
from patients.queries import patients_of
from patients.search import with_name_or_mrn
from schedules.models import Schedule
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

# Its places tell no values: names stand in no address.
ORDER = (By("family_name"), By("given_name"), By("mrn"))


class FollowUp(TextChoices):
    """What the list can be narrowed to."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    ENDED = "ended", _("Ended")
    NONE = "none", _("No schedule")
    DIED = "died", _("Died")


class FilterForm(ClinicChoiceForm):
    follow_up = forms.ChoiceField(
        label=_("Follow-up"), required=False, choices=[("", _("All")), *FollowUp.choices]
    )


@allowed(Act.SEE_PATIENTS)
def patients(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """List the patients of the user's clinics by name, or those whom a search means.

    What is searched for is posted: an address ends up in logs, and names must not.
    """
    filters = FilterForm(request.GET, clinics=clinics)
    search = SearchForm(request.POST if request.method == "POST" else None)
    q = search.cleaned_data["q"] if search.is_valid() else ""
    of_clinics = patients_of(clinics)
    found = of_clinics.none()
    if filters.is_valid() and not search.errors:
        found = _narrowed(of_clinics, **filters.cleaned_data)
    if q:
        found = with_name_or_mrn(found, q)
    latest_first = Prefetch("tumours__schedules", Schedule.objects.order_by("-id"))
    found = found.prefetch_related(latest_first)
    page = page_after(found, ORDER, request.GET.get("after", ""), among=of_clinics)
    record_look(page="patients", by=request.user, patients=page.rows)
    told = {name: request.GET[name] for name in filters.fields if request.GET.get(name)}
    context = {
        "patients": page.rows,
        "count": found.count(),
        "q": q,
        "search": search,
        "filters": filters,
        "form": search if search.errors else filters,
        "is_filtered": bool(told),
        "pages": page.turns(lambda after: _address(told | {"after": after})),
    }
    return render(request, "surveillance/patients.html", context)


def _narrowed(
    patients: QuerySet[Patient], follow_up: str, clinic: Clinic | None = None
) -> QuerySet[Patient]:
    if clinic:
        patients = patients.filter(clinic=clinic)
    schedules = Schedule.objects.filter(tumour__patient=OuterRef("pk"))
    match follow_up:
        case "":
            return patients
        case FollowUp.ENDED:
            live = schedules.filter(state__in=Schedule.LIVE)
            return patients.filter(Exists(schedules), ~Exists(live))
        case FollowUp.NONE:
            return patients.filter(~Exists(schedules))
        case FollowUp.DIED:
            return patients.exclude(died_on=None)
    return patients.filter(Exists(schedules.filter(state=follow_up)))


def _address(told: dict[str, str]) -> str:
    return reverse("patients", query={name: value for name, value in told.items() if value})
