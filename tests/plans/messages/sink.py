"""An SMTP server that fails at the stage it is told to: raw sockets, so that nothing is polite by accident."""

import re
import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import BinaryIO, Self


class Mode(Enum):
    ACCEPT = auto()
    REFUSE_CONNECTION = auto()
    """554 instead of a greeting."""
    HANG_AT_GREETING = auto()
    TRANSIENT_AT_RECIPIENT = auto()
    PERMANENT_AT_RECIPIENT = auto()
    PERMANENT_AT_SENDER = auto()
    DRIP = auto()
    """Answer a letter at a time, and never come to the end of a line."""
    TRANSIENT_AFTER_DOT = auto()
    PERMANENT_AFTER_DOT = auto()
    DROP_BEFORE_DOT = auto()
    """Close the connection in the middle of the content."""
    DROP_AFTER_DOT = auto()
    """Take the whole mail, then close without an answer."""
    HANG_AFTER_DOT = auto()
    CLOSE_AFTER_EACH = auto()
    """Accept, then close: the next mail finds the connection gone."""
    NONSENSE_AFTER_DOT = auto()


class Sink:
    """Serves each connection in a thread. `mode` may change at any time; `received` is what was taken whole."""

    def __init__(self) -> None:
        self.mode = Mode.ACCEPT
        self.received: list[bytes] = []
        self.connections = 0
        self.takes_connections = True
        self.on_content: Callable[[], None] = lambda: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def ids(self) -> list[str]:
        """The `X-Clinic-Message` of each mail that was taken whole."""
        found = [re.search(rb"^X-Clinic-Message: (\S+)", content, re.MULTILINE) for content in self.received]
        return [match[1].decode() for match in found if match]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                self._talk(connection, lines)
            except OSError:
                return

    def _talk(self, connection: socket.socket, lines: BinaryIO) -> None:
        def say(text: str) -> None:
            connection.sendall(f"{text}\r\n".encode())

        if self.mode is Mode.HANG_AT_GREETING:
            self._stopped.wait()
            return
        if self.mode is Mode.REFUSE_CONNECTION or not self.takes_connections:
            say("554 5.7.1 not today")
            return
        say("220 sink")
        for line in iter(lines.readline, b""):
            command = line[:4].upper()
            if command == b"QUIT":
                say("221 bye")
                return
            if self.mode is Mode.DRIP:
                while not self._stopped.wait(0.05):
                    connection.sendall(b"2")
                return
            if command == b"MAIL" and self.mode is Mode.PERMANENT_AT_SENDER:
                say("553 5.7.1 <no-reply@visits.example> is not yours")
            elif command == b"RCPT" and self.mode is Mode.TRANSIENT_AT_RECIPIENT:
                say("451 4.7.1 <mock@example.com> is greylisted")
            elif command == b"RCPT" and self.mode is Mode.PERMANENT_AT_RECIPIENT:
                say("550 5.1.1 <mock@example.com>: no such person")
            elif command == b"DATA":
                say("354 go on")
                if not self._take(lines, say):
                    return
            else:
                say("250 fine")

    def _take(self, lines: BinaryIO, say: Callable[[str], None]) -> bool:
        """Read one mail and answer as told; False ends the connection."""
        content = []
        for line in iter(lines.readline, b""):
            if line == b".\r\n":
                break
            if self.mode is Mode.DROP_BEFORE_DOT:
                return False
            content.append(line[1:] if line.startswith(b".") else line)
        self.on_content()
        match self.mode:
            case Mode.TRANSIENT_AFTER_DOT:
                say("452 4.3.1 out of space")
                return True
            case Mode.PERMANENT_AFTER_DOT:
                say("554 5.6.0 the mail to mock@example.com is not liked")
                return True
        self.received.append(b"".join(content))
        match self.mode:
            case Mode.DROP_AFTER_DOT:
                return False
            case Mode.HANG_AFTER_DOT:
                self._stopped.wait()
                return False
            case Mode.NONSENSE_AFTER_DOT:
                say("what")
                return False
        say("250 2.0.0 taken")
        return self.mode is not Mode.CLOSE_AFTER_EACH
