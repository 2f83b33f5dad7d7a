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
from schedules.rules.protocol import Definition, exam_name
from schedules.rules.wording import gettext as _
from schedules.rules.wording import listed, ngettext

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
        Tick(month, _years(month // 12) if month else _("month 0"))
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
        " ".join([*(_description(one) for one in drawn), _("The table holds the same.")]),
        tuple(sheet.groups),
        tuple(_legend()),
    )


def series(definition: Definition) -> dict[str, list[PlannedSlot]]:
    """Return the slots of each exam, by its `Exam.key` and in time."""
    found: dict[str, list[PlannedSlot]] = {exam.key: [] for exam in definition.exams}
    for slot in plan(definition, ANCHOR):
        found[slot.exam.key].append(slot)
    return found


def months(slots: Sequence[PlannedSlot]) -> str:
    """Say in which months exams are due: 3, 6, 9."""
    return listed(month_of(slot) for slot in slots)


def _draw(sheet: Sheet, one: Drawn) -> None:
    sheet.title(one.title)
    sheet.spans(
        [
            Span(
                sheet.scale.x(phase.after_month),
                sheet.scale.x(phase.up_to_month),
                _("Months %(after)s to %(up_to)s: %(phase)s")
                % {
                    "after": phase.after_month,
                    "up_to": phase.up_to_month,
                    "phase": in_words(phase),
                },
                pace(phase),
            )
            for phase in one.definition.phases
        ]
    )
    for exam, slots in series(one.definition).items():
        counted = ngettext("%(exam)s: %(count)s exam", "%(exam)s: %(count)s exams", len(slots))
        told = counted % {"exam": exam_name(exam), "count": len(slots)}
        sheet.y += LINE
        words = Text("pic-words", 4.0, sheet.y - 4, fitted(told, sheet.width - 8))
        strokes = _strokes(sheet.scale, slots, sheet.y + 1)
        tells = _("%(exams)s, due in months %(months)s") % {
            "exams": told,
            "months": months(slots),
        }
        sheet.add(tells, [words, strokes])
        sheet.y += _STROKE + 3
    if one.citation:
        sheet.y += 2
        sheet.title(_("Source: %(citation)s") % {"citation": one.citation}, look="pic-note")


def _strokes(scale: Scale, slots: Sequence[PlannedSlot], top: float) -> Path:
    xs = [scale.x(slot.month + 7 * slot.weeks / _DAYS_OF_A_MONTH) for slot in slots]
    return Path("pic-due", tuple((Point(x, top), Point(x, top + _STROKE)) for x in xs))


def _description(one: Drawn) -> str:
    phases = _("; ").join(
        _("months %(after)s to %(up_to)s %(pace)s")
        % {"after": phase.after_month, "up_to": phase.up_to_month, "pace": pace(phase)}
        for phase in one.definition.phases
    )
    exams = listed(
        _("%(count)s of %(exam)s") % {"count": len(slots), "exam": exam_name(exam)}
        for exam, slots in series(one.definition).items()
    )
    return _("%(title)s: %(phases)s; %(exams)s.") % {
        "title": one.title,
        "phases": phases,
        "exams": exams,
    }


def _years(count: int) -> str:
    return ngettext("%(count)s year", "%(count)s years", count) % {"count": count}


def _legend() -> Iterator[Key]:
    yield Key(Group("", (box("pic-span", 3, 4, 31, 18),)), _("phase: as often as it says"))
    yield Key(Group("", (line("pic-due", 17, 5, 17, 17),)), _("an exam that is due"))
