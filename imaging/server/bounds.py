"""What a peer may send before it is cut off: pynetdicom itself reads whatever length is claimed."""

import select
import socket
import ssl
import time
from io import BytesIO
from typing import cast

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket

LONGEST_PDU = 131_072  # bytes that are negotiated for one PDU of data
ANY_PDU = 2 * LONGEST_PDU  # and that one of any kind may have, as a request of 128 contexts
PDU_SECONDS = 30  # in which a PDU that has begun must be there
KEPT = 4_194_304  # bytes of a data set: far more than stands before the pixels of any image
LONGEST = 4_294_967_296  # bytes of a data set that are read at all
ASKED_AT_ONCE = 8  # requests that may wait for their answer on one association
_WAKES_AFTER = 0.002  # seconds; what the other thread wants sent waits no longer


class Head(BytesIO):
    """The beginning of a data set. What comes after it is counted, and not kept."""

    length = 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self.length += len(data)
        super().write(data[: max(0, KEPT - self.tell())])
        return len(data)


class BoundedSocket(AssociationSocket):
    """A socket that reads no PDU longer than allowed, nor waits for one without end."""

    @property
    def ready(self) -> bool:
        """Whether there is something to read; waits for a moment, so that nobody need ask again."""
        if self.socket is None or not self._is_connected:
            return False
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
            return True
        try:
            return bool(select.select([self.socket], [], [], _WAKES_AFTER)[0])
        except (OSError, ValueError):
            self.event_queue.put("Evt17")  # the connection is gone
            return False

    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes > ANY_PDU:
            raise OSError(f"a PDU of {nr_bytes} bytes")
        connection = cast(socket.socket, self.socket)
        read, whole = 0, bytearray(nr_bytes)
        until = time.monotonic() + PDU_SECONDS
        with memoryview(whole) as view:
            while read < nr_bytes:
                if time.monotonic() > until:
                    raise TimeoutError("a PDU that does not end")
                count = connection.recv_into(view[read:])
                if not count:
                    break
                read += count
        return whole[:read]

    def _shutdown_socket(self) -> None:
        connection = self.socket
        super()._shutdown_socket()
        if connection is not None:
            connection.close()  # pynetdicom leaves it open where the peer has broken the line


class BoundedMessages(DIMSEServiceProvider):
    """Puts messages together from PDUs, the pixels of images left out.

    Images are answered here, by the thread that reads: to hand each over to the other one and wait
    for it costs more than to store its header. Until one is answered no more is read, so nothing
    piles up.
    """

    def receive_primitive(self, primitive: P_DATA) -> None:
        try:
            self._receive(primitive)
        except Exception:  # whatever a peer sends: it is cut off, and nobody else
            self._cut_off()

    def _receive(self, primitive: P_DATA) -> None:
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = Head()
        message = self.message
        data = cast(Head, message.data_set)
        super().receive_primitive(primitive)
        if self.message is message:
            if data.length > LONGEST or message.encoded_command_set.tell() > LONGEST_PDU:
                self._cut_off()
        elif self.msg_queue.qsize() > ASKED_AT_ONCE:
            self._cut_off()
        elif isinstance(self.peek_msg()[1], C_STORE) and self.assoc.is_established:
            context_id, request = self.get_msg()
            if context_id is not None and request is not None:
                self.assoc._serve_request(request, context_id)

    def _cut_off(self) -> None:
        self.dul.event_queue.put("Evt19")  # as for any PDU that is none: it is answered by an abort
