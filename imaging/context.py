"""What the words of a text do to the words beside them.

A thoracic spine is no chest, a pelvic mass no exam of the pelvis; from neck to pelvis there is a
chest; without pelvis there is none.
"""

from collections.abc import Sequence
from dataclasses import replace

from imaging.recognition import Item
from imaging.regions import Region, filled
from imaging.terms import Meaning, Says

_OF_THE_SPINE = frozenset({Region.NECK, Region.CHEST})
_AND = frozenset({"and", "n", "or", "und", "et", "ou", "y", "e", "ed", "en"})
# Elsewhere than in English the adjective follows its noun.
_BEFORE_ITS_NOUN = frozenset({"thoracic", "abdominal", "pelvic", "cranial"})
_NEGATIONS = frozenset({"no", "not", "nicht", "kein", "keine", "pas", "pas de"})
_LETTERS_OF_REGIONS = frozenset("abpt")
_PARTS_A_LIST = ",;("
_PARTS_WORDS = _PARTS_A_LIST + "+&/)"


def in_context(items: Sequence[Item]) -> list[Item]:
    """Return the items, each with what it says beside the others."""
    told = list(items)
    _diseases(told)
    _spines(told)
    _crossed_out(told)
    told = _with_ranges(told)
    _left_out(told)
    return told


def _diseases(told: list[Item]) -> None:
    """Take what belongs to a disease from the exam: a pelvic mass, breast cancer, chest pain."""
    for at, item in enumerate(told):
        if item.meaning.says not in (Says.DISEASE, Says.COMPLAINT):
            continue
        for step in (-1, 1):
            beside = at + step
            while 0 <= beside < len(told) and told[beside].meaning.says is Says.LINK:
                beside += step
            if 0 <= beside < len(told):
                is_one_word = beside == at - 1 and not (item.before or item.words.isascii())
                disease = item.meaning.says
                told[beside] = _beside_disease(told[beside], disease, step, is_one_word)


def _beside_disease(item: Item, disease: Says, step: int, is_one_word: bool) -> Item:
    says = item.meaning.says
    if says is Says.ORGAN and disease is Says.DISEASE:
        return replace(item, meaning=Meaning(Says.NEUTRAL))
    belongs = says is Says.ADJECTIVE and (step > 0 or item.words in _BEFORE_ITS_NOUN)
    belongs = belongs or (says is Says.REGION and is_one_word)  # 腹部腫瘤
    if belongs or (says is Says.REGION and disease is Says.COMPLAINT):
        return replace(item, meaning=Meaning(Says.AMBIGUOUS, item.meaning.regions))
    return item


def _spines(told: list[Item]) -> None:
    """Give a spine the adjectives beside it, and the region of a noun right before it."""
    for at, item in enumerate(told):
        if item.meaning.says is Says.SPINE:
            for step in (-1, 1):
                _spine(told, at, step)


def _spine(told: list[Item], at: int, step: int) -> None:
    beside = at + step
    while 0 <= beside < len(told):
        item = told[beside]
        says, regions = item.meaning.says, item.meaning.regions
        may_be_spine = bool(regions) and regions <= _OF_THE_SPINE
        if may_be_spine and says in (Says.ADJECTIVE, Says.AMBIGUOUS):
            told[beside] = replace(item, meaning=Meaning(Says.SPINE))
        elif says not in (Says.SPINE, Says.LINK) and len(item.words) > 1:
            touches = beside == at - 1 and not told[at].before.strip(" _-")
            if may_be_spine and says is Says.REGION and touches:
                told[at] = replace(told[at], meaning=Meaning(Says.SPINE, regions))
            return
        beside += step


def _with_ranges(items: Sequence[Item]) -> list[Item]:
    """Join "neck to pelvis" to one item that names all that lies between."""
    told: list[Item] = []
    for item in items:
        start = _start_of_range(told, item) if item.names else None
        if start is None:
            told.append(item)
        else:
            first, *others = [*told[start:], item]
            words = first.words + "".join(one.before + one.words for one in others)
            regions = filled(first.meaning.regions | item.meaning.regions)
            told[start:] = [Item(words, Meaning(Says.REGION, regions), first.before)]
    return told


def _start_of_range(before: Sequence[Item], end: Item) -> int | None:
    """Return where the range begins that ends here, if one does."""
    at = len(before) - 1
    while at >= 0 and before[at].meaning.says is Says.LINK and before[at].words != "a":
        at -= 1
    if at < 0 or not (before[at].meaning.says is Says.RANGE or before[at].words == "a"):
        return None
    at -= 1
    while at >= 0 and before[at].meaning.says in (Says.LINK, Says.CT):
        if before[at].words in _AND:
            return None  # e a pelve: and the pelvis
        at -= 1
    return at if at >= 0 and before[at].names else None


def _crossed_out(told: list[Item]) -> None:
    """Doubt the regions that a minus may leave out: chest (-abdomen)."""
    for at, item in enumerate(told):
        if item.names and item.before.endswith((" -", "(-")):
            told[at] = replace(item, meaning=Meaning(Says.AMBIGUOUS, item.meaning.regions))


def _left_out(told: list[Item]) -> None:
    """Take back the regions that a text says were left out: without pelvis, 骨盤なし."""
    for at, item in enumerate(told):
        says = item.meaning.says
        if says is Says.PAST and _region_follows(told, at):
            told[at] = replace(item, meaning=Meaning(Says.AMBIGUOUS))  # of it, or where?
        elif says is Says.WITHOUT and _may_leave_out(told, at):
            told[at] = replace(item, meaning=Meaning(Says.AMBIGUOUS))  # abdomen not possible
        elif says is Says.TAKEN_BACK and _region_follows(told, at):
            told[at] = replace(item, meaning=Meaning(Says.AMBIGUOUS))  # which of the two?
        elif says is Says.TAKEN_BACK:
            _take_back(told, at, -1)
        elif says in (Says.WITHOUT, Says.WO) and not _region_follows(told, at):
            told[at] = replace(item, meaning=Meaning(Says.CONTRAST))
        elif says is Says.WITHOUT:
            _take_back(told, at, 1)


def _may_leave_out(items: Sequence[Item], at: int) -> bool:
    """Tell whether a word that leaves out does so with what nobody named: abdomen not possible."""
    after = items[at + 1] if at + 1 < len(items) else None
    if after and len(after.words) == 1 and after.words.isascii():
        return after.words in _LETTERS_OF_REGIONS  # CAP without P; no C is no contrast, cut off
    if items[at].words not in _NEGATIONS or _region_follows(items, at):
        return False
    return after is None or after.meaning.says not in (Says.CONTRAST, Says.CT)


def _region_follows(items: Sequence[Item], at: int) -> bool:
    for item in items[at + 1 :]:
        if any(sign in item.before for sign in _PARTS_WORDS):
            return False
        if item.meaning.says not in (Says.LINK, Says.CT) or item.words in _AND:
            return item.names
    return False


def _take_back(told: list[Item], at: int, step: int) -> None:
    beside = at + step
    while 0 <= beside < len(told):
        item = told[beside]
        if item.names:
            told[beside] = replace(item, meaning=Meaning(Says.TAKEN_BACK, item.meaning.regions))
            if step < 0 and any(sign in item.before for sign in _PARTS_A_LIST):
                return  # chest, abdomen (pelvis not done)
        elif item.meaning.says is not Says.LINK and not (step > 0 and item.meaning.says is Says.CT):
            return
        beside += step
