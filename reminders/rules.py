"""The rules that a clinic starts with, and which rules make sense."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from patients.models import Clinic
from reminders.models import Audience, Kind, RelativeTo, Rule
from schedules.rules.wording import both
from surveillance.audit.actions import record

# Days in which an alert goes from the responsible clinician to the lead, and on to everybody.
TO_LEAD = 14
TO_CLINIC = 28

# The dates that a kind can be counted from; a constraint of the database says the same.
COUNTS_FROM: Mapping[Kind, tuple[RelativeTo, ...]] = {
    Kind.TO_BOOK: (RelativeTo.OPENS, RelativeTo.DUE, RelativeTo.LATEST),
    Kind.OVERDUE: (RelativeTo.LATEST,),
    Kind.APPOINTMENT: (RelativeTo.APPOINTMENT,),
    Kind.NO_SHOW: (RelativeTo.APPOINTMENT,),
    Kind.RESULT: (RelativeTo.RESULT,),
}
PATIENTS_HEAR_OF = (Kind.TO_BOOK, Kind.APPOINTMENT)


def why_not(rule: Rule) -> dict[str, str]:
    """Return what keeps a rule from ever speaking, or may not be said, by its field."""
    kind, errors = Kind(rule.kind), {}
    told = {"kind": _quoted(kind)}
    if rule.relative_to not in COUNTS_FROM[kind]:
        dates = _(" or ").join(_quoted(date) for date in COUNTS_FROM[kind])
        errors["relative_to"] = _("%(kind)s counts from %(dates)s.") % (told | {"dates": dates})
    if kind == Kind.APPOINTMENT and rule.days > 0:
        errors["days"] = _("Of an appointment ahead people are told before its day, or on it.")
    if kind not in PATIENTS_HEAR_OF and rule.days < 0:
        errors["days"] = _("%(kind)s can be told only after that date.") % told
    if rule.audience == Audience.PATIENT and kind not in PATIENTS_HEAR_OF:
        kinds = both(map(_quoted, PATIENTS_HEAR_OF))
        errors["audience"] = _("Patients hear of %(kinds)s alone: no message names a result.") % {
            "kinds": kinds
        }
    if rule.audience == Audience.PATIENT and not rule.by_mail:
        errors["how"] = _("A patient has no inbox here: choose a message.")
    return errors


def _quoted(choice: Kind | RelativeTo) -> str:
    return _("“%(name)s”") % {"name": choice.label}


@transaction.atomic
def give_defaults(clinics: Iterable[Clinic]) -> None:
    """Write the default rules for each of the clinics. A rule that is there stays as it is."""
    for clinic in clinics:
        Rule.objects.bulk_create(defaults(clinic), ignore_conflicts=True)
        record(act="rules.given", by="Default rules", clinic_code=clinic.code)


def defaults(clinic: Clinic) -> list[Rule]:
    """Return what a clinic says unless it decides otherwise."""

    def rule(
        kind: Kind, days: int, relative_to: RelativeTo, audience: Audience, **how: int | bool
    ) -> Rule:
        return Rule(
            clinic=clinic, kind=kind, days=days, relative_to=relative_to, audience=audience, **how
        )

    at_once = {"digest": False}
    escalation = [
        rule(kind, days, relative_to, audience, **how)
        for kind, relative_to in (
            (Kind.OVERDUE, RelativeTo.LATEST),
            (Kind.RESULT, RelativeTo.RESULT),
        )
        for days, audience, how in (
            (1, Audience.RESPONSIBLE, {}),
            (1 + TO_LEAD, Audience.LEAD, {}),
            (1 + TO_LEAD + TO_CLINIC, Audience.CLINIC, at_once | {"repeat_days": 7}),
        )
    ]
    return [
        rule(Kind.TO_BOOK, -6, RelativeTo.OPENS, Audience.NURSES),
        rule(Kind.TO_BOOK, 0, RelativeTo.DUE, Audience.NURSES, repeat_days=7),
        rule(Kind.NO_SHOW, 1, RelativeTo.APPOINTMENT, Audience.NURSES),
        rule(Kind.APPOINTMENT, -7, RelativeTo.APPOINTMENT, Audience.PATIENT, **at_once),
        rule(Kind.APPOINTMENT, -1, RelativeTo.APPOINTMENT, Audience.PATIENT, **at_once),
        rule(Kind.TO_BOOK, 0, RelativeTo.DUE, Audience.PATIENT, **at_once),
        *escalation,
    ]
