"""The facts of a follow-up one by one: a table beside its picture, and the same words in it."""

from dataclasses import dataclass
from datetime import date

from schedules.pictures.facts import Appointment, Event, FollowUp, Rest, Scan, Series, Window
from schedules.rules.protocol import region_name
from schedules.rules.wording import both, long_date, short_date
from schedules.rules.wording import gettext as _


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the same facts as the picture, and the same words."""

    on: date | None
    kind: str
    words: str
    state: str = ""
    days: str = ""

    @property
    def sentence(self) -> str:
        """What the picture says where this fact is drawn."""
        when = self.days or (long_date(self.on) if self.on else _("No date stated"))
        told = {"when": when, "words": self.words, "state": self.state}
        if self.state:
            return _("%(when)s: %(words)s (%(state)s)") % told
        return _("%(when)s: %(words)s") % told


def rows(told: FollowUp) -> list[Row]:
    """Return the facts of the picture one by one, in time; those without a day come first."""
    found = [
        *(event_row(one) for one in told.events),
        *(window_row(series, one) for series in told.series for one in series.windows),
        *(rest_row(one) for one in _rests(told)),
        *(end_row(series) for series in told.series if series.ended_on),
        *(appointment_row(one) for one in told.appointments),
        *(scan_row(one) for one in told.scans),
    ]
    return sorted(found, key=lambda row: row.on or date.min)


def event_row(event: Event) -> Row:
    return Row(event.on, event.kind.words.capitalize(), _and(event.words, event.detail))


def window_row(series: Series, window: Window) -> Row:
    days = _("%(earliest)s to %(latest)s, due %(due)s, lapses after %(lapses)s") % {
        "earliest": short_date(window.earliest_on),
        "latest": short_date(window.latest_on),
        "due": short_date(window.due_on),
        "lapses": short_date(window.lapses_on),
    }
    words = _("no. %(n)s of %(series)s") % {"n": window.n, "series": series.title}
    return Row(window.due_on, _("Exam"), _and(words, window.words), window.state, days)


def _rests(told: FollowUp) -> list[Rest]:
    """Return each suspension once: it is drawn in every series of its schedule."""
    return list(dict.fromkeys(rest for series in told.series for rest in series.rests))


def rest_row(rest: Rest) -> Row:
    told = {"first": short_date(rest.from_on), "last": short_date(rest.until_on)}
    if rest.is_over:
        days, state = _("%(first)s to %(last)s") % told, _("over")
    else:
        days, state = _("%(first)s to be looked at again on %(last)s") % told, _("goes on")
    return Row(rest.from_on, _("Suspension"), rest.words, state, days)


def end_row(series: Series) -> Row:
    return Row(series.ended_on, _("End of a series"), _and(series.ended, series.title))


def appointment_row(one: Appointment) -> Row:
    return Row(one.on, _("Appointment"), one.words, one.state.words)


def scan_row(one: Scan) -> Row:
    of = _("%(modality)s of %(regions)s") % {
        "modality": one.modality,
        "regions": both(region_name(region) for region in one.regions),
    }
    return Row(one.on, _("Scan"), _and(of, one.sites), one.shown.words)


def _and(*parts: str) -> str:
    return _("; ").join(part for part in parts if part)
