"""The run's mail server: a process of its own that writes down each mail it takes whole, before it says so.

`python -m tests.faults.sink FD` serves the listening socket FD. How it behaves stands in the stage's mode, which may
change at any time.
"""

import re
import socket
import sys
import threading
import time
from typing import BinaryIO

from tests.faults.stage import Stage

ACCEPT, DROP, SOFT, HARD, HANG, SLOW, GONE = "accept", "drop after DATA", "4xx", "5xx", "hang", "slow", "refuse"
MODES = (DROP, SOFT, HARD, HANG, SLOW, GONE)
SLOW_SECONDS = 0.3
LONGEST_HANG_SECONDS = 20.0


def serve(listener: socket.socket, stage: Stage) -> None:
    """Serve each connection in a thread, until killed."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, stage), daemon=True).start()


def _serve(connection: socket.socket, stage: Stage) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as lines:
        try:
            _talk(connection, lines, stage)
        except OSError:
            return


def _talk(connection: socket.socket, lines: BinaryIO, stage: Stage) -> None:
    def say(text: str) -> None:
        connection.sendall(f"{text}\r\n".encode())

    if stage.mode == GONE:
        say("554 5.3.2 not today")
        return
    say("220 sink")
    for line in iter(lines.readline, b""):
        match line[:4].upper():
            case b"QUIT":
                say("221 bye")
                return
            case b"DATA":
                say("354 go on")
                content = _content(lines)
                if content is None:
                    return
                answer = _take(content, stage)
                if not answer:
                    return
                say(answer)
            case _:
                say("250 fine")


def _content(lines: BinaryIO) -> bytes | None:
    """One mail to its final dot; None where the client went away before it."""
    found: list[bytes] = []
    for line in iter(lines.readline, b""):
        if line == b".\r\n":
            return b"".join(found)
        found.append(line)
    return None


def _take(content: bytes, stage: Stage) -> str:
    """What is answered to a whole mail; nothing: the connection is closed without a word."""
    mode = stage.mode
    found = re.search(rb"^X-Clinic-Message: (\S+)", content, re.MULTILINE)
    message = found[1].decode() if found else ""
    if mode == SOFT:
        stage.journal.write("refused", message=message)
        return "451 4.3.0 later"
    if mode == HARD:
        stage.journal.write("refused", message=message)
        return "554 5.6.0 never"
    if mode == SLOW:
        time.sleep(SLOW_SECONDS)
    stage.journal.write("took", message=message, mode=mode)
    if mode == DROP:
        return ""
    if mode == HANG:
        until = time.monotonic() + LONGEST_HANG_SECONDS
        while stage.mode == HANG and time.monotonic() < until:
            time.sleep(0.05)
    return "250 2.0.0 taken"


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), Stage.of_this_process("sink"))
