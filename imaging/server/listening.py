"""The server as a whole: what it understands, whom it lets in, and which part answers what."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from typing import ParamSpec, TypeVar, cast

import pydicom.config
from django.db import close_old_connections
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AllStoragePresentationContexts, _config, evt
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES
from pynetdicom.ae import ApplicationEntity
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    Verification,
)

from imaging.models import Service
from imaging.server import steps, store, worklist
from imaging.server.association import MOST_ASSOCIATIONS, Connection, Listener, Served
from imaging.server.bounds import LONGEST_PDU
from imaging.server.callers import Caller, caller_of, note
from imaging.server.tls import secured
from surveillance.audit.origin import ASKED_FROM

KNOCKS_FOR = 10  # seconds, in which whoever connects must say who they are
ANSWER_SECONDS = 30  # for which a peer may take to ask, or to end what it began
IDLE_SECONDS = 120  # after which an association on which nothing comes is ended
LEAVES_WITHIN = 5  # seconds
_SERVICES = {
    Verification: Service.ECHO,
    ModalityWorklistInformationFind: Service.FIND,
    ModalityPerformedProcedureStep: Service.STEP,
}

# What is asked names patients: it has no place in a log.
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_HANDLER_LEVEL = "none"
# Nor has a value that pydicom finds odd: each that counts is looked at here.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, and under which title."""

    host: str
    port: int
    ae_title: str


def listen(place: Place) -> Listener:
    """Start to listen, in threads, until `leave`. Port 0 is any free one.

    Raises:
        OSError: the port cannot be had.
    """
    entity = ApplicationEntity(place.ae_title)
    entity.require_called_aet = True
    entity.maximum_associations = MOST_ASSOCIATIONS
    entity.maximum_pdu_size = LONGEST_PDU
    entity.acse_timeout = KNOCKS_FOR
    entity.dimse_timeout = ANSWER_SECONDS
    entity.network_timeout = IDLE_SECONDS
    listener: Listener = entity.make_server(  # type: ignore[assignment]
        (place.host, place.port),
        contexts=_contexts(),
        evt_handlers=[
            (evt.EVT_REQUESTED, _admit),
            (evt.EVT_C_ECHO, _echo),
            (evt.EVT_C_FIND, _find),
            (evt.EVT_C_STORE, _store),
            (evt.EVT_N_CREATE, _create),
            (evt.EVT_N_SET, _set),
        ],
        server_class=Listener,
        request_handler=Connection,
    )
    listener.secured_by = secured()
    entity._servers.append(listener)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return listener


def leave(listener: Listener) -> None:
    """Take no more calls, and end those that go on. What was not answered was not taken in."""
    listener.shutdown()
    served = listener.active_associations
    for association in served:
        association.abort(block=False)
    until = time.monotonic() + LEAVES_WITHIN
    for association in served:
        for thread in (association, association.dul):
            thread.join(max(0, until - time.monotonic()))


def _contexts() -> list[PresentationContext]:
    """Every kind of image in every encoding: of what cannot be shown here the header can be read.

    What is asked and told comes unpacked: a query has no reason to be deflated.
    """
    plain = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
    contexts = [build_context(uid, [*plain]) for uid in _SERVICES]
    for context in AllStoragePresentationContexts:
        contexts.append(build_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES))
    return contexts


def with_database(answer: Callable[P, R]) -> Callable[P, R]:
    """Let each request find a connection that works: between two the database may have gone."""

    @wraps(answer)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return answer(*args, **kwargs)
        finally:
            close_old_connections()

    return answered


@with_database
def _admit(event: Event) -> None:
    """Let a known caller in. pynetdicom passes over what is raised here, so nothing must be."""
    served: Served = event.assoc  # type: ignore[assignment]
    primitive = served.requestor.primitive
    try:
        title = str(primitive.calling_ae_title).strip()  # type: ignore[union-attr]
        own = Caller(served.acceptor.ae_title, None)
        ASKED_FROM.set(
            f"{served.requestor.address}, DICOM"
        )  # of this thread, which serves no other
        served.caller = caller_of(title, served.requestor.address, own, served.own_address)
        if served.caller is None:
            first = next(iter(served.requestor.requested_contexts), None)
            note(title, _service_of(first), refused=True)
            logger.warning("Refused %s, which calls from %s.", title, served.requestor.address)
            _turn_away(served, 0x01, 0x03)  # for good: calling title not recognised
    except Exception:
        logger.exception("Who calls from %s is not known.", served.requestor.address)
        _turn_away(served, 0x02, 0x01)  # for now, without a reason


def _turn_away(served: Served, result: int, reason: int) -> None:
    served.acse.send_reject(result, 0x01, reason)
    served.kill()  # which waits until that was sent


def _service_of(context: PresentationContext | None) -> Service:
    return _SERVICES.get(context.abstract_syntax if context else Verification, Service.STORE)


def _caller(event: Event) -> Caller:
    caller: Caller | None = event.assoc.caller  # type: ignore[attr-defined]
    if caller is None:
        raise PermissionError("nobody was let in")
    return caller


@with_database
def _echo(event: Event) -> int:
    note(_caller(event).ae_title, Service.ECHO)
    return 0x0000


@with_database
def _find(event: Event) -> Iterator[tuple[int | Dataset, Dataset | None]]:
    caller = _caller(event)
    note(caller.ae_title, Service.FIND)
    answers = worklist.find(caller, event.identifier)
    return until_cancelled(event, answers)


def until_cancelled(
    event: Event, answers: Iterator[tuple[int | Dataset, Dataset | None]]
) -> Iterator[tuple[int | Dataset, Dataset | None]]:
    """Hand answers on one by one, and no more once the peer has heard enough."""
    for answer in answers:
        if event.is_cancelled:
            yield 0xFE00, None
            return
        yield answer


@with_database
def _store(event: Event) -> int | Dataset:
    caller = _caller(event)
    note(caller.ae_title, Service.STORE)
    asked = cast(C_STORE, event.request)
    return store.store(
        caller,
        cast(BytesIO, asked.DataSet),
        str(event.context.transfer_syntax),
        str(asked.AffectedSOPClassUID),
        str(asked.AffectedSOPInstanceUID),
    )


@with_database
def _create(event: Event) -> tuple[int | Dataset, Dataset | None]:
    caller = _caller(event)
    note(caller.ae_title, Service.STEP)
    try:
        uid: str | None = event.request.AffectedSOPInstanceUID  # type: ignore[union-attr]
        answer = steps.create(caller, uid, event.attribute_list)
    except steps.Failed as failed:
        return failed.said(), None
    return 0x0000, None if uid else answer


@with_database
def _set(event: Event) -> tuple[int | Dataset, Dataset | None]:
    caller = _caller(event)
    note(caller.ae_title, Service.STEP)
    try:
        uid: str | None = event.request.RequestedSOPInstanceUID  # type: ignore[union-attr]
        steps.change(caller, uid, event.modification_list)
    except steps.Failed as failed:
        return failed.said(), None
    return 0x0000, None
