"""The local mailbox: a real SMTP server that keeps what it gets as files in a Maildir.

Run as a process of its own: `python -m clinic.local.mailbox`.
"""

import argparse
import asyncio
import mailbox as maildir
import os
import signal
import smtplib
import socket
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from clinic.local.environment import port
from clinic.local.home import Home
from clinic.local.process import Process


class Mailbox(Process):
    """The mailbox as a supervised process, on a socket that was bound beforehand."""

    def __init__(self, home: Home, listener: socket.socket) -> None:
        self.host, self.port = listener.getsockname()
        argv = [sys.executable, "-m", "clinic.local.mailbox", "--maildir", str(home.mail)]
        super().__init__(home, "mailbox", [*argv, "--fd", str(listener.fileno())], pass_fds=[listener.fileno()])

    def prepare(self) -> None:
        self.home.create()

    def answers(self) -> bool:
        try:
            with smtplib.SMTP(self.host, self.port, timeout=1) as client:
                return client.noop()[0] == 250
        except OSError:
            return False


class Keeper:
    """Stores each message as it came, below the envelope it came in."""

    def __init__(self, directory: Path) -> None:
        for name in ("tmp", "new", "cur"):
            (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.maildir = maildir.Maildir(directory)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        lines = [f"Return-Path: <{envelope.mail_from}>", *(f"Delivered-To: {to}" for to in envelope.rcpt_tos), ""]
        self.maildir.add("\r\n".join(lines).encode(errors="surrogateescape") + (envelope.original_content or b""))
        return "250 OK: stored"


async def serve(listener: socket.socket, directory: Path) -> None:
    """Take mail on `listener` until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    keeper = Keeper(directory)
    server = await loop.create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), sock=listener)
    try:
        await stopped.wait()
    finally:
        server.close()


def main() -> None:
    home = Home.of(os.environ)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maildir", type=Path, default=home.mail, help="where the mail goes (default: %(default)s)")
    parser.add_argument("--fd", type=int, help="a bound socket to listen on, instead of $SMTP_PORT")
    arguments = parser.parse_args()
    if arguments.fd is not None:
        listener = socket.socket(fileno=arguments.fd)
    else:
        listener = socket.create_server(("127.0.0.1", port(os.environ, "SMTP_PORT")))
    asyncio.run(serve(listener, arguments.maildir))


if __name__ == "__main__":
    main()
