"""Whose a study is, as far as its headers and the clinic's own records agree.

Pure: what the headers say and what was found for it go in; a patient comes out only if nothing
anywhere speaks against it. A scan filed to the wrong patient is the worst outcome.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from unicodedata import name as name_of_sign
from unicodedata import normalize

from imaging.headers.header import Identity, Order

MANY = 10  # names: no one person is written in more ways


class Key(StrEnum):
    """By what a person is told from another, the strongest first."""

    PATIENT_ID = "patient_id"
    ISSUER = "issuer"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"


class Way(StrEnum):
    """How it is known whose a study is, the surest first."""

    ORDER = "order"  # it has the StudyInstanceUID that the worklist gave out
    ACCESSION = "accession"
    PATIENT = "patient"


class Clash(StrEnum):
    """What speaks against a match beside a key that differs."""

    PEOPLE = "people"  # orders or numbers of more than one patient
    HEADERS = "headers"  # the headers name two people
    ORDER_ISSUER = "order_issuer"  # the number of an order, as somebody else's


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as the clinic knows them; `key` is the caller's own, handed back."""

    key: int
    patient_id: str
    issuer: str
    family_name: str
    given_name: str
    birth_date: date
    sex: str  # female, male, or anything else for what is not compared


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that the clinic gave out, and for whom."""

    person: Person
    study_uid: str
    accession: str


@dataclass(frozen=True, slots=True)
class Said:
    """What all headers of a study say, each saying once."""

    study_uid: str
    identities: frozenset[Identity]
    orders: frozenset[Order]


@dataclass(frozen=True, slots=True)
class Found:
    """What the clinic has that might be meant. `issuer` is its own: of its patients' numbers
    where a header names none, since the clinic is who received it, and of its orders' numbers."""

    issuer: str
    people: tuple[Person, ...] = ()
    orders: tuple[Ordered, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A key of which two things are said: by the headers, or by them and by what is known."""

    key: Key
    said: str
    known: str


@dataclass(frozen=True, slots=True)
class Match:
    """Whose it is, and how that is known; or whose it might have been, and what speaks against it.

    Without a `way` it is nobody's. `suspects` are all whom any order or number means.
    """

    way: Way | None = None
    person: int | None = None
    agrees: frozenset[Key] = frozenset()
    suspects: tuple[int, ...] = ()
    clashes: tuple[Clash, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def is_flagged(self) -> bool:
        """Say whether something speaks against it, so that somebody has to look."""
        return bool(self.clashes or self.differences)


def matched(said: Said, found: Found) -> Match:
    """Return whose study it is: by its order, by its accession number, by the patient's number.

    What differs anywhere makes it nobody's, and so does more than one patient who is meant. What
    a header does not say speaks neither for nor against; what was found is compared once more.
    """
    by_uid = [one for one in found.orders if one.study_uid == said.study_uid]
    by_number = [
        (one, order)
        for one in found.orders
        for order in said.orders
        if one.accession == order.accession
    ]
    by_id = [person for person in found.people if _is_numbered(person, said, found.issuer)]
    meant = {
        person.key: person
        for person in (
            *(one.person for one in by_uid),
            *(one.person for one, _ in by_number),
            *by_id,
        )
    }

    clashes = set()
    among = set(_among(said.identities))
    if among:
        clashes.add(Clash.HEADERS)
    if len(meant) > 1:
        clashes.add(Clash.PEOPLE)
    if any(order.issuer not in ("", found.issuer) for _, order in by_number):
        clashes.add(Clash.ORDER_ISSUER)
    compared = [against(person, said.identities, found.issuer) for person in meant.values()]
    differences = among | {one for each in compared for one in each.differences}
    agrees = compared[0].agrees if len(compared) == 1 else frozenset()

    way = None
    if len(meant) == 1 and not clashes and not differences:
        way = _way(bool(by_uid), bool(by_number), agrees)
    return Match(
        way=way,
        person=next(iter(meant)) if way else None,
        agrees=agrees,
        suspects=tuple(sorted(meant)),
        clashes=tuple(sorted(clashes)),
        differences=tuple(sorted(differences)),
    )


def _way(has_uid: bool, has_number: bool, agrees: Collection[Key]) -> Way | None:
    """Return how one patient against whom nothing speaks is known, if enough speaks for them."""
    by_id = Key.PATIENT_ID in agrees
    by_person = {Key.NAME, Key.BIRTH_DATE} <= set(agrees)
    if has_uid and (by_id or by_person):
        return Way.ORDER
    if has_number and (by_id or by_person):
        return Way.ACCESSION
    if by_id and (Key.NAME in agrees or Key.BIRTH_DATE in agrees):
        return Way.PATIENT
    return None


def _is_numbered(person: Person, said: Said, issuer: str) -> bool:
    return any(
        identity.patient_id == person.patient_id and (identity.issuer or issuer) == person.issuer
        for identity in said.identities
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One patient beside all headers."""

    agrees: frozenset[Key]
    differences: tuple[Difference, ...]


def against(person: Person, identities: Iterable[Identity], issuer: str) -> Compared:
    """Return by which keys the headers name this patient, and by which another."""
    known = {
        Key.PATIENT_ID: person.patient_id,
        Key.ISSUER: person.issuer,
        Key.NAME: f"{person.family_name} {person.given_name}",
        Key.BIRTH_DATE: person.birth_date.isoformat(),
        Key.SEX: person.sex,
    }
    agrees, differences = set[Key](), set[Difference]()
    for identity in identities:
        for key, same in _compare(person, identity, issuer).items():
            if same:
                agrees.add(key)
            else:
                differences.add(Difference(key, _value(identity, key), known[key]))
    differing = {one.key for one in differences}
    return Compared(frozenset(agrees - differing), tuple(sorted(differences)))


def _compare(person: Person, identity: Identity, issuer: str) -> dict[Key, bool]:
    """Return for each key that both say whether they say the same."""
    same = {}
    if identity.patient_id:
        is_same = identity.patient_id == person.patient_id
        # The same number of nobody in particular is no agreement where its patient has it from
        # somebody else.
        if not is_same or identity.issuer or issuer == person.issuer:
            same[Key.PATIENT_ID] = is_same
    if identity.issuer:
        same[Key.ISSUER] = identity.issuer == person.issuer
    if identity.birth_date:
        same[Key.BIRTH_DATE] = identity.birth_date == person.birth_date
    sex = _SEXES.get(identity.sex)
    if sex and person.sex in _SEXES.values():
        same[Key.SEX] = sex == person.sex
    is_named = _is_named(person, identity.name)
    if is_named is not None:
        same[Key.NAME] = is_named
    return same


_SEXES: Mapping[str, str] = {"F": "female", "M": "male"}


def _value(identity: Identity, key: Key) -> str:
    match key:
        case Key.BIRTH_DATE:
            return identity.birth_date.isoformat() if identity.birth_date else ""
        case Key.SEX:
            return _SEXES.get(identity.sex, "")
    return str(getattr(identity, key))


def _among(identities: Collection[Identity]) -> Iterator[Difference]:
    """Yield in what the headers of one study contradict each other."""
    for key in Key:
        values = sorted({_value(identity, key) for identity in identities} - {""})
        if key is not Key.NAME or len(values) > MANY:
            if len(values) > 1:
                yield Difference(key, values[0], values[-1])
            continue
        for one, other in combinations(values, 2):
            if _same_name(_groups(one), _groups(other)) is False:
                yield Difference(key, one, other)


# Names


@dataclass(frozen=True, slots=True)
class _Name:
    """One way to write a name, its signs folded. Where a name is one word, that is all of it."""

    family: str
    given: str = ""
    middle: str = ""

    @property
    def givens(self) -> set[str]:
        return {self.given, self.given + self.middle}


def _groups(person_name: str) -> list[_Name]:
    """Return the ways in which a DICOM person name is written (PS3.5, 6.2.1.1)."""
    groups = []
    for group in person_name.split("="):
        family, given, middle = (*map(_folded, group.split("^")), "", "", "")[:3]
        if family or given:
            groups.append(_Name(family, given, middle))
    return groups


def _is_named(person: Person, person_name: str) -> bool | None:
    """Say whether a name is the patient's; None if no two that stand there can be compared."""
    own = _Name(_folded(person.family_name), _folded(person.given_name))
    return _same_name(_groups(person_name), [own])


def _same_name(some: Iterable[_Name], others: Iterable[_Name]) -> bool | None:
    """Say whether names are one person's; None if they are written in no script in common.

    Family and given names are each compared where both are in one script: 佐藤 さくら and
    サトウ サクラ agree in the second. Both have to agree for the names to.
    """
    others = list(others)
    agreed = set[str]()
    for one in some:
        for other in others:
            for part, same in _same_parts(one, other):
                if not same:
                    return False
                agreed.add(part)
    return True if agreed >= {"family", "given"} else None


def _same_parts(one: _Name, other: _Name) -> Iterator[tuple[str, bool]]:
    if not (one.given and other.given) and one.given != other.given:
        # One of them stands in one word, as machines without a field for each write it.
        whole, parted = (other, one) if one.given else (one, other)
        if whole.family and parted.family and _same_script(whole.family, parted.family):
            joined = {parted.family + given for given in parted.givens}
            joined |= {given + parted.family for given in parted.givens}
            if whole.family in joined:
                yield from (("family", True), ("given", True))
            else:
                yield "family", whole.family == parted.family
        return
    if one.family and other.family and _same_script(one.family, other.family):
        yield "family", one.family == other.family
    if one.given and other.given and _same_script(one.given, other.given):
        yield "given", bool(one.givens & other.givens)


def _same_script(one: str, other: str) -> bool:
    return _script(one) == _script(other)


def _script(word: str) -> str:
    """Return the script of a word; one with a single Chinese character is written in those."""
    scripts = {name_of_sign(sign, "").split(" ")[0].split("-")[0] for sign in word}
    if scripts & {"CJK", "IDEOGRAPHIC"}:
        return "CJK"
    return min(scripts - {"DIGIT"}, default="")


_ACCENTS = re.compile("[\u0300-\u036f]")
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}  # of hiragana
_NO_ACCENT = str.maketrans("øđðłı", "oddli")  # of which none can be taken off


def _folded(word: str) -> str:
    """Return a part of a name without case, accents, width, blanks and hyphens, kana as katakana.

    It is how patients are searched for, too.
    """
    bare = _ACCENTS.sub("", normalize("NFKD", word)).casefold().translate(_NO_ACCENT)
    composed = normalize("NFC", bare).translate(_KATAKANA)
    return "".join(sign for sign in composed if sign.isalnum())
