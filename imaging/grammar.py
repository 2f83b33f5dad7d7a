"""Reads which regions a text of a study names: its description, a protocol, a body part.

A text is sure of its regions when nothing in it takes some of them away, or might. Whatever is in
doubt is left to a person: a region called covered that was not is the error that harms.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from imaging.context import in_context
from imaging.doubts import Doubt
from imaging.recognition import Item, find
from imaging.regions import NO_REGION, Region, Regions, union
from imaging.terms import TAKES_AWAY, Says

_SHOWN = frozenset({Says.SPINE, Says.ORGAN, Says.VAGUE, Says.UNKNOWN, Says.TAKEN_BACK})
_SEVERAL = 2  # regions named in words: then a word that nobody knows does no harm


@dataclass(frozen=True, slots=True)
class Finding:
    """Words of a text, and the regions that they name: none, if they take away or say nothing."""

    words: str
    regions: Regions


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. Regions that it is in doubt of are a proposal."""

    regions: Regions
    doubts: frozenset[Doubt]
    findings: tuple[Finding, ...]
    says_ct: bool  # in so many words, or by contrast, or by naming more than one region


def read(text: str) -> Reading:
    """Read a text in any of the languages of `terms/`. No text is refused."""
    # A scanner's protocols stand in folders: Thorax^CHEST_ABD_PEL (Adult). The folder speaks
    # only where the name is silent.
    folder, caret, name = text.partition("^")
    if not caret:
        folder, name = "", text
    items, outside = in_context(find(name)), in_context(find(folder + caret))
    everything = [*items, *outside]
    counted = items if _named(items) else everything
    regions = _named(counted)

    doubts = {Doubt(item.meaning.says) for item in everything if item.meaning.says in TAKES_AWAY}
    doubts |= set(_doubts_of_regions(items, regions))
    if _folder_differs(items, outside):
        doubts.add(Doubt.FOLDER)
    says_ct = any(item.meaning.says in (Says.CT, Says.CONTRAST) for item in everything)
    if doubts:
        regions |= _regions(item for item in counted if item.meaning.says in TAKES_AWAY)
    if Doubt.GUIDANCE in doubts or (Doubt.OTHER_MODALITY in doubts and not says_ct):
        regions = NO_REGION
    return Reading(
        regions=regions,
        doubts=frozenset(doubts),
        findings=tuple(_findings(everything if doubts else counted)),
        says_ct=says_ct or bool(caret) or len(regions) >= _SEVERAL,
    )


def _folder_differs(items: Sequence[Item], outside: Sequence[Item]) -> bool:
    """Tell whether what a protocol is called and its folder are of different exams."""
    regions, outer = _named(items), _named(outside)
    if regions:
        parts = {Says.SPINE, Says.ORGAN}
        return bool(outer - regions) or any(item.meaning.says in parts for item in outside)
    return bool(outer) and any(item.meaning.says is Says.SPINE for item in items)


def _doubts_of_regions(items: Sequence[Item], regions: Regions) -> Iterator[Doubt]:
    """Yield what is doubtful because of the regions that a text names."""
    says = {item.meaning.says for item in items}
    if len(regions) == 1:
        yield from map(Doubt, says & {Says.UNKNOWN, Says.VAGUE})
        organs = (item.meaning.regions for item in items if item.meaning.says is Says.ORGAN)
        if any(not lies_in or lies_in - regions for lies_in in organs):
            yield Doubt.ORGAN
    # "Thorax spine" may mean both, or the spine alone, and "spine with chest recon" what it was
    # made from; beside an abdomen it means both.
    of_spine = _regions(item for item in items if item.meaning.says is Says.SPINE)
    from_spine = dropwhile(lambda item: item.meaning.says is not Says.SPINE, items)
    if (of_spine or _named(from_spine)) and regions <= {Region.NECK, Region.CHEST}:
        yield Doubt.SPINE
    if regions & _regions(item for item in items if item.meaning.says is Says.TAKEN_BACK):
        yield Doubt.LEFT_OUT
    for item in items:
        if item.meaning.says is Says.ABBREVIATION:
            yield from _doubts_of_abbreviation(item, [one for one in items if one is not item])


def _doubts_of_abbreviation(item: Item, others: Sequence[Item]) -> Iterator[Doubt]:
    short_for = item.meaning.regions
    # A/P is abdomen and pelvis, A P may be the direction of a picture.
    if len(short_for) == _SEVERAL and not any(sign in item.words for sign in "/+&"):
        yield Doubt.AMBIGUOUS
    # Beside its own chest, CAP is no list of regions: it may be a disease.
    named = _named(others) & short_for
    if named and named != short_for:
        yield Doubt.ABBREVIATION


def _named(items: Iterable[Item]) -> Regions:
    return _regions(item for item in items if item.names)


def _regions(items: Iterable[Item]) -> Regions:
    return union(item.meaning.regions for item in items)


def _findings(items: Iterable[Item]) -> Iterator[Finding]:
    for item in items:
        if item.names or item.meaning.says in TAKES_AWAY:
            yield Finding(item.words, item.meaning.regions)
        elif item.meaning.says in _SHOWN:
            yield Finding(item.words, NO_REGION)
