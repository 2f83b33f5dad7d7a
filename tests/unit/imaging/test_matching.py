"""Whose a study is: never anybody's against whom one key speaks."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.headers.header import Identity, Order
from imaging.matching import (
    Clash,
    Difference,
    Found,
    Key,
    Match,
    Ordered,
    Person,
    Said,
    Way,
    against,
    matched,
)

ISSUER = "HOSPITAL"
ANNA = Person(1, "77", ISSUER, "Sato", "Anna", date(1960, 5, 17), "female")
BEA = Person(2, "78", ISSUER, "Mori", "Bea", date(1971, 1, 2), "female")
SAYS_ANNA = Identity("77", ISSUER, "SATO^ANNA", date(1960, 5, 17), "F")
ORDERED = Ordered(ANNA, "2.25.1", "SV1")


def said(*identities: Identity, uid: str = "1.2.3", orders: tuple[Order, ...] = ()) -> Said:
    return Said(uid, frozenset(identities), frozenset(orders))


def found(*people: Person, orders: tuple[Ordered, ...] = ()) -> Found:
    return Found(ISSUER, people, orders)


@pytest.mark.parametrize(
    ("what", "way"),
    [
        (said(SAYS_ANNA, uid="2.25.1"), Way.ORDER),
        (said(SAYS_ANNA, uid="2.25.1", orders=(Order("SV1"),)), Way.ORDER),
        (said(SAYS_ANNA, orders=(Order("SV1", ISSUER),)), Way.ACCESSION),
        (said(SAYS_ANNA, orders=(Order("OTHER-9", "RIS"),)), Way.PATIENT),
        (said(replace(SAYS_ANNA, issuer="")), Way.PATIENT),
        (said(replace(SAYS_ANNA, name="")), Way.PATIENT),
        (said(replace(SAYS_ANNA, birth_date=None)), Way.PATIENT),
        # A number alone may be mistyped, and a name is borne by many.
        (said(Identity("77", ISSUER)), None),
        (said(replace(SAYS_ANNA, patient_id="")), None),
        (said(replace(SAYS_ANNA, patient_id=""), uid="2.25.1"), Way.ORDER),
        (said(Identity(), uid="2.25.1", orders=(Order("SV1"),)), None),
        (said(Identity("*", ISSUER, "*", None, ""), orders=(Order("SV?"),)), None),
    ],
)
def test_the_ways_from_the_surest(what: Said, way: Way | None) -> None:
    match = matched(what, found(ANNA, orders=(ORDERED,)))

    assert match.way == way
    assert match.person == (ANNA.key if way else None)
    assert not match.is_flagged


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"patient_id": "770"}, Key.PATIENT_ID),
        ({"issuer": "ELSEWHERE"}, Key.ISSUER),
        ({"name": "SATO^ANNE"}, Key.NAME),
        ({"name": "MORI^ANNA"}, Key.NAME),
        ({"birth_date": date(1960, 5, 18)}, Key.BIRTH_DATE),
        ({"sex": "M"}, Key.SEX),
    ],
)
def test_one_key_that_differs_is_enough_against_it(change: dict[str, object], key: Key) -> None:
    other = replace(SAYS_ANNA, **change)  # type: ignore[arg-type]
    match = matched(said(other, uid="2.25.1"), found(orders=(ORDERED,)))

    assert (match.way, match.person) == (None, None)
    assert {one.key for one in match.differences} == {key}
    beside = matched(said(SAYS_ANNA, other, uid="2.25.1"), found(ANNA, orders=(ORDERED,)))
    assert beside.way is None
    assert Clash.HEADERS in beside.clashes


def test_an_order_of_one_and_the_number_of_another_are_two_people() -> None:
    match = matched(
        said(Identity("78", ISSUER), orders=(Order("SV1"),)), found(BEA, orders=(ORDERED,))
    )

    assert (match.way, match.suspects) == (None, (1, 2))
    assert Clash.PEOPLE in match.clashes
    assert Difference(Key.PATIENT_ID, "78", "77") in match.differences


def test_orders_of_two_people_are_nobodys() -> None:
    orders = (ORDERED, Ordered(BEA, "2.25.2", "SV2"))
    two = said(Identity(), orders=(Order("SV1"), Order("SV2")))

    assert Clash.PEOPLE in matched(two, found(orders=orders)).clashes


def test_the_number_of_an_order_that_somebody_else_gave_out_is_not_ours() -> None:
    match = matched(said(SAYS_ANNA, orders=(Order("SV1", "RIS"),)), found(ANNA, orders=(ORDERED,)))

    assert (match.way, match.clashes) == (None, (Clash.ORDER_ISSUER,))


@pytest.mark.parametrize(
    ("family", "given_name", "name", "same"),
    [
        ("Sato", "Anna", "SATO^ANNA", True),
        ("Satō", "Anna Maria", "Sato^Anna^Maria", True),
        ("Satō", "Anna", "Sato^Anna^Maria^Dr", True),
        ("O’Brien", "Mary-Jane", "OBRIEN^MARY JANE", True),
        ("Ødegård", "Åse", "Odegard^Ase", True),
        ("Weiß", "Jörg", "WEISS^JORG", True),
        ("Sato", "Anna", "Sato Anna", True),
        ("Sato", "Anna", "ANNA SATO", True),
        ("Sato", "Anna", "Sato", None),
        ("Sato", "Anna", "Satou^Anna", False),
        ("Sato", "Anna", "Anna^Sato", False),
        ("Sato", "Anna", "Schmidt^Anna", False),
        ("佐藤", "杏奈", "SATO^ANNA", None),
        ("佐藤", "杏奈", "SATO^ANNA=佐藤^杏奈=サトウ^アンナ", True),
        ("佐藤", "杏奈", "SATO^ANNA=佐藤^杏子", False),
        ("佐藤", "杏奈", "SATO^ANNA=加藤^杏奈", False),
        ("佐藤", "さくら", "SATO^SAKURA=佐藤^桜=さとう^サクラ", True),
        ("サトウ", "アンナ", "SATO^ANNA=佐藤^杏奈=ｻﾄｳ^ｱﾝﾅ", True),
        ("サトウ", "アンナ", "==さどう^あんな", False),
        ("佐々木", "杏奈", "=佐々木^杏奈", True),
        ("김", "희중", "Hong^Gildong=洪^吉洞=홍^길동", False),
        ("Sato", "Anna", "^^^", None),
    ],
)
def test_names_are_compared_where_they_are_in_one_script(
    family: str, given_name: str, name: str, same: bool | None
) -> None:
    person = replace(ANNA, family_name=family, given_name=given_name)
    compared = against(person, [Identity(name=name)], ISSUER)

    assert (Key.NAME in compared.agrees) is (same is True)
    assert bool(compared.differences) is (same is False)


texts = st.sampled_from(["", "77", "78", "*", "7?"])
names = st.sampled_from(["", "SATO^ANNA", "MORI^BEA", "佐藤^杏奈", "SATO^ANNA=佐藤^杏奈", "*"])
days = st.sampled_from([None, ANNA.birth_date, BEA.birth_date])
identities = st.builds(
    Identity,
    texts,
    st.sampled_from(["", ISSUER, "ELSEWHERE"]),
    names,
    days,
    st.sampled_from(["", "F", "M", "O"]),
)
people = st.sets(st.sampled_from([ANNA, BEA, replace(ANNA, key=3, issuer="ELSEWHERE")]))
numbers = st.builds(
    Order, st.sampled_from(["SV1", "SV2", "*"]), st.sampled_from(["", ISSUER, "RIS"])
)
ordered = st.sets(
    st.sampled_from([ORDERED, Ordered(BEA, "2.25.2", "SV2"), Ordered(BEA, "2.25.3", "SV?")])
)
saids = st.builds(
    Said,
    st.sampled_from(["2.25.1", "2.25.2", "1.2.3"]),
    st.frozensets(identities, min_size=1, max_size=3),
    st.frozensets(numbers, max_size=2),
)


@given(saids, people, ordered)
def test_whoever_it_is_given_to_agrees_with_every_header(
    what: Said, some: set[Person], orders: set[Ordered]
) -> None:
    match = matched(what, Found(ISSUER, tuple(some), tuple(orders)))

    everybody = {p.key: p for p in [*some, *(one.person for one in orders)]}
    if match.person is None:
        assert match.way is None
        return
    person = everybody[match.person]
    for identity in what.identities:
        assert identity.patient_id in ("", person.patient_id)
        assert identity.issuer in ("", person.issuer)
        assert identity.birth_date in (None, person.birth_date)
        assert identity.sex != "M"
    assert match.agrees & {Key.PATIENT_ID, Key.BIRTH_DATE}
    assert not match.is_flagged
    assert match.suspects == (match.person,)


@given(saids, people, ordered, identities, st.sampled_from(list(Key)))
def test_a_header_that_names_somebody_else_in_anything_takes_every_match_away(
    what: Said, some: set[Person], orders: set[Ordered], one: Identity, key: Key
) -> None:
    match = matched(what, Found(ISSUER, tuple(some), tuple(orders)))
    other = {
        Key.PATIENT_ID: replace(one, patient_id="nobody’s"),
        Key.ISSUER: replace(one, issuer="nobody"),
        Key.NAME: replace(one, name="Somebody^Else=他^人"),
        Key.BIRTH_DATE: replace(one, birth_date=date(1900, 1, 1)),
        Key.SEX: replace(one, sex="M"),
    }[key]
    more = replace(what, identities=what.identities | {other})

    if match.person is not None:
        worse = matched(more, Found(ISSUER, tuple(some), tuple(orders)))
        assert (worse.way, worse.person) == (None, None)
        assert key in {difference.key for difference in worse.differences}


@given(
    saids, st.permutations([ANNA, BEA]), st.permutations([ORDERED, Ordered(BEA, "2.25.2", "SV2")])
)
def test_the_order_of_what_was_found_changes_nothing(
    what: Said, some: list[Person], orders: list[Ordered]
) -> None:
    def answer(reverse: bool) -> Match:
        step = -1 if reverse else 1
        return matched(what, Found(ISSUER, tuple(some[::step]), tuple(orders[::step])))

    assert answer(reverse=False) == answer(reverse=True)
