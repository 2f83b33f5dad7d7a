"""Which regions a study covered, as far as what it says of itself goes.

Pure: what DICOM or anybody else says of a study goes in, regions come out, with the evidence. Only
what is sure may count for an exam that is due; the rest is a proposal for somebody to decide.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from imaging.doubts import Doubt
from imaging.grammar import Reading, read
from imaging.regions import NO_REGION, Region, Regions, from_head_down, union
from imaging.terms import TAKES_AWAY, codes


class Kind(StrEnum):
    """What a series holds. Only images of the patient as they were taken show what was covered."""

    IMAGES = "images"
    LOCALIZER = "localizer"
    DOSE_REPORT = "dose_report"
    SCREENSHOT = "screenshot"
    SECONDARY_CAPTURE = "secondary_capture"
    DERIVED = "derived"


class Source(StrEnum):
    """Who says it, the strongest first."""

    PROCEDURE = "procedure_code"
    ANATOMY = "anatomic_region"
    MAPPED = "mapped_text"
    DESCRIPTION = "study_description"
    PROTOCOL = "protocol_name"
    BODY_PART = "body_part_examined"


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A coded concept: LN and 72254-6."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Series:
    protocol_name: str = ""
    body_part: str = ""
    anatomy: tuple[Code, ...] = ()
    kind: Kind = Kind.IMAGES


@dataclass(frozen=True, slots=True)
class Study:
    """What a study says of itself. No modality means that nobody said which."""

    modality: str = ""
    procedures: tuple[Code, ...] = ()
    description: str = ""
    series: tuple[Series, ...] = (Series(),)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words or a code, who says them, and the regions that they name."""

    source: Source
    words: str
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The regions, whether they are beyond doubt, what is in doubt, and what it rests on."""

    regions: tuple[Region, ...] = ()
    sure: bool = False
    doubts: tuple[Doubt, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Statement:
    """What the sources of one strength say together."""

    regions: Regions = NO_REGION
    doubts: frozenset[Doubt] = frozenset()
    evidence: tuple[Evidence, ...] = ()


CT = "CT"
_OF_THE_EXAM = frozenset(map(Doubt, TAKES_AWAY))
_SAME_SCHEME = {"SNM3": "SRT", "99SDM": "SRT"}


def covered(study: Study, texts: Mapping[str, Collection[Region]]) -> Coverage:
    """Return what the study covered.

    The strongest source that says anything decides; a weaker one that names another region leaves
    it unsure. So do words that name fewer, since a code may be of what was ordered, and words that
    say what else the exam was. `texts` are descriptions and names of protocols to which people have
    given their regions: such a text is not read.
    """
    images = [series for series in study.series if series.kind is Kind.IMAGES]
    if study.modality not in ("", CT):
        return Coverage(doubts=(Doubt.OTHER_MODALITY,))
    if not images:
        return Coverage(doubts=(Doubt.NO_IMAGES,))

    description = study.description.strip()
    names = sorted({series.protocol_name.strip() for series in images})
    words = _in_words(
        study.modality,
        [read(text) for text in [description] if text not in texts],
        [read(text) for text in names if text not in texts],
    )
    mapped = _mapped(dict.fromkeys([description, *names]), texts)
    statements = [
        _coded(Source.PROCEDURE, "procedure", study.procedures),
        _coded(Source.ANATOMY, "anatomy", [code for series in images for code in series.anatomy]),
        mapped,
        words,
        _body_parts(sorted({series.body_part.strip() for series in images})),
    ]

    strongest, *weaker = [one for one in statements if one.regions or one.doubts] or [words]
    doubts = set(strongest.doubts | words.doubts & _OF_THE_EXAM)
    if any(one.regions - strongest.regions for one in weaker) or any(
        one.regions and one.regions != strongest.regions for one in (mapped, words)
    ):
        doubts.add(Doubt.CONTRADICTION)
    if not strongest.regions:
        doubts.add(Doubt.NO_REGION)
    return Coverage(
        regions=from_head_down(strongest.regions),
        sure=not doubts,
        doubts=tuple(sorted(doubts)),
        evidence=tuple(chain.from_iterable(one.evidence for one in statements)),
    )


def _coded(source: Source, table: str, found: Iterable[Code]) -> _Statement:
    known = codes(table)
    meanings = {code: known[_key(code)] for code in sorted(set(found)) if _key(code) in known}
    regions = union(meaning.regions for meaning in meanings.values())
    says = {meaning.says for meaning in meanings.values()}
    return _Statement(
        regions=regions,
        doubts=frozenset(map(Doubt, says & TAKES_AWAY if regions else says)),
        evidence=tuple(
            Evidence(source, f"{code.scheme} {code.value}", from_head_down(meaning.regions))
            for code, meaning in meanings.items()
        ),
    )


def _key(code: Code) -> str:
    """Return a code as the table of codes has it: old schemes and editions under one name."""
    scheme = "JJ1017" if code.scheme.startswith("JJ1017") else code.scheme
    return f"{_SAME_SCHEME.get(scheme, scheme)} {code.value}"


def _mapped(found: Iterable[str], texts: Mapping[str, Collection[Region]]) -> _Statement:
    known = {text: frozenset(texts[text]) for text in found if text in texts}
    doubts: set[Doubt] = set()
    if len(set(known.values())) > 1:
        doubts.add(Doubt.CONTRADICTION)
    if NO_REGION in known.values():
        doubts.add(Doubt.NO_REGION)
    return _Statement(
        regions=union(known.values()),
        doubts=frozenset(doubts),
        evidence=tuple(
            Evidence(Source.MAPPED, text, from_head_down(regions))
            for text, regions in known.items()
        ),
    )


def _in_words(
    modality: str, descriptions: Sequence[Reading], protocols: Sequence[Reading]
) -> _Statement:
    """Return what the description and the names of protocols say together."""
    readings = [*descriptions, *protocols]
    described = union(reading.regions for reading in descriptions)
    named = union(reading.regions for reading in protocols)
    regions = described | named
    doubts = {doubt for reading in readings for doubt in reading.doubts}
    if described and named and described != named:
        doubts.add(Doubt.CONTRADICTION)
    if {Region.CHEST, Region.PELVIS} <= regions and Region.ABDOMEN not in regions:
        doubts.add(Doubt.GAP)  # more often a word that was forgotten than two scans
    if regions and modality != CT and not any(reading.says_ct for reading in readings):
        doubts.add(Doubt.NOT_SAID_TO_BE_CT)
    return _Statement(
        regions=regions,
        doubts=frozenset(doubts),
        evidence=(
            *_evidence(Source.DESCRIPTION, descriptions),
            *_evidence(Source.PROTOCOL, protocols),
        ),
    )


def _body_parts(found: Iterable[str]) -> _Statement:
    """Return what the body parts say: one word for a series, so alone never enough."""
    readings = [read(text) for text in found]
    regions = union(reading.regions for reading in readings)
    return _Statement(
        regions=regions,
        doubts=frozenset({Doubt.BODY_PART_ALONE} if regions else ()),
        evidence=tuple(_evidence(Source.BODY_PART, readings)),
    )


def _evidence(source: Source, readings: Iterable[Reading]) -> Iterator[Evidence]:
    for reading in readings:
        for finding in reading.findings:
            yield Evidence(source, finding.words, from_head_down(finding.regions))
