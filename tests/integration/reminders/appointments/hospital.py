"""A system of the hospital's that hears of appointments: MLLP on a real socket, as bad as asked."""

import socket
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import hl7

BEGIN, END = b"\x0b", b"\x1c\r"

# What it does with a message, instead of taking it: it is given the line and the control id.
Manner = Callable[[socket.socket, str], None]


def acknowledgement(code: str, control_id: str, said: str = "", more: str = "") -> bytes:
    head = "MSH|^~\\&|HIS||SURVEILLANCE||20260320||ACK^S12|A1|P|2.5.1\r"
    return BEGIN + f"{head}MSA|{code}|{control_id}|{said}\r{more}".encode() + END


def says(code: str, said: str = "", more: str = "") -> Manner:
    return lambda line, control_id: line.sendall(acknowledgement(code, control_id, said, more))


def of_another_message(line: socket.socket, control_id: str) -> None:
    line.sendall(acknowledgement("AA", "SOMEBODY-ELSES"))


def nothing(line: socket.socket, control_id: str) -> None:
    """Keep the line and say nothing."""


def hangs_up(line: socket.socket, control_id: str) -> None:
    line.shutdown(socket.SHUT_RDWR)


def half_an_answer(line: socket.socket, control_id: str) -> None:
    line.sendall(acknowledgement("AA", control_id)[:-20])
    line.shutdown(socket.SHUT_RDWR)


def garbage(line: socket.socket, control_id: str) -> None:
    line.sendall(BEGIN + b"HTTP/1.1 400 Bad Request" + END)


def without_end(line: socket.socket, control_id: str) -> None:
    line.sendall(BEGIN + b"MSH|" + b"x" * 70_000)


def in_crumbs(line: socket.socket, control_id: str) -> None:
    for byte in acknowledgement("AA", control_id):
        line.sendall(bytes([byte]))
        time.sleep(0.001)


def twice(line: socket.socket, control_id: str) -> None:
    """First that it came (enhanced mode), then that it is done."""
    line.sendall(acknowledgement("CA", control_id) + acknowledgement("AA", control_id))


def once_and_hangs_up(line: socket.socket, control_id: str) -> None:
    line.sendall(acknowledgement("AA", control_id))
    line.shutdown(socket.SHUT_RDWR)


class Hospital:
    """Listens on a free port of this machine within `with`; keeps what comes in `heard`.

    `manners` are what it does with the next messages; it takes what comes after them.
    """

    def __init__(self, *manners: Manner, secured: ssl.SSLContext | None = None) -> None:
        self.heard: list[hl7.Message] = []
        self.raw: list[bytes] = []
        self.manners = deque(manners)
        self.connections = 0
        self._secured = secured
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for line in (self._listener, *self._lines):
            line.close()

    @property
    def events(self) -> list[str]:
        return [str(message["MSH.F9.R1.C2"]) for message in self.heard]

    @property
    def times_heard(self) -> Counter[str]:
        """How many times each control id came."""
        return Counter(control_id_of(message) for message in self.heard)

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
                if self._secured:
                    line = self._secured.wrap_socket(line, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            self.connections += 1
            self._lines.append(line)
            threading.Thread(target=self._serve, args=[line], daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            for frame in frames(line):
                self.raw.append(frame)
                message = hl7.parse(frame.decode("utf-8", "replace"))
                self.heard.append(message)
                manner = self.manners.popleft() if self.manners else says("AA")
                manner(line, control_id_of(message))
        except OSError:
            return


def control_id_of(message: hl7.Message) -> str:
    return str(message.segment("MSH")(10))


def frames(line: socket.socket) -> Iterator[bytes]:
    """Yield what comes, message by message, without what is around it."""
    come = b""
    while part := line.recv(4096):
        come += part
        while END in come:
            frame, _, come = come.partition(END)
            assert frame.startswith(BEGIN)
            yield frame[1:]
