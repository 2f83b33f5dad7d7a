from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render

from patients.access import UserRequest, allowed
from patients.models import Clinic
from patients.queries import patients_of
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look


class SearchForm(forms.Form):
    q = forms.CharField(label="MRN or start of a name", required=False, max_length=100)


@allowed(Act.SEE_PATIENTS)
def patients(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """List the patients of the user's clinics, or those with an MRN or the start of a name.

    What is searched for is posted: an address ends up in logs, and names must not.
    """
    form = SearchForm(request.POST or None)
    q = form.cleaned_data["q"] if form.is_valid() else ""
    found = patients_of(clinics).prefetch_related("tumours").order_by("family_name", "mrn", "id")
    if form.errors:
        found = found.none()
    elif q:
        found = found.filter(
            Q(mrn__iexact=q) | Q(family_name__istartswith=q) | Q(given_name__istartswith=q)
        )
    page = Paginator(found, 50).get_page(request.POST.get("page"))
    record_look(page="patients", by=request.user, patients=page.object_list)
    return render(request, "patients/patients.html", {"page": page, "q": q, "form": form})
