"""Who may call: known by title and address, and noted either way."""

import pytest

from imaging.models import Heard, Peer, Service
from imaging.server.callers import MOST_REFUSED, Caller, caller_of, forget, note
from schedules.models import Scanner
from tests.integration.imaging.server.conftest import Toolkit

OWN = Caller("SURVEILLANCE", None)


def test_a_peer_is_answered_and_its_call_is_noted(dcmtk: Toolkit) -> None:
    assert dcmtk("echoscu").code == 0
    heard = Heard.objects.get()
    assert (heard.ae_title, heard.service, heard.refused) == ("CT1", "echo", False)


@pytest.mark.parametrize("change", [{"ae_title": "OTHER"}, {"address": "127.0.0.2"}])
def test_a_title_alone_lets_nobody_in_nor_an_address_alone(
    dcmtk: Toolkit, change: dict[str, str]
) -> None:
    Peer.objects.update(**change)

    said = dcmtk("echoscu")
    assert said.code != 0
    assert "Calling AE Title Not Recognized" in said.text
    assert Heard.objects.get().refused


def test_a_call_to_another_title_is_refused(dcmtk: Toolkit) -> None:
    assert "Called AE Title Not Recognized" in dcmtk("echoscu", "-aec", "OTHER").text


@pytest.mark.django_db
def test_an_address_is_the_same_in_either_notation(scanner: Scanner) -> None:
    Peer.objects.create(clinic=scanner.clinic, ae_title="CT1", address="10.0.0.7")
    caller = caller_of("CT1", "::ffff:10.0.0.7", OWN, "10.0.0.1")
    assert caller
    assert caller.clinic == scanner.clinic


@pytest.mark.django_db
def test_the_server_may_call_itself_from_its_own_machine_alone() -> None:
    assert caller_of("SURVEILLANCE", "127.0.0.1", OWN, "127.0.0.1") == OWN
    assert caller_of("SURVEILLANCE", "10.0.0.1", OWN, "10.0.0.1") == OWN
    assert caller_of("SURVEILLANCE", "10.0.0.7", OWN, "10.0.0.1") is None


@pytest.mark.django_db
def test_made_up_names_fill_no_table() -> None:
    forget()
    for n in range(MOST_REFUSED + 20):
        note(f"STRANGER{n}", Service.ECHO, refused=True)
    assert Heard.objects.count() == MOST_REFUSED
