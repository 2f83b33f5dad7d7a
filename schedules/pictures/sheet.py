"""A sheet that is filled from the top down: titles, signs with words, spans, one axis for all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from schedules.pictures.drawing import (
    EDGE,
    GAP,
    LINE,
    SYMBOL,
    Bounds,
    Group,
    Path,
    Shape,
    Text,
    box,
    fitted,
    hatching,
    inside,
    lanes,
    line,
    width_of,
)

USUAL_WIDTH = 1080.0
WIDEST = 2160.0


class Scale(NamedTuple):
    """From what is counted, days or months, to the picture's units."""

    first: float
    per_unit: float

    def x(self, value: float) -> float:
        return EDGE + (value - self.first) * self.per_unit


class Tick(NamedTuple):
    at: float
    label: str


def fitting_scale(first: float, last: float, smallest: float | None, room: float) -> Scale:
    """Return a scale that shows `first` to `last` on the usual width.

    Where things in one row come nearer than `room` when they are `smallest` apart, the picture
    grows wider, up to twice the usual.
    """
    width = USUAL_WIDTH - 2 * EDGE
    if smallest:
        width = min(max(width, room / smallest * (last - first)), WIDEST - 2 * EDGE)
    return Scale(first, width / (last - first))


@dataclass(frozen=True, slots=True)
class Sign:
    """A symbol at a point in time, drawn around a height, with words beside it."""

    x: float
    tells: str
    words: str
    draw: Callable[[float, float], Sequence[Path]]


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts: a bar with words in it, or beside it where they do not fit."""

    left: float
    right: float
    tells: str
    words: str
    look: str = "pic-span"
    hatched: bool = False


@dataclass(slots=True)
class Sheet:
    """Where the next thing goes, and what has been drawn."""

    scale: Scale
    last: float
    y: float = 4.0
    groups: list[Group] = field(default_factory=list)

    @property
    def width(self) -> float:
        return self.scale.x(self.last) + EDGE

    def add(self, tells: str, shapes: Iterable[Shape], look: str = "") -> None:
        self.groups.append(Group(tells, tuple(shapes), look))

    def title(self, words: str, look: str = "pic-title") -> None:
        """Write a line across the whole width, cut where it is longer."""
        self.y += LINE
        self.add(words, [Text(look, 4.0, self.y - 4, fitted(words, self.width - 8))])

    def rule(self) -> None:
        """Draw a thin line across, between two parts."""
        self.y += 5
        self.add("", [line("pic-rule", 0, self.y, self.width, self.y)])
        self.y += 1

    def signs(self, signs: Sequence[Sign], lane_height: float = 18.0) -> None:
        """Draw symbols with their words, in as many lanes as they need to be read."""
        words = [fitted(sign.words, self.width / 2 - 40) for sign in signs]
        begins = [
            self._beside(sign.x - SYMBOL, sign.x + SYMBOL, told)
            for sign, told in zip(signs, words, strict=True)
        ]
        reaches = [
            _reach(sign.x - SYMBOL, sign.x + SYMBOL, begin, told)
            for sign, begin, told in zip(signs, begins, words, strict=True)
        ]
        chosen = lanes(reaches)
        for sign, begin, told, lane in zip(signs, begins, words, chosen, strict=True):
            middle = self.y + lane_height * (lane + 0.5)
            shapes: list[Shape] = [*sign.draw(sign.x, middle)]
            if told:
                shapes.append(Text("pic-words", begin, middle + 4, told))
            self.add(sign.tells, shapes)
        self.y += lane_height * (max(chosen, default=-1) + 1)

    def spans(self, spans: Sequence[Span]) -> None:
        """Draw bars, those that overlap one under another."""
        words = [fitted(span.words, self.width / 2 - 40) for span in spans]
        begins = [
            span.left + 4
            if span.right - span.left >= width_of(told) + 8
            else self._beside(span.left, span.right, told)
            for span, told in zip(spans, words, strict=True)
        ]
        reaches = [
            _reach(span.left, span.right, begin, told)
            for span, begin, told in zip(spans, begins, words, strict=True)
        ]
        chosen = lanes([(left + GAP, right) for left, right in reaches])  # bars may touch
        for span, begin, told, lane in zip(spans, begins, words, chosen, strict=True):
            top = self.y + 20 * lane + 2
            shapes: list[Shape] = [box(span.look, span.left, top, span.right, top + 15)]
            if span.hatched:
                area = Bounds(span.left, top, span.right, top + 15)
                shapes.append(hatching("pic-thin-hatch", area, step=9.0))
            if told:
                shapes.append(Text("pic-words", begin, top + 11.5, told))
            self.add(span.tells, shapes)
        self.y += 20 * (max(chosen, default=-1) + 1)

    def captions(self, captions: Sequence[tuple[float, str]]) -> list[Text]:
        """Return short words, each in the middle under its point, and leave room for them.

        Where all are empty, no room is left.
        """
        widths = [width_of(words) for _, words in captions]
        begins = [
            inside(x - width / 2, width, self.width)
            for (x, _), width in zip(captions, widths, strict=True)
        ]
        chosen = lanes([(x, x + width) for x, width in zip(begins, widths, strict=True)])
        if not any(widths):
            return [Text("pic-words", x, self.y, "") for x in begins]
        texts = [
            Text("pic-words", x, self.y + LINE * lane + 11, words)
            for x, (_, words), lane in zip(begins, captions, chosen, strict=True)
        ]
        self.y += LINE * (max(chosen, default=-1) + 1)
        return texts

    def axis(self, ticks: Sequence[Tick]) -> None:
        """Write the axis at the top; `grid` draws its lines when the height is known.

        A label stands to the right of its line; at the picture's end it moves over the line.
        """
        self.y += LINE
        free_from = 0.0
        for tick in ticks:
            x, width = self.scale.x(tick.at), width_of(tick.label)
            left = inside(x + 3, width, self.width)
            if left >= free_from:
                self.add("", [Text("pic-axis", left, self.y - 4, tick.label)])
                free_from = left + width + GAP

    def grid(self, ticks: Sequence[Tick], top: float) -> None:
        """Draw the axis's lines behind all that has been drawn."""
        lines = [
            line("pic-grid", self.scale.x(tick.at), top, self.scale.x(tick.at), self.y)
            for tick in ticks
        ]
        self.groups[:0] = [Group("", (one,)) for one in lines]

    def _beside(self, left: float, right: float, words: str) -> float:
        """Return where `words` begin: to the right, or to the left where the picture ends."""
        width = width_of(words)
        if right + 4 + width <= self.width - 2:
            return right + 4
        return inside(left - 4 - width, width, self.width)


def _reach(left: float, right: float, begin: float, words: str) -> tuple[float, float]:
    if not words:
        return left, right
    return min(left, begin), max(right, begin + width_of(words))


def faded(group: Group) -> Group:
    return replace(group, look="pic-faded")
