"""A mail server that takes everything and keeps nothing, in a process of its own: the least that delivery waits for."""

import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from clinic.local.home import Home
from clinic.local.process import Process

SMTP_SINK = Path("/usr/sbin/smtp-sink")
"""Postfix's: the least that any mail server could be. Debian has it in `postfix`."""
END = b"\r\n.\r\n"


class Sink(Process):
    """`python -m benchmarks.sink` on a socket of any free port."""

    def __init__(self, home: Home) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        argv = [sys.executable, "-m", "benchmarks.sink", str(self.listener.fileno())]
        super().__init__(home, "sink", argv, pass_fds=[self.listener.fileno()])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"


class PostfixSink(Process):
    """Postfix's `smtp-sink` on any free port, where it is installed."""

    def __init__(self, home: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        privileges = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to serve as root
        super().__init__(home, "smtp-sink", [str(SMTP_SINK), *privileges, f"127.0.0.1:{self.port}", "1000"])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


def serve(listener: socket.socket) -> None:
    """Serve each connection in a thread, until killed."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_talk, args=(connection,), daemon=True).start()


def _talk(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        connection.sendall(b"220 sink\r\n")
        while command := connection.recv(4096)[:4].upper():
            match command:
                case b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                case b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    if not _swallow(connection):
                        return
            connection.sendall(b"250 taken\r\n")


def _swallow(connection: socket.socket) -> bool:
    """Read one mail to its final dot; False where the client left."""
    tail = b"\r\n"
    while not tail.endswith(END):
        received = connection.recv(65536)
        if not received:
            return False
        tail = (tail + received)[-len(END) :]
    return True


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
