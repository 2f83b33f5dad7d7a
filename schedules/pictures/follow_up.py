"""The picture of one patient's follow-up: what happened, what is due, what was done.

Shapes and letters say what became of an exam, so that no colour is needed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum
from functools import partial

from schedules.pictures.drawing import (
    Bounds,
    Group,
    Key,
    Path,
    Picture,
    Shape,
    Text,
    box,
    hatching,
    line,
    smallest_step,
    symbol,
)
from schedules.pictures.sheet import Scale, Sheet, Sign, Span, Tick, faded, fitting_scale
from schedules.rules.protocol import region_name
from schedules.rules.windows import Window as HasWindow
from schedules.rules.wording import both, gettext_noop, listed, long_date, month, short_date
from schedules.rules.wording import gettext as _

DAY = timedelta(days=1)
FEWEST_DAYS = 240  # so that two events of one week are not drawn a metre apart
_SLOT_HEIGHT = 16.0
_OWN_ROWS = ("chest", "abdomen")


class Fate(StrEnum):
    """What the picture says of a slot: its outcome or, where that is open, its window."""

    TO_COME = gettext_noop("to come")
    DUE = gettext_noop("due now")
    OVERDUE = gettext_noop("overdue")
    LAPSED = gettext_noop("lapsed, undecided")
    DONE = gettext_noop("done")
    SKIPPED = gettext_noop("skipped")
    SUPERSEDED = gettext_noop("superseded")
    WITHDRAWN = gettext_noop("withdrawn")

    @property
    def letter(self) -> str:
        return _LETTERS[self]

    @property
    def words(self) -> str:
        return _(self.value)


_LETTERS = {
    Fate.TO_COME: "",
    Fate.DUE: "N",
    Fate.OVERDUE: "O",
    Fate.LAPSED: "L",
    Fate.DONE: "D",
    Fate.SKIPPED: "S",
    Fate.SUPERSEDED: "X",
    Fate.WITHDRAWN: "W",
}


class Happened(Enum):
    """A kind of event in the history: its name, symbol, and whether the symbol is full."""

    DIAGNOSIS = (gettext_noop("diagnosis"), "up", False)
    OPERATION = (gettext_noop("operation"), "square", True)
    OTHER_TREATMENT = (gettext_noop("other treatment"), "square", False)
    FINDING = (gettext_noop("finding"), "diamond", True)

    @property
    def words(self) -> str:
        return _(self.value[0])

    def draw(self, x: float, y: float) -> list[Path]:
        name, filled = self.value[1:]
        return symbol(name, x, y, filled=filled)


class Appointed(Enum):
    """How an appointment stands: its name, its letter, whether full, whether crossed out."""

    BOOKED = (gettext_noop("booked"), "B", False, False)
    ARRIVED = (gettext_noop("arrived"), "A", False, False)
    FULFILLED = (gettext_noop("fulfilled"), "F", True, False)
    CANCELLED = (gettext_noop("cancelled"), "C", False, True)
    NO_SHOW = (gettext_noop("did not attend"), "M", True, True)

    @property
    def words(self) -> str:
        return _(self.value[0])

    @property
    def letter(self) -> str:
        return self.value[1]

    def draw(self, x: float, y: float) -> list[Path]:
        filled, crossed = self.value[2:]
        return symbol("down", x, y, filled=filled, crossed=crossed)


class Shown(Enum):
    """What a scan showed: in words, its letter, its symbol, whether full, whether crossed out."""

    NOT_REPORTED = (gettext_noop("not reported yet"), "", "circle", False, False)
    NO_DISEASE = (gettext_noop("no evidence of disease"), "", "circle", True, False)
    NEW_LESION = (gettext_noop("new lesion"), "L", "diamond", True, False)
    INDETERMINATE = (gettext_noop("indeterminate"), "?", "diamond", False, False)
    INADEQUATE = (gettext_noop("inadequate, to be repeated"), "R", "circle", False, True)

    @property
    def words(self) -> str:
        return _(self.value[0])

    @property
    def letter(self) -> str:
        return self.value[1]

    def draw(self, x: float, y: float) -> list[Path]:
        name, filled, crossed = self.value[2:]
        return symbol(name, x, y, filled=filled, crossed=crossed)


@dataclass(frozen=True, slots=True)
class Event:
    """A diagnosis, a treatment or a finding; one without a day stands in the table alone."""

    kind: Happened
    on: date | None
    words: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """One exam that is due; all dates inclusive. `partly`: some of its regions are done."""

    n: int
    earliest_on: date
    due_on: date
    latest_on: date
    lapses_on: date
    fate: Fate
    partly: bool = False
    words: str = ""

    @property
    def state(self) -> str:
        return (
            _("partly done, %(fate)s") % {"fate": self.fate.words}
            if self.partly
            else self.fate.words
        )

    @property
    def letters(self) -> str:
        return ("P" if self.partly else "") + self.fate.letter


@dataclass(frozen=True, slots=True)
class Rest:
    """A time in which follow-up is suspended, from a day up to, not including, another."""

    from_on: date
    until_on: date
    words: str
    is_over: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """The windows of one exam under one schedule. One that has ended says when and why."""

    title: str
    windows: Sequence[Window]
    rests: Sequence[Rest] = ()
    ended_on: date | None = None
    ended: str = ""
    is_superseded: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    state: Appointed
    on: date
    words: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that was done, where, and the sites at which it showed something new."""

    shown: Shown
    on: date
    regions: Sequence[str]
    modality: str
    sites: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """All that the picture and its table tell, as it stands on the day `today`."""

    today: date
    events: Sequence[Event] = ()
    series: Sequence[Series] = ()
    appointments: Sequence[Appointment] = ()
    scans: Sequence[Scan] = ()


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
        *(_event(one) for one in told.events),
        *(_window(series, one) for series in told.series for one in series.windows),
        *(_rest(one) for one in _rests(told)),
        *(_end(series) for series in told.series if series.ended_on),
        *(_appointment(one) for one in told.appointments),
        *(_scan(one) for one in told.scans),
    ]
    return sorted(found, key=lambda row: row.on or date.min)


def picture(told: FollowUp) -> Picture | None:
    """Draw it; None where nothing has a day, so that there is nothing to draw.

    What stands in the same row is in the order of time from left to right, no words cover others,
    and everything lies inside the picture.
    """
    days = list(_days(told))
    if not days:
        return None
    scale, last = _scale(told, min([*days, told.today]), max([*days, told.today]))
    sheet = Sheet(scale, last)
    today_at = _x(scale, told.today)
    [today] = sheet.captions([(today_at, _("Today, %(day)s") % {"day": long_date(told.today)})])
    label = Text("pic-now", today.x, today.y, today.words)
    sheet.groups.append(
        Group(_("Today is %(day)s") % {"day": long_date(told.today)}, (label,), is_now=True)
    )
    top = sheet.y
    ticks = _ticks(scale, last)
    sheet.axis(ticks)
    sheet.rule()
    _draw_events(sheet, told.events)
    for series in told.series:
        _draw_series(sheet, series)
    _draw_appointments(sheet, told.appointments)
    _draw_scans(sheet, told.scans)
    sheet.y += 4
    sheet.grid(ticks, top)
    now = Group("", (line("pic-today", today_at, top, today_at, sheet.y),))
    sheet.groups.insert(len(ticks), now)
    return Picture(
        sheet.width,
        sheet.y,
        _("Follow-up over time"),
        _description(told, min(days), max(days)),
        tuple(sheet.groups),
        tuple(_legend(told)),
        _undated(told),
    )


def _days(told: FollowUp) -> Iterator[date]:
    """Yield every day on which something is drawn."""
    yield from (event.on for event in told.events if event.on)
    for series in told.series:
        for window in series.windows:
            yield from (window.earliest_on, window.lapses_on + DAY)
        for rest in series.rests:
            yield from (rest.from_on, rest.until_on)
        if series.ended_on:
            yield series.ended_on
    yield from (one.on for one in told.appointments)
    yield from (one.on for one in told.scans)


def _scale(told: FollowUp, first: date, last: date) -> tuple[Scale, float]:
    begins, ends = first.toordinal(), last.toordinal()
    spare = max(0, FEWEST_DAYS - (ends - begins)) // 2
    begins, ends = begins - spare, ends + spare
    steps = [
        step
        for series in told.series
        if (step := smallest_step(window.due_on.toordinal() for window in series.windows))
    ]
    return fitting_scale(begins, ends, min(steps, default=None), room=24.0), ends


def _x(scale: Scale, day: date) -> float:
    return scale.x(day.toordinal())


def _ticks(scale: Scale, last: float) -> list[Tick]:
    """Return the firsts of months, of every month or of as few as have room for their label."""
    steps = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)
    step = next((step for step in steps if step * 28 * scale.per_unit >= 68), steps[-1])
    begins = date.fromordinal(int(scale.first))
    month0 = begins.year * 12 + begins.month - 1
    month0 += -month0 % step
    ticks = []
    while month0 // 12 <= date.max.year:
        day = date(month0 // 12, month0 % 12 + 1, 1)
        if day.toordinal() > last:
            break
        if day.toordinal() >= scale.first:
            ticks.append(Tick(day.toordinal(), month(day) if step < 12 else str(day.year)))
        month0 += step
    return ticks


def _draw_events(sheet: Sheet, events: Sequence[Event]) -> None:
    parts = {
        _("Treatments"): [e for e in events if e.kind is not Happened.FINDING],
        _("Findings"): [e for e in events if e.kind is Happened.FINDING],
    }
    for title, found in parts.items():
        signs = [
            Sign(_x(sheet.scale, one.on), _event(one).sentence, one.words, one.kind.draw)
            for one in sorted(found, key=lambda one: one.on or date.min)
            if one.on
        ]
        if signs:
            sheet.title(title)
            sheet.signs(signs)
            sheet.rule()


def _draw_series(sheet: Sheet, series: Series) -> None:
    sheet.title(series.title)
    if series.ended_on:
        draw = partial(symbol, "bar", filled=True)
        x = _x(sheet.scale, series.ended_on)
        sheet.signs([Sign(x, _end(series).sentence, _end(series).words, draw)])
    if series.rests:
        sheet.spans(
            [
                Span(
                    _x(sheet.scale, rest.from_on),
                    _x(sheet.scale, rest.until_on),
                    _rest(rest).sentence,
                    rest.words,
                    hatched=True,
                )
                for rest in sorted(series.rests, key=lambda rest: rest.from_on)
            ]
        )
    windows = sorted(series.windows, key=lambda window: window.due_on)
    sheet.y += 2
    top = sheet.y
    sheet.y += _SLOT_HEIGHT + 5
    dues = [_due_x(sheet.scale, window) for window in windows]
    numbers = sheet.captions([(x, str(one.n)) for x, one in zip(dues, windows, strict=True)])
    letters = sheet.captions([(x, one.letters) for x, one in zip(dues, windows, strict=True)])
    for window, *captions in zip(windows, numbers, letters, strict=True):
        shapes = [*_slot(window, sheet.scale, top), *(one for one in captions if one.words)]
        group = Group(_window(series, window).sentence, tuple(shapes))
        fades = series.is_superseded or window.fate in (Fate.SUPERSEDED, Fate.WITHDRAWN)
        sheet.groups.append(faded(group) if fades else group)
    sheet.rule()


def _due_x(scale: Scale, window: HasWindow) -> float:
    return scale.x(window.due_on.toordinal() + 0.5)


def _slot(window: Window, scale: Scale, top: float) -> list[Shape]:
    """Return the window, fainter what comes after it until it lapses, and the mark of the day."""
    left, due = _x(scale, window.earliest_on), _due_x(scale, window)
    right, end = _x(scale, window.latest_on + DAY), _x(scale, window.lapses_on + DAY)
    return _slot_shapes(window.fate, window.partly, left, due, right, end, top)


def _slot_shapes(
    fate: Fate, partly: bool, left: float, due: float, right: float, end: float, top: float
) -> list[Shape]:
    bottom, middle = top + _SLOT_HEIGHT, top + _SLOT_HEIGHT / 2
    area = Bounds(left, top, right, bottom)
    frame = {
        Fate.TO_COME: "pic-slot",
        Fate.DUE: "pic-slot-thick",
        Fate.OVERDUE: "pic-slot-thick",
        Fate.LAPSED: "pic-slot-thick",
        Fate.DONE: "pic-slot-done",
        Fate.SKIPPED: "pic-slot",
        Fate.SUPERSEDED: "pic-slot-gone",
        Fate.WITHDRAWN: "pic-slot-gone",
    }[fate]
    shapes: list[Shape] = [
        line("pic-tail", right, middle, end, middle),
        box(frame, left, top, right, bottom),
    ]
    if fate is Fate.OVERDUE:
        shapes.append(hatching("pic-hatch", area, step=5.0))
    elif fate is Fate.LAPSED:
        shapes.append(hatching("pic-cross-hatch", area, both=True))
    elif fate in (Fate.SKIPPED, Fate.WITHDRAWN):
        shapes.append(line("pic-strike", left, middle, right, middle))
    if partly:
        shapes.append(box("pic-slot-part", left, middle, right, bottom))
    shapes.append(line("pic-due", due, top - 3, due, bottom + 3))
    return shapes


def _draw_appointments(sheet: Sheet, appointments: Sequence[Appointment]) -> None:
    if not appointments:
        return
    sheet.title(_("Appointments"))
    sheet.signs(
        [
            Sign(
                _x(sheet.scale, one.on),
                _appointment(one).sentence,
                one.state.letter,
                one.state.draw,
            )
            for one in sorted(appointments, key=lambda one: one.on)
        ]
    )
    sheet.rule()


def _draw_scans(sheet: Sheet, scans: Sequence[Scan]) -> None:
    """Draw each scan in the row of each region that it covered, so that a gap can be seen."""
    if not scans:
        return
    others = sorted({region for one in scans for region in one.regions} - set(_OWN_ROWS))
    parts = [
        ({region}, _("Scans of the %(region)s") % {"region": region_name(region)})
        for region in _OWN_ROWS
    ]
    if others:
        named = listed(region_name(region) for region in others)
        parts.append((set(others), _("Scans of other regions: %(regions)s") % {"regions": named}))
    for regions, title in parts:
        found = [one for one in scans if not regions.isdisjoint(one.regions)]
        sheet.title(title if found else _("%(title)s: none") % {"title": title})
        sheet.signs(
            [
                Sign(_x(sheet.scale, one.on), _scan(one).sentence, one.shown.letter, one.shown.draw)
                for one in sorted(found, key=lambda one: one.on)
            ],
            lane_height=16.0,
        )


def _event(event: Event) -> Row:
    return Row(event.on, event.kind.words.capitalize(), _and(event.words, event.detail))


def _window(series: Series, window: Window) -> Row:
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


def _rest(rest: Rest) -> Row:
    told = {"first": short_date(rest.from_on), "last": short_date(rest.until_on)}
    if rest.is_over:
        days, state = _("%(first)s to %(last)s") % told, _("over")
    else:
        days, state = _("%(first)s to be looked at again on %(last)s") % told, _("goes on")
    return Row(rest.from_on, _("Suspension"), rest.words, state, days)


def _end(series: Series) -> Row:
    return Row(series.ended_on, _("End of a series"), _and(series.ended, series.title))


def _appointment(one: Appointment) -> Row:
    return Row(one.on, _("Appointment"), one.words, one.state.words)


def _scan(one: Scan) -> Row:
    of = _("%(modality)s of %(regions)s") % {
        "modality": one.modality,
        "regions": both(region_name(region) for region in one.regions),
    }
    return Row(one.on, _("Scan"), _and(of, one.sites), one.shown.words)


def _and(*parts: str) -> str:
    return _("; ").join(part for part in parts if part)


def _undated(told: FollowUp) -> str:
    count = sum(event.on is None for event in told.events)
    if not count:
        return ""
    return _("Events without a stated date, which stand in the table alone: %(count)s.") % {
        "count": count
    }


def _description(told: FollowUp, first: date, last: date) -> str:
    windows = [window for series in told.series for window in series.windows]
    counts = {fate: sum(window.fate is fate for window in windows) for fate in Fate}
    fates = listed(
        _("%(count)s %(fate)s") % {"count": count, "fate": fate.words}
        for fate, count in counts.items()
        if count
    )
    parts = [
        _("From %(first)s to %(last)s; today is %(today)s.")
        % {
            "first": long_date(first),
            "last": long_date(last),
            "today": long_date(told.today),
        },
        _("%(events)s events of the history, %(appointments)s appointments, %(scans)s scans.")
        % {
            "events": len(told.events),
            "appointments": len(told.appointments),
            "scans": len(told.scans),
        },
        _("Exams of the plan: %(fates)s.") % {"fates": fates}
        if windows
        else _("No exam is planned."),
        _undated(told),
        _("The table after the picture holds the same."),
    ]
    return " ".join(part for part in parts if part)


def _legend(told: FollowUp) -> Iterator[Key]:
    """Explain the shapes and letters that this picture holds, and no others."""
    kinds = {event.kind for event in told.events if event.on}
    for kind in Happened:
        if kind in kinds:
            yield _key(kind.draw(17, 11), kind.words)
    windows = [window for series in told.series for window in series.windows]
    if windows:
        sample = _slot_shapes(Fate.TO_COME, False, 2, 13, 19, 32, 3)
        yield _key(sample, _("exam: its window, the day it is due, and fainter until it lapses"))
    fates = {window.fate for window in windows}
    for fate in Fate:
        if fate in fates and fate is not Fate.TO_COME:
            shapes = _slot_shapes(fate, False, 4, 22, 30, 30, 3)
            yield _key(shapes, f"{fate.letter}: {fate.words}")
    if any(window.partly for window in windows):
        shapes = _slot_shapes(Fate.TO_COME, True, 4, 22, 30, 30, 3)
        yield _key(shapes, _("P: partly done, a region is missing"))
    states = {one.state for one in told.appointments}
    for state in Appointed:
        if state in states:
            yield _key(state.draw(17, 11), f"{state.letter}: {state.words}")
    shown = {one.shown for one in told.scans}
    for result in Shown:
        if result in shown:
            letter = f"{result.letter}: " if result.letter else ""
            yield _key(result.draw(17, 11), f"{letter}{result.words}")
    if any(series.rests for series in told.series):
        area = Bounds(3, 4, 31, 18)
        shapes = [box("pic-span", *area), hatching("pic-thin-hatch", area, step=9.0)]
        yield _key(shapes, _("follow-up suspended"))


def _key(shapes: Iterable[Shape], means: str) -> Key:
    return Key(Group("", tuple(shapes)), means)
