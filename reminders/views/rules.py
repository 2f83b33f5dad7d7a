"""What a clinic wants said, as its administrators keep it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from reminders import actions, queries
from reminders.forms import RuleForm
from reminders.hours import next_morning, next_opening
from reminders.raising import hours_of
from reminders.wording import how_in_words, when_in_words
from surveillance.accounts.roles import Act


@allowed(Act.KEEP_RULES)
def rules(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """The rules of each clinic in words, its hours, and a form for one more rule."""
    form = RuleForm(request.POST or None, clinics=clinics)
    if request.method == "POST" and form.is_valid():
        try:
            rule = actions.add_rule(by=request.user, **form.told)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(
                request,
                _("%(clinic)s: added. The next sweep says what is true of it.")
                % {"clinic": rule.clinic},
            )
            return redirect("rules")
    at = timezone.now()
    prefetch_related_objects(clinics, "closed_days")
    of_clinics = list(queries.rules_of(clinics))
    context = {
        "form": form,
        "clinics": [
            {
                "clinic": clinic,
                "rules": [
                    (rule, when_in_words(rule), how_in_words(rule))
                    for rule in of_clinics
                    if rule.clinic == clinic
                ],
                "is_open": (opening := next_opening(hours_of(clinic), at)) <= at,
                "opening": opening,
                "morning": next_morning(hours_of(clinic), at),
            }
            for clinic in clinics
        ],
    }
    return render(request, "reminders/rules.html", context)


@require_POST
@allowed(Act.KEEP_RULES)
def switch(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Switch a rule on, or off: what it said stays, and what is open of it ends."""
    rule = get_object_or_404(queries.rules_of(clinics), public_id=public_id)
    active = "on" in request.POST
    actions.change_rule(rule=rule, by=request.user, active=active)
    said = (
        _("%(clinic)s: %(rule)s. It is switched on.")
        if active
        else _("%(clinic)s: %(rule)s. It is switched off.")
    )
    messages.success(request, said % {"clinic": rule.clinic, "rule": rule})
    return redirect("rules")
