"""The words of a message to staff, in the language that holds now.

Written here and not by a template: a template takes longer to fill than PostgreSQL to decide and
record the message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy, ngettext, ngettext_lazy

from reminders.models import Kind

LISTED = 50  # patients of a kind in one message; the pages list them all


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one patient: of the exam that waits longest, and how many more there are."""

    link: str
    exam: str
    day: date
    days_late: int
    more: int


@dataclass(frozen=True, slots=True)
class Section:
    """The patients of one kind, the one who waits longest first."""

    kind: Kind
    entries: Sequence[Entry]


_COUNTED = {
    Kind.TO_BOOK: ngettext_lazy("%(patients)s to book", "%(patients)s to book", "patients"),
    Kind.APPOINTMENT: ngettext_lazy(
        "%(patients)s with an appointment", "%(patients)s with an appointment", "patients"
    ),
    Kind.NO_SHOW: ngettext_lazy(
        "%(patients)s did not attend", "%(patients)s did not attend", "patients"
    ),
    Kind.OVERDUE: ngettext_lazy("%(patients)s overdue", "%(patients)s overdue", "patients"),
    Kind.RESULT: ngettext_lazy(
        "%(patients)s result to review", "%(patients)s results to review", "patients"
    ),
}
_HEADED = {
    Kind.TO_BOOK: gettext_lazy(
        "To book: the window opens this week or is open, and no appointment is ahead."
    ),
    Kind.APPOINTMENT: gettext_lazy("Appointments ahead."),
    Kind.NO_SHOW: gettext_lazy("Did not attend, and no new appointment yet."),
    Kind.OVERDUE: gettext_lazy(
        "Overdue: past the last day that is on time, and no appointment is ahead."
        " Decide what to do."
    ),
    Kind.RESULT: gettext_lazy("Results that no clinician has reviewed."),
}
_PAGE = {
    Kind.TO_BOOK: "to-book",
    Kind.APPOINTMENT: "booked",
    Kind.NO_SHOW: "to-book",
    Kind.OVERDUE: "overdue",
    Kind.RESULT: "results",
}


def subject(clinic: str, sections: Sequence[Section]) -> str:
    counted = (_COUNTED[one.kind] % {"patients": len(one.entries)} for one in sections)
    return " ".join(f"{clinic}: {gettext(', ').join(counted)}".split())


def body(clinic: str, sections: Sequence[Section]) -> str:
    return "".join(f"{_section(one)}\n\n" for one in sections) + f"{clinic}\n"


def _section(section: Section) -> str:
    patients = len(section.entries)
    lines = [str(_HEADED[section.kind]), settings.SITE_URL + reverse(_PAGE[section.kind]), ""]
    for entry in section.entries[:LISTED]:
        lines += [f"- {_said(section.kind, entry)}{_more(entry)}", f"  {entry.link}"]
    if patients > LISTED:
        rest = ngettext(
            "and others: the page lists the one",
            "and others: the page lists all %(patients)s",
            patients,
        )
        lines.append(f"- {rest % {'patients': patients}}")
    return "\n".join(lines)


def _said(kind: Kind, entry: Entry) -> str:
    if kind == Kind.OVERDUE:
        said = ngettext(
            "%(exam)s due %(day)s, overdue by %(days)s day",
            "%(exam)s due %(day)s, overdue by %(days)s days",
            entry.days_late,
        )
    elif kind == Kind.TO_BOOK:
        said = gettext("%(exam)s due %(day)s")
    else:
        said = gettext("%(exam)s of %(day)s")
    day = date_format(entry.day, "DATE_FORMAT")
    return said % {"exam": entry.exam, "day": day, "days": entry.days_late}


def _more(entry: Entry) -> str:
    if not entry.more:
        return ""
    more = ngettext(
        ", and %(more)s more of this patient", ", and %(more)s more of this patient", entry.more
    )
    return more % {"more": entry.more}
