"""What a picture is made of: paths and words with places, and how words are kept apart.

All lengths are in the picture's own units, which are CSS pixels where it is shown at full size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise
from math import cos, pi, sin
from typing import NamedTuple
from unicodedata import east_asian_width

EDGE = 14.0  # kept free at the left and the right, so that a mark on the first day has room
LINE = 16.0  # from one line of words to the next
GAP = 5.0  # between two things in one line
_ABOVE, _BELOW = 10.0, 4.0  # how far words reach from the line that they stand on


class Point(NamedTuple):
    x: float
    y: float


class Bounds(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Path:
    """One or more lines from point to point; closed ones come back to where they began."""

    look: str
    lines: tuple[tuple[Point, ...], ...]
    closed: bool = False

    @property
    def markup(self) -> str:
        end = "Z" if self.closed else ""
        d = "".join(
            "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in line) + end for line in self.lines
        )
        return f'<path class="{self.look}" d="{d}"/>'

    @property
    def bounds(self) -> Bounds:
        xs = [point.x for line in self.lines for point in line]
        ys = [point.y for line in self.lines for point in line]
        return Bounds(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True)
class Text:
    """Words that begin at `x` and stand on the line at `y`."""

    look: str
    x: float
    y: float
    words: str

    @property
    def markup(self) -> str:
        place = f'x="{_short(self.x)}" y="{_short(self.y)}"'
        return f'<text class="{self.look}" {place}>{escape(self.words)}</text>'

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.x, self.y - _ABOVE, self.x + width_of(self.words), self.y + _BELOW)


Shape = Path | Text


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes that belong together; `tells` says in words what they show, and may be empty.

    A page can lead to the one that `is_now`.
    """

    tells: str
    shapes: tuple[Shape, ...]
    look: str = ""
    is_now: bool = False

    @property
    def markup(self) -> str:
        """The shapes as SVG, all words escaped.

        Written here and not by the template, which would take longer than the rest of the page.
        """
        tells = f"<title>{escape(self.tells)}</title>" if self.tells else ""
        return tells + "".join(shape.markup for shape in self.shapes)

    @property
    def bounds(self) -> Bounds:
        all_of = [shape.bounds for shape in self.shapes]
        return Bounds(
            min(one.left for one in all_of),
            min(one.top for one in all_of),
            max(one.right for one in all_of),
            max(one.bottom for one in all_of),
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture: its size, what it is, what it shows, and all that is drawn, in order.

    `note` says what could not be drawn.
    """

    width: float
    height: float
    title: str
    desc: str
    groups: tuple[Group, ...]
    legend: tuple["Key", ...] = ()
    note: str = ""

    @property
    def view_box(self) -> str:
        return f"0 0 {_short(self.width)} {_short(self.height)}"


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a sample, drawn 34 wide and 22 high, and what it means."""

    group: Group
    means: str


def width_of(words: str) -> float:
    """Return how wide `words` are at most, in the stylesheet's 12 pixel type."""
    return sum(_width(character) for character in words)


@cache
def _width(character: str) -> float:
    if east_asian_width(character) in "WF":
        return 12.6
    if character in "MWmw@%–—…":
        return 11.0
    if character.isupper() or character.isdigit():
        return 8.2
    return 6.9 if character.isascii() else 9.0


def fitted(words: str, room: float) -> str:
    """Return `words`, cut with an ellipsis where they would be wider than `room`."""
    words = " ".join(words.split())
    if width_of(words) <= room:
        return words
    kept = ""
    used = width_of("…")
    for character in words:
        used += _width(character)
        if used > room:
            break
        kept += character
    return kept.rstrip(" ,;:.") + "…"


def lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Return a lane for each span from left to right, so that in no lane two come too near.

    As few lanes as can be; the first in time lies in the first lane.
    """
    ends: list[float] = []
    chosen = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        left, right = spans[index]
        lane = next((at for at, end in enumerate(ends) if end + GAP <= left), len(ends))
        if lane == len(ends):
            ends.append(right)
        else:
            ends[lane] = right
        chosen[index] = lane
    return chosen


def inside(left: float, width: float, whole: float) -> float:
    """Return `left`, moved as little as needed for something `width` wide to stand in `whole`."""
    return max(2.0, min(left, whole - 2.0 - width))


def box(look: str, left: float, top: float, right: float, bottom: float) -> Path:
    corners = Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom)
    return Path(look, (corners,), closed=True)


def line(look: str, x1: float, y1: float, x2: float, y2: float) -> Path:
    return Path(look, ((Point(x1, y1), Point(x2, y2)),))


def hatching(look: str, area: Bounds, step: float = 6.0, both: bool = False) -> Path:
    """Return slanting lines that fill `area`; with `both` they cross others the other way."""
    height = area.bottom - area.top
    lines: list[tuple[Point, ...]] = []
    count = int((area.right - area.left + height) / step) + 1
    for nth in range(1, count):
        foot = area.left + nth * step  # where the line would meet the bottom's level
        start = Point(min(foot, area.right), area.bottom - max(0.0, foot - area.right))
        over = max(0.0, area.left - (foot - height))
        end = Point(max(foot - height, area.left), area.top + over)
        lines.append((start, end))
        if both:
            lines.append(tuple(Point(p.x, area.top + area.bottom - p.y) for p in (start, end)))
    middle = (Point(area.left, area.bottom), Point(area.right, area.top))
    return Path(look, tuple(lines) or (middle,))


def polygon(look: str, x: float, y: float, points: Iterable[tuple[float, float]]) -> Path:
    """Return a closed shape around (x, y)."""
    return Path(look, (tuple(Point(x + dx, y + dy) for dx, dy in points),), closed=True)


_RING = tuple((5 * cos(nth * pi / 8), 5 * sin(nth * pi / 8)) for nth in range(16))
_SYMBOLS: dict[str, tuple[tuple[float, float], ...]] = {
    "circle": _RING,
    "square": ((-5, -5), (5, -5), (5, 5), (-5, 5)),
    "diamond": ((0, -6), (6, 0), (0, 6), (-6, 0)),
    "up": ((0, -6), (6, 5), (-6, 5)),
    "down": ((-6, -5), (6, -5), (0, 6)),
    "bar": ((-2.5, -6), (2.5, -6), (2.5, 6), (-2.5, 6)),
    "flag": ((-5, -6), (6, -2.5), (-5, 1), (-5, 6), (-5, -6)),
}
SYMBOL = 6.0  # how far a symbol reaches from its middle


def symbol(name: str, x: float, y: float, *, filled: bool, crossed: bool = False) -> list[Path]:
    """Return one of the symbols around (x, y), full or hollow, crossed out or not."""
    shapes = [polygon("pic-full" if filled else "pic-hollow", x, y, _SYMBOLS[name])]
    if crossed:
        cross = (
            (Point(x - 6, y - 6), Point(x + 6, y + 6)),
            (Point(x - 6, y + 6), Point(x + 6, y - 6)),
        )
        shapes.append(Path("pic-cross", cross))
    return shapes


def smallest_step(values: Iterable[float]) -> float | None:
    """Return the smallest distance above zero between neighbours; None with fewer than two."""
    steps = [after - before for before, after in pairwise(sorted(values)) if after > before]
    return min(steps, default=None)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
