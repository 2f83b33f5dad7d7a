"""What a picture of one patient's follow-up tells, and its table too: what happened, what is due,
what was done.

Shapes and letters say what became of an exam, so that no colour is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum

from schedules.pictures.drawing import Path, symbol
from schedules.rules.wording import gettext as _
from schedules.rules.wording import gettext_noop

DAY = timedelta(days=1)


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
