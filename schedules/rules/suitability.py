"""Which protocols suit a tumour, with the reason. The rules propose; a clinician chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from schedules.rules.protocol import ProtocolError
from schedules.rules.wording import both, gettext_noop
from schedules.rules.wording import gettext as _

_NO_LIST = {
    int: gettext_noop("suits: %(name)s is not a list of whole numbers"),
    str: gettext_noop("suits: %(name)s is not a list of texts"),
}


@dataclass(frozen=True, slots=True)
class TumourFacts:
    """What a choice of protocol rests on: ICD-O-3 codes and the FNCLCC grade, where known."""

    topography: str
    morphology: str
    grade: int | None


@dataclass(frozen=True, slots=True)
class Suits:
    """For which tumours a protocol was made. An empty tuple restricts nothing.

    `topography` and `morphology` hold beginnings of ICD-O-3 codes.
    """

    topography: tuple[str, ...] = ()
    morphology: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Read it from plain data, as a protocol file holds it.

        Raises:
            ProtocolError: it holds anything else.
        """
        unknown = data.keys() - {"topography", "morphology", "grades"}
        if unknown:
            raise ProtocolError(
                _("suits: unknown %(names)s") % {"names": ", ".join(sorted(unknown))}
            )
        for name, codes in data.items():
            kind = int if name == "grades" else str
            if not isinstance(codes, list) or any(type(code) is not kind for code in codes):
                raise ProtocolError(_(_NO_LIST[kind]) % {"name": name})
        return cls(**{name: tuple(codes) for name, codes in data.items()})

    def reason_for(self, tumour: TumourFacts) -> str | None:
        """Say why the protocol suits this tumour, or nothing if it does not."""
        if not (self.topography or self.morphology or self.grades):
            return None
        reasons = []
        if self.topography:
            if not tumour.topography.startswith(self.topography):
                return None
            reasons.append(_("site %(code)s") % {"code": tumour.topography})
        if self.morphology:
            if not tumour.morphology.startswith(self.morphology):
                return None
            reasons.append(_("morphology %(code)s") % {"code": tumour.morphology})
        if self.grades:
            if tumour.grade not in self.grades:
                return None
            reasons.append(_("grade %(grade)s") % {"grade": tumour.grade})
        return both(reasons)

    @property
    def narrowness(self) -> int:
        """How many of the three facts it looks at."""
        return sum(map(bool, (self.topography, self.morphology, self.grades)))


def rank(candidates: Sequence[tuple[str, Suits]], tumour: TumourFacts) -> list[tuple[str, str]]:
    """Return those that suit, each with its reason, the most narrowly made first."""
    suiting = [
        (name, reason, suits.narrowness)
        for name, suits in candidates
        if (reason := suits.reason_for(tumour))
    ]
    suiting.sort(key=lambda candidate: (-candidate[2], candidate[0]))
    return [(name, reason) for name, reason, _ in suiting]
