"""The pictures of the figures: what came of each month's slots, and what each week is to bring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schedules.pictures.drawing import (
    Bounds,
    Group,
    Key,
    Path,
    Picture,
    Shape,
    Text,
    box,
    fitted,
    hatching,
    line,
    width_of,
)
from schedules.rules.wording import gettext as _

WIDTH = 760.0
_ROW, _BAR = 24.0, 15.0
_LABEL, _WORDS = 120.0, 290.0  # the room for what a row is called, and for what it says
_LEFT, _RIGHT = _LABEL + 10.0, WIDTH - _WORDS - 10.0
# In the order in which they are drawn, from the left.
KINDS = ("on_time", "late", "lapsed", "skipped", "open")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its name, how many of each kind it is made of, and what is said beside it."""

    label: str
    parts: tuple[tuple[str, int], ...]
    words: str
    limit: int | None = None  # where a line is drawn across

    @property
    def length(self) -> int:
        return sum(count for _kind, count in self.parts)


def by_month(bars: Sequence[Bar], title: str, desc: str) -> Picture:
    """Draw what came of each month's slots; the parts are of `KINDS`."""
    return _picture(bars, title, desc, _month_legend())


def by_week(bars: Sequence[Bar], title: str, desc: str) -> Picture:
    """Draw the CTs of each week, booked and not, and the line of what the scanners take."""
    return _picture(bars, title, desc, _week_legend(any(bar.limit is not None for bar in bars)))


def _picture(bars: Sequence[Bar], title: str, desc: str, legend: Iterator[Key]) -> Picture:
    longest = max([1, *(max(bar.length, bar.limit or 0) for bar in bars)])
    per_one = (_RIGHT - _LEFT) / longest
    height = 8 + _ROW * len(bars)
    groups = [Group("", (line("pic-rule", _LEFT, 4, _LEFT, height - 4),))]
    groups += [_row(bar, 4 + _ROW * nth, per_one) for nth, bar in enumerate(bars)]
    return Picture(WIDTH, height, title, desc, tuple(groups), tuple(legend))


def _row(bar: Bar, top: float, per_one: float) -> Group:
    label = fitted(bar.label, _LABEL - 4)
    foot = top + 16
    shapes: list[Shape] = [Text("pic-words", _LABEL - width_of(label), foot, label)]
    left = _LEFT
    for kind, count in bar.parts:
        if count:
            right = left + count * per_one
            shapes += _part(kind, Bounds(left, top + 4, right, top + 4 + _BAR))
            left = right
    if bar.limit is not None:
        at = _LEFT + bar.limit * per_one
        shapes.append(line("pic-limit", at, top + 1, at, top + _ROW - 1))
    shapes.append(Text("pic-words", _RIGHT + 12, foot, fitted(bar.words, _WORDS - 6)))
    return Group(f"{bar.label}: {bar.words}", tuple(shapes))


def _part(kind: str, area: Bounds) -> list[Path]:
    full = kind in ("on_time", "booked")
    look = "pic-part-full" if full else "pic-slot-gone" if kind == "skipped" else "pic-slot"
    shapes = [box(look, *area)]
    if kind in ("late", "lapsed") and area.right - area.left >= 3:
        shapes.append(hatching("pic-hatch", area, step=5.0, both=kind == "lapsed"))
    return shapes


def _sample(kind: str) -> Group:
    return Group("", tuple(_part(kind, Bounds(3, 4, 31, 18))))


def _month_legend() -> Iterator[Key]:
    yield Key(_sample("on_time"), _("done on time"))
    yield Key(_sample("late"), _("done late"))
    yield Key(_sample("lapsed"), _("lapsed, never done"))
    yield Key(_sample("skipped"), _("skipped"))
    yield Key(_sample("open"), _("still open"))


def _week_legend(with_limit: bool) -> Iterator[Key]:
    yield Key(_sample("booked"), _("booked already"))
    yield Key(_sample("to_book"), _("not booked yet"))
    if with_limit:
        yield Key(Group("", (line("pic-limit", 17, 2, 17, 20),)), _("what the scanners take"))
