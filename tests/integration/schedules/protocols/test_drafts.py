"""A version is drafted by one person and signed by another."""

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from schedules.actions import activate_protocol, draft_protocol
from schedules.models import Protocol, ProtocolState
from schedules.protocol_files import load_protocols
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import PROTOCOL, ProtocolFactory, UserFactory, morning
from tests.integration.schedules.protocols.versions import phase
from tests.threads import at_once

pytestmark = pytest.mark.django_db


# Drafting.


def test_a_draft_begins_with_what_its_base_says(shipped: Protocol, author: User) -> None:
    draft = draft_protocol(based_on=shipped, by=author, title="Another", missing="a page number")

    stored = Protocol.objects.get(version=2)
    assert stored == draft
    assert (stored.state, stored.drafted_by, stored.signed_by) == (
        ProtocolState.DRAFT,
        author,
        None,
    )
    assert (stored.title, stored.missing) == ("Another", "a page number")
    for field in ("code", "population", "citation", "quote", "note", "suits", "phases"):
        assert getattr(stored, field) == getattr(shipped, field)


def test_a_draft_and_its_signature_are_in_the_audit(
    shipped: Protocol, author: User, signer: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)
    activate_protocol(protocol=draft, by=signer)

    assert list(Event.objects.order_by("pk").values_list("act", "by_name", "detail")) == [
        (
            "protocol.drafted",
            "Ada Author",
            {"protocol": PROTOCOL, "version": 2, "based_on": 1},
        ),
        ("protocol.activated", "Sigrid Signer", {"protocol": PROTOCOL, "version": 2}),
    ]


def test_a_draft_can_be_made_for_no_tumour_in_particular(shipped: Protocol, author: User) -> None:
    assert draft_protocol(based_on=shipped, by=author, suits={}).suits == {}


@pytest.mark.parametrize(
    ("told", "field", "message"),
    [
        ({"phases": []}, "phases", "no phases"),
        ({"phases": [phase(every_months=0)]}, "phases", "phase after month 0: the interval"),
        (
            {"phases": [phase(up_to_month=36), phase(after_month=48)]},
            "phases",
            "phase after month 48: the phase before it ends at month 36",
        ),
        ({"suits": {"age": [60]}}, "suits", "unknown age"),
        ({"citation": ""}, "citation", "blank"),
        ({"quote": ""}, "quote", "blank"),
        ({"title": "x" * 201}, "title", "200"),
    ],
)
def test_a_bad_draft_is_refused_with_the_place_named(
    shipped: Protocol, author: User, told: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        draft_protocol(based_on=shipped, by=author, **told)

    assert list(refused.value.message_dict) == [field]
    assert Protocol.objects.get() == shipped


@pytest.mark.django_db(transaction=True)
def test_of_several_who_draft_at_once_each_has_a_version() -> None:
    shipped = ProtocolFactory.create()
    authors = UserFactory.create_batch(4)

    outcomes = at_once([partial(draft_protocol, based_on=shipped, by=by) for by in authors])

    assert sorted(str(outcome) for outcome in outcomes) == [
        f"{PROTOCOL} version {version}" for version in (2, 3, 4, 5)
    ]


# Signing.


def test_a_second_person_signs_and_the_version_before_is_retired(
    shipped: Protocol, author: User, signer: User
) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    activate_protocol(protocol=draft, by=signer, at=morning(3, 20))

    draft.refresh_from_db()
    shipped.refresh_from_db()
    assert (draft.state, draft.signed_by, draft.signed_at) == (
        ProtocolState.ACTIVE,
        signer,
        morning(3, 20),
    )
    assert shipped.state == ProtocolState.RETIRED


def test_the_author_cannot_sign(shipped: Protocol, author: User) -> None:
    draft = draft_protocol(based_on=shipped, by=author)

    with pytest.raises(ValidationError, match="a second person must sign: you wrote this draft"):
        activate_protocol(protocol=draft, by=author)

    draft.refresh_from_db()
    assert (draft.state, draft.signed_by) == (ProtocolState.DRAFT, None)


@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        ({"drafted_by": None}, "a clinician must complete it as a draft of their own"),
        ({"missing": "the end"}, "still missing: the end"),
        ({"citation": ""}, "no citation"),
        ({"phases": []}, "no phases"),
        ({"phases": [phase(exams=[])]}, "phase after month 0: no exams"),
        (
            {"phases": [phase(exams=[{"modality": "", "regions": ["chest"]}])]},
            "phase 1, exam without a modality",
        ),
    ],
)
def test_each_obstacle_is_named_and_keeps_a_draft_from_being_signed(
    author: User, signer: User, lacks: dict[str, Any], why: str
) -> None:
    draft = ProtocolFactory.create(**{"state": ProtocolState.DRAFT, "drafted_by": author} | lacks)

    with pytest.raises(ValidationError) as refused:
        activate_protocol(protocol=draft, by=signer)

    assert refused.value.messages == [f"It cannot be signed: {why}."]
    draft.refresh_from_db()
    assert draft.state == ProtocolState.DRAFT


def test_all_that_ships_but_one_is_a_draft_that_nobody_can_sign(signer: User) -> None:
    loaded = load_protocols()

    active = [protocol.code for protocol in loaded if protocol.state == ProtocolState.ACTIVE]
    drafts = [protocol for protocol in loaded if protocol.state == ProtocolState.DRAFT]
    assert active == [PROTOCOL]
    assert len(drafts) == len(loaded) - 1 > 0
    for draft in drafts:
        assert draft.note
        with pytest.raises(ValidationError, match="a clinician must complete it"):
            activate_protocol(protocol=draft, by=signer)


def test_a_shipped_draft_that_a_clinician_has_completed_can_be_signed(
    author: User, signer: User
) -> None:
    load_protocols()
    incomplete = Protocol.objects.get(code="esmo-sts-low")
    assert incomplete.flaw

    completed = draft_protocol(based_on=incomplete, by=author, missing="", phases=[phase()])
    activate_protocol(protocol=completed, by=signer)

    completed.refresh_from_db()
    assert completed.state == ProtocolState.ACTIVE


@pytest.mark.parametrize("state", [ProtocolState.ACTIVE, ProtocolState.RETIRED])
def test_only_a_draft_can_be_signed(signer: User, state: ProtocolState) -> None:
    protocol = ProtocolFactory.create(state=state)

    with pytest.raises(ValidationError, match=f"version 1 is {state} already"):
        activate_protocol(protocol=protocol, by=signer)


def test_a_draft_older_than_the_active_version_cannot_be_signed(
    shipped: Protocol, author: User, signer: User
) -> None:
    older, newer = (draft_protocol(based_on=shipped, by=author) for _ in range(2))
    activate_protocol(protocol=newer, by=signer)

    with pytest.raises(ValidationError, match="version 3 is newer and active: draft from that"):
        activate_protocol(protocol=older, by=signer)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_sign_a_draft_at_once_one_is_told_that_it_is_active() -> None:
    draft = draft_protocol(based_on=ProtocolFactory.create(), by=UserFactory.create())
    signers = UserFactory.create_batch(2)

    outcomes = at_once([partial(activate_protocol, protocol=draft, by=by) for by in signers])

    [refusal] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refusal, ValidationError)
    assert refusal.messages == [f"{PROTOCOL} version 2 is active already."]
    assert Protocol.objects.get(state=ProtocolState.ACTIVE).signed_by in signers
    assert Event.objects.filter(act="protocol.activated").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_drafts_that_are_signed_at_once_the_newer_is_active() -> None:
    shipped, author = ProtocolFactory.create(), UserFactory.create()
    drafts = [draft_protocol(based_on=shipped, by=author) for _ in range(2)]

    outcomes = at_once(
        [partial(activate_protocol, protocol=draft, by=UserFactory.create()) for draft in drafts]
    )

    assert Protocol.objects.get(state=ProtocolState.ACTIVE) == drafts[1]
    assert outcomes[1] is None
    assert outcomes[0] is None or "version 3 is newer and active" in str(outcomes[0])
