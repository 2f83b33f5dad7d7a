"""A mail server for tests: real SMTP on a real socket, and as unreliable as a test asks for."""

import socketserver
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread
from typing import Self


class PostOffice(socketserver.ThreadingTCPServer):
    """Keeps what it takes in `letters`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.letters: list[EmailMessage] = []
        self.refuses: set[str] = set()  # these recipients, for now
        self.hangs_up_after_taking = 0  # letters, without having said so

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class Clerk(socketserver.StreamRequestHandler):
    """Speaks as much of RFC 5321 as it takes to accept a letter."""

    server: PostOffice

    def handle(self) -> None:
        self.say("220 at your service")
        for line in self.rfile:
            command = line.decode().strip().upper()
            if command == "DATA":
                self.say("354 go ahead")
                self.take(b"".join(iter(self.rfile.readline, b".\r\n")))
                if self.server.hangs_up_after_taking:
                    self.server.hangs_up_after_taking -= 1
                    return
                self.say("250 taken")
            elif any(f"TO:<{address}>".upper() in command for address in self.server.refuses):
                self.say("450 mailbox busy")
            elif command == "QUIT":
                self.say("221 goodbye")
                return
            else:
                self.say("250 well")

    def take(self, letter: bytes) -> None:
        self.server.letters.append(message_from_bytes(letter, policy=policy.default))

    def say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())
