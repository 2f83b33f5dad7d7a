"""The picture of protocols over the years: phases as bars, every exam that is due as a stroke."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schedules.pictures.drawing import (
    LINE,
    Group,
    Key,
    Path,
    Picture,
    Point,
    Text,
    box,
    fitted,
    line,
)
from schedules.pictures.sheet import USUAL_WIDTH, Scale, Sheet, Span, Tick, fitting_scale
from schedules.rules.compare import ANCHOR, in_words, month_of, pace
from schedules.rules.plan import PlannedSlot, plan
from schedules.rules.protocol import Definition

_STROKE = 12.0
_DAYS_OF_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Drawn:
    """One protocol of a picture: how it is headed, what it asks for, and who says so."""

    title: str
    definition: Definition
    citation: str = ""


def picture(drawn: Sequence[Drawn], title: str) -> Picture:
    """Draw protocols one under another on one axis, from month 0 to the last month of any.

    Raises:
        ValueError: there is none to draw.
    """
    last = max(one.definition.phases[-1].up_to_month for one in drawn)
    first = 0.0
    sheet = Sheet(fitting_scale(first, last, None, room=0), last)
    step = 12 if last <= 240 else 60
    ticks = [
        Tick(month, "month 0" if not month else f"{month // 12} year{'s' * (month > 12)}")
        for month in range(0, last + 1, step)
    ]
    top = sheet.y
    sheet.axis(ticks)
    for one in drawn:
        sheet.rule()
        _draw(sheet, one)
    sheet.y += 4
    sheet.grid(ticks, top)
    return Picture(
        USUAL_WIDTH,
        sheet.y,
        title,
        " ".join([*(_description(one) for one in drawn), "The table holds the same."]),
        tuple(sheet.groups),
        tuple(_legend()),
    )


def series(definition: Definition) -> dict[str, list[PlannedSlot]]:
    """Return the slots of each exam, in time."""
    found: dict[str, list[PlannedSlot]] = {exam.key: [] for exam in definition.exams}
    for slot in plan(definition, ANCHOR):
        found[slot.exam.key].append(slot)
    return found


def months(slots: Sequence[PlannedSlot]) -> str:
    """Say in which months exams are due: 3, 6, 9."""
    return ", ".join(month_of(slot) for slot in slots)


def _draw(sheet: Sheet, one: Drawn) -> None:
    sheet.title(one.title)
    sheet.spans(
        [
            Span(
                sheet.scale.x(phase.after_month),
                sheet.scale.x(phase.up_to_month),
                f"Months {phase.after_month} to {phase.up_to_month}: {in_words(phase)}",
                pace(phase),
            )
            for phase in one.definition.phases
        ]
    )
    for exam, slots in series(one.definition).items():
        told = f"{exam}: {len(slots)} exam{'s' * (len(slots) != 1)}"
        sheet.y += LINE
        words = Text("pic-words", 4.0, sheet.y - 4, fitted(told, sheet.width - 8))
        strokes = _strokes(sheet.scale, slots, sheet.y + 1)
        sheet.add(f"{told}, due in months {months(slots)}", [words, strokes])
        sheet.y += _STROKE + 3
    if one.citation:
        sheet.y += 2
        sheet.title(f"Source: {one.citation}", look="pic-note")


def _strokes(scale: Scale, slots: Sequence[PlannedSlot], top: float) -> Path:
    xs = [scale.x(slot.month + 7 * slot.weeks / _DAYS_OF_A_MONTH) for slot in slots]
    return Path("pic-due", tuple((Point(x, top), Point(x, top + _STROKE)) for x in xs))


def _description(one: Drawn) -> str:
    phases = "; ".join(
        f"months {phase.after_month} to {phase.up_to_month} {pace(phase)}"
        for phase in one.definition.phases
    )
    exams = ", ".join(f"{len(slots)} of {exam}" for exam, slots in series(one.definition).items())
    return f"{one.title}: {phases}; {exams}."


def _legend() -> Iterator[Key]:
    yield Key(Group("", (box("pic-span", 3, 4, 31, 18),)), "phase: as often as it says")
    yield Key(Group("", (line("pic-due", 17, 5, 17, 17),)), "an exam that is due")
