"""Finds the known terms in a text: the longest first, then words cut off, joined or misspelt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from imaging.terms import HOLDING, NAMING, TAKES_AWAY, Meaning, Says, Token, tokens, vocabulary

LONGEST_WORD = 40  # letters: what is longer is no word
SHORTEST_JOINED = 5
SHORTEST_MISSPELT = 5
SHORTEST_MISSPELT_REGION = 6  # a shorter one is too near to a name: trace is no torace
SHORTEST_CUT_OFF = 3
SURE_CUT_OFF = 4
_NEVER_JOINED = (HOLDING - {Says.CT}) | {Says.WO, Says.ABBREVIATION}
_JOINTS = {"and", "und"}
_SHORT = {"ct", "tc"}


@dataclass(frozen=True, slots=True)
class Item:
    """A term found in a text, as the text has it."""

    words: str
    meaning: Meaning
    before: str = ""  # what parts it from the item before it

    @property
    def names(self) -> bool:
        return self.meaning.says in NAMING


def find(text: str) -> list[Item]:
    """Return all of a text as items, in its order; what nobody knows is an item too.

    A text that ends in a word may have been cut off there: fields of DICOM are short.
    """
    found = tokens(text)
    may_be_cut_off = text.rstrip()[-1:].isalnum()
    items: list[Item] = []
    at = 0
    while at < len(found):
        token = found[at]
        is_cut_off = may_be_cut_off and at == len(found) - 1
        length = _length_of_term(found, at)
        if is_cut_off and _is_a_letter(token):
            items.append(_last_letter(token, items[-1:]))
            length = 1
        elif length:
            items.append(_item(found[at : at + length]))
        elif _is_a_sign(token):
            length = _length_of_unknown_signs(found, at)
            items.append(_item(found[at : at + length]))
        else:
            items.extend(_word(token, is_cut_off))
            length = 1
        at += length
    return items


def _item(found: Sequence[Token]) -> Item:
    first, *others = found
    words = first.text + "".join(token.before + token.text for token in others)
    meaning = vocabulary().get(tuple(token.text for token in found), Meaning(Says.UNKNOWN))
    return Item(" ".join(words.split()), meaning, first.before)


def _is_a_sign(token: Token) -> bool:
    return not token.text.isascii()


@cache
def _longest_term() -> int:
    return max(map(len, vocabulary()))


def _length_of_term(found: Sequence[Token], at: int) -> int:
    """Return how many tokens the longest term takes that begins here, 0 without one."""
    length = _length_of_any_term(found, at)
    # A sign alone, before one that nobody knows, is half of a word: 腹 is no abdomen in 腹X.
    if length == 1 and _is_a_sign(found[at]) and _item(found[at : at + 1]).names:
        after = at + 1
        if _is_glued(found, after) and not _length_of_any_term(found, after):
            return 0
    return length


def _length_of_any_term(found: Sequence[Token], at: int) -> int:
    for length in range(min(_longest_term(), len(found) - at), 0, -1):
        if tuple(token.text for token in found[at : at + length]) in vocabulary():
            return length
    return 0


def _is_glued(found: Sequence[Token], at: int) -> bool:
    return at < len(found) and _is_a_sign(found[at]) and not found[at].before


def _length_of_unknown_signs(found: Sequence[Token], at: int) -> int:
    end = at + 1
    while _is_glued(found, end) and not _length_of_term(found, end):
        end += 1
    return end - at


def _is_a_letter(token: Token) -> bool:
    return len(token.text) == 1 and "a" <= token.text <= "z"


def _last_letter(token: Token, previous: Sequence[Item]) -> Item:
    """Return what a letter at the end means: it may begin any word, after contrast a contrast."""
    item = _item([token])
    is_known = item.meaning.says in TAKES_AWAY | {Says.CONTRAST}
    if is_known or any(one.meaning.says in (Says.CONTRAST, Says.WO) for one in previous):
        return item
    return replace(item, meaning=Meaning(Says.UNKNOWN))


def _word(token: Token, is_cut_off: bool) -> Iterator[Item]:
    """Yield what a word of letters, or a number, that is no term itself may mean."""
    word = token.text
    if _is_a_letter(token) or not word.isalpha():
        yield Item(word, Meaning(Says.NEUTRAL), token.before)
    elif len(word) > LONGEST_WORD:
        yield Item(word, Meaning(Says.UNKNOWN), token.before)
    elif is_cut_off and (meaning := _cut_off(word)):
        yield Item(word, meaning, token.before)
    elif len(word) >= SHORTEST_JOINED and (pieces := _joined(word)):
        for number, piece in enumerate(pieces):
            yield Item(piece, vocabulary()[(piece,)], "" if number else token.before)
    else:
        meaning = _takes_away(word) or _misspelt(word) or Meaning(Says.UNKNOWN)
        yield Item(word, meaning, token.before)


@cache
def _words() -> dict[str, Meaning]:
    """Return the terms that are one word of Latin letters."""
    single = ((parts[0], meaning) for parts, meaning in vocabulary().items() if len(parts) == 1)
    return {word: meaning for word, meaning in single if word.isascii() and word.isalpha()}


def _cut_off(word: str) -> Meaning | None:
    """Return what the beginning of a word means; CUT_OFF if it could be several things."""
    if len(word) < SHORTEST_CUT_OFF:
        return None
    meaning = _common(meaning for whole, meaning in _words().items() if whole.startswith(word))
    if meaning is None or meaning.says not in NAMING or len(word) >= SURE_CUT_OFF:
        return meaning
    return Meaning(Says.CUT_OFF, meaning.regions)


def _takes_away(word: str) -> Meaning | None:
    """Return what a word takes away that begins or ends so: Leberbiopsie."""
    return next(
        (
            Meaning(meaning.says)
            for part, meaning in _words().items()
            if meaning.says in TAKES_AWAY
            and len(part) >= SHORTEST_MISSPELT
            and (word.startswith(part) or word.endswith(part))
        ),
        None,
    )


def _misspelt(word: str) -> Meaning | None:
    if len(word) < SHORTEST_MISSPELT:
        return None
    return _common(
        meaning
        for right, meaning in _words().items()
        if len(right) >= SHORTEST_MISSPELT
        and right[0] == word[0]
        and _one_slip(word, right)
        and (meaning.says not in NAMING or _is_near_enough(word, right))
    )


def _is_near_enough(word: str, right: str) -> bool:
    shorter = min(len(word), len(right))
    return shorter >= SHORTEST_MISSPELT_REGION or sorted(word) == sorted(right)


def _common(meanings: Iterable[Meaning]) -> Meaning | None:
    """Return what all of the meanings say, CUT_OFF if they differ, nothing without any."""
    candidates = set(meanings)
    says = {meaning.says for meaning in candidates}
    if not candidates:
        return None
    if says <= NAMING:
        regions = frozenset.intersection(*(meaning.regions for meaning in candidates))
        return Meaning(Says.REGION if regions else Says.CUT_OFF, regions)
    if len(says) == 1:
        return Meaning(says.pop())
    return Meaning(Says.NEUTRAL if says <= HOLDING else Says.CUT_OFF)


def _one_slip(word: str, right: str) -> bool:
    """Tell whether one letter more, less, other, or two exchanged, make the one of the other."""
    if abs(len(word) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(word), len(right)) and word[start] == right[start]:
        start += 1
    rest, right_rest = word[start:], right[start:]
    if len(word) == len(right):
        swapped = rest[:2][::-1] + rest[2:]
        return rest[1:] == right_rest[1:] or swapped == right_rest
    return rest[1:] == right_rest or rest == right_rest[1:]


@cache
def _pieces() -> frozenset[str]:
    long_enough = {
        word
        for word, meaning in _words().items()
        if len(word) >= 3 and meaning.says not in _NEVER_JOINED
    }
    return frozenset(long_enough | _JOINTS | _SHORT)


@lru_cache(maxsize=1024)
def _joined(word: str) -> tuple[str, ...]:
    """Return the words that a word is joined of without a rest, the longest first; or nothing."""
    for end in range(len(word) - 1, 1, -1):
        first, rest = word[:end], word[end:]
        if first in _pieces() and (others := (rest,) if rest in _pieces() else _joined(rest)):
            return (first, *others)
    return ()
