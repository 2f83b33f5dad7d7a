"""The links that a person's roles give them."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from patients.queries import acts_of, clinics_where_may
from reminders.queries import count_inbox
from surveillance.accounts.roles import Act
from surveillance.accounts.sessions import seconds_left


@dataclass(frozen=True, slots=True)
class Link:
    label: str | Promise
    route: str
    act: Act | None = None  # without one it is open to whoever has signed in
    daily: bool = False  # always in sight; the others stand under "More"

    @property
    def url(self) -> str:
        return reverse(self.route)


LINKS = (
    Link(_("Inbox"), "inbox", Act.SEE_PATIENTS, daily=True),
    Link(_("To book"), "to-book", Act.BOOK, daily=True),
    Link(_("Booked"), "booked", Act.BOOK, daily=True),
    Link(_("Calendar"), "calendar", Act.SEE_PATIENTS, daily=True),
    Link(_("Overdue"), "overdue", Act.REVIEW, daily=True),
    Link(_("Re-baselines"), "rebaselines", Act.PLAN, daily=True),
    Link(_("Results"), "results", Act.RECORD_STUDY, daily=True),
    Link(_("Unmatched"), "unmatched", Act.RECORD_STUDY),
    Link(_("Bring images"), "upload", Act.RECORD_STUDY),
    Link(_("Safety net"), "safety-net", Act.SEE_PATIENTS, daily=True),
    Link(_("Patients"), "patients", Act.SEE_PATIENTS, daily=True),
    Link(_("Emergency access"), "emergency", Act.OPEN_IN_EMERGENCY),
    Link(_("Messages"), "messages", Act.SEE_MESSAGES),
    Link(_("Figures"), "figures", Act.SEE_FIGURES),
    Link(_("Protocols"), "protocols", Act.SEE_PROTOCOLS),
    Link(_("Background work"), "jobs"),
    Link(_("Tokens"), "tokens"),
    Link(_("Your account"), "account"),
    Link(_("Rules"), "rules", Act.KEEP_RULES, daily=True),
    Link(_("Clinics"), "administration", Act.KEEP_CLINIC, daily=True),
    Link(_("Imports"), "imports", Act.IMPORT, daily=True),
    Link(_("Exports"), "exports", Act.EXPORT, daily=True),
    Link(_("Audit"), "audit", Act.SEE_AUDIT, daily=True),
    Link(_("Emergency accesses"), "emergencies", Act.SEE_AUDIT),
    Link(_("Status"), "status", Act.SEE_STATUS),
)
MAILBOX = Link(_("Mailbox"), "mailbox")  # there in the demo alone


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every template what its frame shows: the languages to choose from, and the signed-in
    person's `acts`, links, the `inbox`'s number, and for how many seconds they stay signed in."""
    language = get_language()
    frame = {
        "demo": settings.DEMO,
        "sign_in_with": settings.OIDC_NAME if settings.OIDC_URL else "",
        "other_languages": [(code, name) for code, name in settings.LANGUAGES if code != language],
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return frame
    acts = acts_of(user)
    told = list(clinics_where_may(user, Act.SEE_PATIENTS)) if Act.SEE_PATIENTS in acts else []
    inbox = count_inbox(user, told) if told else 0
    links = [
        replace(link, label=gettext("Inbox (%(count)s)") % {"count": f"{inbox:,}"})
        if link.route == "inbox" and inbox
        else link
        for link in (*LINKS, *([MAILBOX] if settings.DEMO else []))
        if link.act is None or link.act in acts
    ]
    return frame | {
        "acts": {act.name for act in acts},
        "inbox": inbox,
        "session_left": seconds_left(request.session)[0],
        "links": [link for link in links if link.daily],
        "more_links": [link for link in links if not link.daily],
    }
