"""A PlanDefinition from a file becomes a draft, which nobody follows until two people have seen
it."""

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from schedules.models import Protocol, ProtocolState
from schedules.protocol_files import load_protocols
from schedules.rules.plan import plan
from surveillance.audit.models import Event
from surveillance.fhir.resources.protocols import plan_definition
from tests.factories import ProtocolFactory

pytestmark = pytest.mark.django_db

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "plan_definition.json"


def brought(file: Path) -> str:
    said = StringIO()
    call_command("import_protocol", file, stdout=said)
    return said.getvalue()


def test_the_example_is_what_the_shipped_protocol_says() -> None:
    assert brought(EXAMPLE) == "Drafted ct-chest-abdomen-3m version 1.\n"
    assert brought(EXAMPLE) == "ct-chest-abdomen-3m version 1 says the same.\n"

    [draft] = Protocol.objects.all()
    shipped = ProtocolFactory.build()
    assert (draft.state, draft.drafted_by) == (ProtocolState.DRAFT, None)
    assert draft.obstacles == ["a clinician must complete it as a draft of their own"]
    assert draft.definition == shipped.definition
    for name in ("title", "population", "citation", "quote", "note", "suits"):
        assert getattr(draft, name) == getattr(shipped, name)
    assert Event.objects.get(act="protocol.drafted").by_name == "manage.py import_protocol"


def test_a_shipped_protocol_says_the_same_when_it_comes_back(
    tmp_path: Path,
) -> None:
    load_protocols()
    before = list(Protocol.objects.all())
    file = tmp_path / "plan.json"
    for protocol in before:
        file.write_text(json.dumps(plan_definition(protocol)), encoding="utf-8")
        if protocol.flaw and protocol.phases:  # nobody can follow them yet: they do not go out
            with pytest.raises(CommandError, match="no phases"):
                brought(file)
        else:
            assert brought(file) == f"{protocol} says the same.\n"
    assert list(Protocol.objects.all()) == before


def test_another_text_or_interval_is_the_next_version(tmp_path: Path) -> None:
    shipped = ProtocolFactory.create()
    file = tmp_path / "plan.json"
    told = plan_definition(shipped)
    told["action"][0]["timingTiming"]["repeat"]["period"] = 6
    file.write_text(json.dumps(told), encoding="utf-8")

    assert brought(file) == "Drafted ct-chest-abdomen-3m version 2.\n"
    draft = Protocol.objects.get(version=2)
    assert len(plan(draft.definition, date(2026, 1, 15))) == 10
    shipped.refresh_from_db()
    assert shipped.state == ProtocolState.ACTIVE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no JSON"),
        ("[1]", "This is no PlanDefinition."),
        ('{"resourceType": "PlanDefinition", "status": "draft"}', "no phases"),
        ("\ufeff{", "is no JSON"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(CommandError, match=why):
        brought(file)
    with pytest.raises(CommandError, match="cannot be read"):
        brought(tmp_path / "nothing.json")
    assert not Protocol.objects.exists()
