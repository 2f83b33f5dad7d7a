"""The picture of one patient's follow-up over time, drawn from its facts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial

from schedules.pictures.drawing import (
    Bounds,
    Group,
    Key,
    Picture,
    Shape,
    Text,
    box,
    hatching,
    line,
    smallest_step,
    symbol,
)
from schedules.pictures.facts import (
    DAY,
    Appointed,
    Appointment,
    Event,
    Fate,
    FollowUp,
    Happened,
    Scan,
    Series,
    Shown,
    Window,
)
from schedules.pictures.sheet import Scale, Sheet, Sign, Span, Tick, faded, fitting_scale
from schedules.pictures.table import (
    appointment_row,
    end_row,
    event_row,
    rest_row,
    scan_row,
    window_row,
)
from schedules.rules.protocol import region_name
from schedules.rules.windows import Window as HasWindow
from schedules.rules.wording import gettext as _
from schedules.rules.wording import listed, long_date, month

FEWEST_DAYS = 240  # so that two events of one week are not drawn a metre apart
_SLOT_HEIGHT = 16.0
_OWN_ROWS = ("chest", "abdomen")


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
            Sign(_x(sheet.scale, one.on), event_row(one).sentence, one.words, one.kind.draw)
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
        sheet.signs([Sign(x, end_row(series).sentence, end_row(series).words, draw)])
    if series.rests:
        sheet.spans(
            [
                Span(
                    _x(sheet.scale, rest.from_on),
                    _x(sheet.scale, rest.until_on),
                    rest_row(rest).sentence,
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
        group = Group(window_row(series, window).sentence, tuple(shapes))
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
                appointment_row(one).sentence,
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
                Sign(
                    _x(sheet.scale, one.on),
                    scan_row(one).sentence,
                    one.shown.letter,
                    one.shown.draw,
                )
                for one in sorted(found, key=lambda one: one.on)
            ],
            lane_height=16.0,
        )


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
