"""A protocol as a PlanDefinition, and back: the same slots, and every word of its source."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.models import Protocol
from schedules.protocol_files import read_protocols
from schedules.rules.plan import plan
from schedules.rules.protocol import Definition, Exam, Phase, ProtocolError, Unit
from schedules.rules.suitability import Suits
from surveillance.accounts.models import User
from surveillance.fhir.plan_definitions import definition_of, protocol_of
from surveillance.fhir.resources.protocols import code_and_version, id_of, plan_definition
from surveillance.fhir.resources.told import UCUM, Json, as_text, checked
from tests.unit.schedules.rules.strategies import ANCHORS, DEFINITIONS, core

SHIPPED = {data["code"]: data for data in read_protocols()}
ANCHOR = date(2023, 11, 30)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)


def as_data(definition: Definition) -> list[Json]:
    """The phases as a protocol file holds them."""
    return [
        {
            "after_month": phase.after_month,
            "up_to_month": phase.up_to_month,
            f"every_{phase.unit}": phase.every,
            f"opens_{phase.unit}_before": phase.opens_before,
            "late_after_days": phase.late_after_days,
            "exams": [
                {
                    "modality": exam.modality,
                    "regions": list(exam.regions),
                    "contrast": exam.contrast.value,
                }
                for exam in phase.exams
            ],
        }
        for phase in definition.phases
    ]


def sent(protocol: Protocol) -> Json:
    """What whoever asks for it receives: checked, as text."""
    received: Json = json.loads(as_text(checked(plan_definition(protocol))))
    return received


@core
@given(definition=DEFINITIONS, anchor=ANCHORS)
def test_a_protocol_that_went_out_and_came_back_gives_the_same_slots(
    definition: Definition, anchor: date
) -> None:
    protocol = Protocol(code="made-up", version=3, state="active", phases=as_data(definition))

    came_back = definition_of(sent(protocol))

    assert came_back == definition
    assert plan(came_back, anchor) == plan(definition, anchor)


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_protocol_comes_back_whole(code: str) -> None:
    shipped = SHIPPED[code]
    protocol = Protocol(**shipped)

    came_back = protocol_of(sent(protocol))

    texts = ("code", "title", "population", "citation", "quote", "note", "missing")
    assert {name: came_back[name] for name in texts} == {
        name: shipped.get(name, "").strip() and shipped.get(name, "") for name in texts
    }
    assert came_back["suits"] == {k: v for k, v in shipped.get("suits", {}).items() if v}
    if protocol.flaw:
        assert came_back["phases"] == []
    else:
        assert plan(Definition.from_data(came_back), ANCHOR) == plan(protocol.definition, ANCHOR)


@given(
    told=st.fixed_dictionaries(
        dict.fromkeys(("title", "population", "citation", "quote", "note", "missing"), WORDS)
    )
)
def test_no_word_of_the_source_is_lost(told: dict[str, str]) -> None:
    protocol = Protocol(code="made-up", version=1, state="draft", phases=[], **told)

    came_back = protocol_of(sent(protocol))

    assert {name: came_back[name] for name in told} == {
        name: text if text.strip() else "" for name, text in told.items()
    }


def test_who_drafted_and_who_signed_is_said() -> None:
    protocol = Protocol(
        **SHIPPED["ct-chest-abdomen-3m"],
        drafted_by=User(username="ogawa"),
        signed_by=User(username="mori"),
        signed_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )

    plan_of_it = sent(protocol)

    assert [one["name"] for one in plan_of_it["author"]] == ["ogawa"]
    assert [one["name"] for one in plan_of_it["endorser"]] == ["mori"]
    assert plan_of_it["approvalDate"] == "2026-03-01"


@given(code=st.from_regex(r"[a-zA-Z0-9_-]{1,60}", fullmatch=True), version=st.integers(0, 9999))
def test_an_id_names_one_version(code: str, version: int) -> None:
    public_id = id_of(Protocol(code=code, version=version))

    assert code_and_version(public_id) == (code, version)
    assert len(public_id) <= 64 or len(code) + len(str(version)) > 63


def without(*path: str | int) -> Json:
    """A plan that lacks what stands at a path."""
    whole = deepcopy(sent(Protocol(**SHIPPED["ct-chest-abdomen-3m"])))
    inner: Any = whole
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return whole


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ([], "This is no PlanDefinition."),
        ({"resourceType": "Patient"}, "This is no PlanDefinition."),
        ({"resourceType": "PlanDefinition"}, "status: "),
        ({"resourceType": "PlanDefinition", "status": "draft", "action": 3}, "action: "),
        (without("action"), "no phases"),
        (without("action", 0, "timingTiming"), "phase 1: timingTiming is missing"),
        (without("action", 0, "extension"), "phase 1: valueDuration is missing"),
        (without("action", 0, "action"), "phase 1: action is missing"),
        (without("contained"), "phase 1: code is missing"),
        (without("contained", 0, "bodySite"), "phase 1: bodySite is missing"),
    ],
)
def test_what_says_no_schedule_is_refused_with_the_place(plan: Any, why: str) -> None:
    with pytest.raises(ProtocolError, match=f"^{why}"):
        definition_of(plan)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"periodUnit": "d"}, "phase 1: it is not once in so many months or weeks"),
        ({"frequency": 2}, "phase 1: it is not once in so many months or weeks"),
        ({"period": 2.5}, "phase 1: every is not a whole number"),
        ({"periodUnit": "wk"}, "phase 1: mo where wk is meant"),
    ],
)
def test_a_timing_that_is_none_of_ours_is_not_guessed(changes: Json, why: str) -> None:
    plan = sent(Protocol(**SHIPPED["ct-chest-abdomen-3m"]))
    plan["action"][0]["timingTiming"]["repeat"] |= changes

    with pytest.raises(ProtocolError, match=f"^{why}"):
        definition_of(plan)


def test_an_exam_in_weeks_and_months_is_said_in_the_words_of_fhir() -> None:
    chest = Exam("CT", ("chest", "abdomen"))
    definition = Definition((Phase(0, 24, 3, 1, Unit.MONTHS, 14, (chest,)),))

    plan = sent(Protocol(code="x", version=1, state="active", phases=as_data(definition)))

    assert plan["action"][0]["timingTiming"]["repeat"] == {
        "boundsRange": {
            "low": {"value": 0, "unit": "months", "system": UCUM, "code": "mo"},
            "high": {"value": 24, "unit": "months", "system": UCUM, "code": "mo"},
        },
        "frequency": 1,
        "period": 3,
        "periodUnit": "mo",
    }
    [exam] = plan["contained"]
    snomed = [one["code"] for site in exam["bodySite"] for one in site["coding"][:1]]
    assert snomed == ["816094009", "818981001"]


def places(told: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path to all that stands in a plan."""
    if path:
        yield path
    if isinstance(told, dict | list):
        steps = told.items() if isinstance(told, dict) else enumerate(told)
        for step, inner in steps:
            yield from places(inner, (*path, step))


WHOLE = sent(Protocol(**SHIPPED["ct-chest-abdomen-3m"]))
UNKNOWN = {"resourceType": "Nonsense"}
ODD: list[Any] = [
    *(None, True, 0, -1, 3, 2.5, 10**30, "", " ", "x", "\0", "\ud800", "C", "mo"),
    *([], {}, [[]], [{}], [1], [None], UNKNOWN, [UNKNOWN], {"coding": 1}, {"code": "mo"}),
]


@settings(max_examples=400 if os.environ.get("CI") else 300)
@given(path=st.sampled_from(sorted(places(WHOLE), key=str)), odd=st.sampled_from(ODD))
def test_whatever_stands_in_a_plan_it_is_read_or_refused(
    path: tuple[str | int, ...], odd: object
) -> None:
    plan = deepcopy(WHOLE)
    inner: Any = plan
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd

    with suppress(ProtocolError):
        read = protocol_of(plan)
        Suits.from_data(read["suits"])
        Definition.from_data(read)
        assert all(type(read[name]) is str for name in read.keys() - {"suits", "phases"})
        assert "\0" not in str(read)
        str(read).encode()
