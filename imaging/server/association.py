"""One connection of a peer, from its first byte to its last."""

import logging
import socket
import ssl
import sys
import threading
import time
from datetime import datetime
from typing import Any, cast

from django.db import connections
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from imaging.server.bounds import PDU_SECONDS, BoundedMessages, BoundedSocket
from imaging.server.callers import Caller

MOST_ASSOCIATIONS = 24  # at once; a peer that is one too many is told to come again
MOST_CONNECTIONS = 2 * MOST_ASSOCIATIONS  # of those that have not said yet who they are, too

_IDLE = "Sta1"  # of the state machine, PS3.8, 9.2.1: before a connection, and after it
_LOOKS_EVERY = 0.05  # seconds

logger = logging.getLogger(__name__)


class Reader(DULServiceProvider):
    """The thread that reads an association. It leaves no connection to the database behind."""

    def __init__(self, assoc: Association) -> None:
        super().__init__(assoc)
        self.daemon = True
        self._run_loop_delay = 0.0  # its socket waits, and wakes when something comes

    def receive_pdu(self, wait: bool = False, timeout: float | None = None) -> Any:
        """As pynetdicom's, but whoever has hung up meanwhile is not waited for."""
        until, began = time.monotonic() + (timeout or 0), False
        while True:
            primitive = super().receive_pdu(wait, _LOOKS_EVERY if wait else None)
            state = self.state_machine.current_state
            began = began or state != _IDLE
            has_gone = not self.is_alive() or (began and state == _IDLE)
            if primitive is not None or not wait or has_gone or time.monotonic() > until:
                return primitive

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        except Exception as error:
            logger.warning("An association broke: %s", error)
            self.assoc._kill = True
        finally:
            connections.close_all()


class Served(Association):
    """An association that a peer opened, and whose peer is known once it was let in."""

    caller: Caller | None = None
    own_address = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dul, self.dimse = Reader(self), BoundedMessages(self)

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            connections.close_all()

    def _abort_blocking(self, block: bool = True) -> None:
        # The thread that reads would wait here for itself.
        super()._abort_blocking(block and threading.current_thread() is not self.dul)


class Connection(RequestHandler):
    """What becomes of a connection: it is secured, if that is asked for, and then served."""

    server: "Listener"

    def setup(self) -> None:
        connection = cast(socket.socket, self.request)
        connection.settimeout(PDU_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.secured_by:
            # Not where connections are accepted: whoever says nothing would hold up all others.
            self.request = self.server.secured_by.wrap_socket(connection, server_side=True)

    def _create_association(self) -> Served:
        served = Served(self.ae, MODE_ACCEPTOR)
        served._server = self.server
        served.name = f"{self.client_address[0]} at {datetime.now():%H:%M:%S}"  # noqa: DTZ005
        served.own_address = str(cast(socket.socket, self.request).getsockname()[0])
        served.set_socket(BoundedSocket(served, client_socket=cast(socket.socket, self.request)))
        served.acceptor.maximum_length = self.ae.maximum_pdu_size
        served.acceptor.ae_title = self.server.ae_title
        served.acceptor.address_info = self.local
        served.acceptor.implementation_class_uid = self.ae.implementation_class_uid
        served.acceptor.implementation_version_name = self.ae.implementation_version_name
        served.acceptor.supported_contexts = self.server.contexts
        served.requestor.address_info = self.remote
        for event, handlers in self.server._handlers.items():
            if isinstance(event, evt.InterventionEvent):
                if handlers and handlers[0]:
                    served.bind(event, *handlers)
            else:
                for handler, arguments in cast(list[Any], handlers):
                    served.bind(event, handler, arguments)
        return served


class Listener(ThreadedAssociationServer):
    """Accepts connections, each in a thread of its own, and no more than so many."""

    daemon_threads = True
    secured_by: ssl.SSLContext | None = None

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return len(self.active_associations) < MOST_CONNECTIONS

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.warning("A connection from %s failed: %s", client_address[0], sys.exc_info()[1])
