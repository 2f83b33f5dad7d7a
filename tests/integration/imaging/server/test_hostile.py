"""Whatever bytes a known peer sends: it is answered or cut off, and all others are served."""

import logging
import random
import resource
import socket
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.events import Event
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    Verification,
)

from imaging.intake import take_in
from imaging.models import Instance, Received
from imaging.server import bounds, store
from imaging.server.association import MOST_ASSOCIATIONS, Listener
from schedules.models import Scanner
from tests.dicom import made_ct
from tests.integration.imaging.server.conftest import TITLE, Toolkit
from tests.integration.imaging.server.test_steps import beginning
from tests.integration.imaging.server.test_worklist import booked, query

WAITS = 0.3  # seconds for an answer
PEERS = 20  # at once; fewer than the server takes


def megabytes() -> float:
    with open("/proc/self/statm") as said:
        return int(said.read().split()[1]) * resource.getpagesize() / 1e6


def conversation(port: int, scanner: Scanner) -> list[bytes]:
    """What a peer sends that does everything once: each PDU as it went over the line."""
    sent: list[bytes] = []

    def keep(event: Event) -> None:
        sent.append(event.data)

    entity = ApplicationEntity("CT1")
    for context in (
        Verification,
        ModalityWorklistInformationFind,
        ModalityPerformedProcedureStep,
        CTImageStorage,
    ):
        entity.add_requested_context(context)
    peer = entity.associate(
        "127.0.0.1", port, ae_title=TITLE, evt_handlers=[(evt.EVT_DATA_SENT, keep)]
    )
    assert peer.is_established
    peer.send_c_echo()
    assert list(peer.send_c_find(query(PatientName="*"), ModalityWorklistInformationFind))
    peer.send_n_create(beginning(booked(scanner)), ModalityPerformedProcedureStep, "1.2.3")
    ended = Dataset()
    ended.PerformedProcedureStepStatus = "COMPLETED"
    peer.send_n_set(ended, ModalityPerformedProcedureStep, "1.2.3")
    [ct] = made_ct(slices=1)
    assert peer.send_c_store(ct).Status == 0
    peer.release()
    return sent


def mutated(pdus: list[bytes], chance: random.Random) -> Iterator[tuple[bytes, bool]]:
    """The same, with something wrong in one or two of them; say of each whether it is broken."""
    wrong = set(chance.sample(range(len(pdus)), chance.choice((1, 1, 2))))
    for place, pdu in enumerate(pdus):
        if place not in wrong:
            yield pdu, False
            continue
        broken = bytearray(pdu)
        match chance.randrange(6):
            case 0:
                for _ in range(chance.choice((1, 3, 20))):
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
            case 1:  # another length
                broken[2:6] = struct.pack(">L", chance.choice((0, 1, 5, 2**20, 2**32 - 1)))
            case 2:
                del broken[chance.randrange(len(broken)) :]
            case 3:
                at = chance.randrange(len(broken))
                broken[at:at] = chance.randbytes(chance.randrange(1, 300))
            case 4:  # twice, or not at all
                broken *= chance.choice((0, 2))
            case _:  # the length of something inside
                at = chance.randrange(max(1, len(broken) - 4))
                broken[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\xff\xff")
                )
        yield bytes(broken), bytes(broken) != pdu


def send(port: int, pdus: Iterable[tuple[bytes, bool]]) -> int:
    """Send them one after the other, each once there was an answer, or time for one.

    Returns how many broken ones were sent: after one, the rest is often not heard any more.
    """
    broken = 0
    with socket.create_connection(("127.0.0.1", port), 5) as peer, suppress(OSError):
        for pdu, is_broken in pdus:
            peer.sendall(pdu)
            broken += is_broken
            peer.settimeout(WAITS)
            if not peer.recv(65_536):
                break
    return broken


@pytest.fixture
def _unheard() -> Iterator[None]:
    """Nothing of what is logged is kept by the test run: that would be memory, too."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_unheard")
@pytest.mark.parametrize("many", [100, pytest.param(2_000, marks=pytest.mark.long)])
def test_mutated_messages_bring_nobody_down(
    many: int, listener: Listener, dcmtk: Toolkit, scanner: Scanner
) -> None:
    """So many that are broken are sent, among others that are not."""
    pdus = conversation(dcmtk.port, scanner)
    chance = random.Random(6)

    def attack(broken: int) -> None:
        with ThreadPoolExecutor(PEERS) as peers:
            while broken > 0:
                some = [list(mutated(pdus, chance)) for _ in range(10 * PEERS)]
                broken -= sum(peers.map(lambda one: send(dcmtk.port, one), some))

    attack(many // 4)  # until what is kept for good is there
    assert dcmtk("echoscu").code == 0
    before = megabytes()
    attack(many - many // 4)
    assert dcmtk("echoscu").code == 0
    assert megabytes() - before < 20
    until = monotonic() + 40
    while listener.active_associations:
        assert monotonic() < until, "some are served that have gone"


def test_a_length_that_nobody_may_have_is_not_waited_for(
    listener: Listener, dcmtk: Toolkit
) -> None:
    before = megabytes()
    for kind in (1, 4):
        with socket.create_connection(("127.0.0.1", dcmtk.port), 5) as peer:
            peer.sendall(struct.pack(">BBL", kind, 0, 2**32 - 1) + bytes(1000))
            peer.settimeout(5)
            with suppress(ConnectionError):
                while peer.recv(4096):
                    pass
    assert megabytes() - before < 20


def test_who_breaks_the_line_leaves_no_socket_open(
    listener: Listener, dcmtk: Toolkit, scanner: Scanner
) -> None:
    """Python would warn of one, and the warning fail this test."""
    at_once = struct.pack("ii", 1, 0)  # to linger for no second: the server is told of a reset
    asks_for_association, *_ = conversation(dcmtk.port, scanner)
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", dcmtk.port), 5) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            peer.sendall(asks_for_association)
            assert peer.recv(65_536)
            peer.sendall(b"\x07\0\0\0\0\4\0\0\0\0")  # an abort
    assert dcmtk("echoscu").code == 0
    until = monotonic() + 40
    while listener.active_associations:
        assert monotonic() < until, "some are served that have gone"


def test_who_says_nothing_leaves_room_for_others(listener: Listener, dcmtk: Toolkit) -> None:
    silent = [socket.create_connection(("127.0.0.1", dcmtk.port), 5) for _ in range(10)]
    try:
        assert dcmtk("echoscu").code == 0
    finally:
        for one in silent:
            one.close()


def test_one_peer_too_many_is_told_to_come_again(listener: Listener, dcmtk: Toolkit) -> None:
    entity = ApplicationEntity("CT1")
    entity.add_requested_context(Verification)
    held = []
    try:
        for _ in range(MOST_ASSOCIATIONS):
            held.append(entity.associate("127.0.0.1", dcmtk.port, ae_title=TITLE))
        assert all(one.is_established for one in held)
        assert "Local Limit Exceeded" in dcmtk("echoscu").text
    finally:
        for one in held:
            one.release()
    assert dcmtk("echoscu").code == 0


@pytest.mark.parametrize("raised", [ValueError("broken"), RecursionError()])
def test_what_goes_wrong_here_is_a_failure_of_that_one(
    dcmtk: Toolkit,
    scanner: Scanner,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
) -> None:
    wrong = [raised]

    def once(**given: object) -> object:
        if wrong:
            raise wrong.pop()
        return take_in(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "take_in", once)
    entity = ApplicationEntity("CT1")
    entity.add_requested_context(CTImageStorage)
    peer = entity.associate("127.0.0.1", dcmtk.port, ae_title=TITLE)
    first, second = made_ct(slices=2)
    assert peer.send_c_store(first).Status == 0xC211
    assert not Received.objects.exists()
    assert peer.send_c_store(second).Status == 0x0000
    assert Instance.objects.count() == 1
    peer.release()


def test_no_more_of_a_message_is_kept_than_its_beginning() -> None:
    assert bounds.KEPT * MOST_ASSOCIATIONS < 128e6
