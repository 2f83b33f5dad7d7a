"""The rules that a clinic starts with."""

from collections.abc import Iterable

from patients.models import Clinic
from reminders.models import Audience, Kind, RelativeTo, Rule

# Days in which an alert goes from the responsible clinician to the lead, and on to everybody.
TO_LEAD = 14
TO_CLINIC = 28


def give_defaults(clinics: Iterable[Clinic]) -> None:
    """Write the default rules for each of the clinics. A rule that is there stays as it is."""
    Rule.objects.bulk_create(
        (rule for clinic in clinics for rule in defaults(clinic)), ignore_conflicts=True
    )


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
