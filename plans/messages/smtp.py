"""Hands mail to the mail server, and knows at which stage something went wrong.

Until the final dot of DATA the server is responsible for nothing: whatever happens before it can be tried again. After
it the server may have taken the mail, whether or not its answer arrives.
"""

import math
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from django.conf import settings

from plans.messages.identifiers import mail_domain

MESSAGE_SECONDS = 60.0
"""A mail that takes longer than this is given up: a batch fits its lease."""


GOODBYE_SECONDS = 2.0


class Verdict(Enum):
    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    """Not taken; it may be tried again."""
    PERMANENT = "permanent"
    """Not taken, and it would not be taken later either."""
    UNKNOWN = "unknown"
    """Handed over whole, and no answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one mail. `detail` says at which stage and with which code; it names nobody."""

    verdict: Verdict
    detail: str = ""
    is_servers: bool = False
    """The mail server as a whole was at fault, and no mail: it costs none an attempt."""


class Unreachable(Exception):
    """The mail server cannot be used at present; nothing was handed to it."""


class _Answers:
    """What a server says, read with no more patience than is left in all: one that sends a letter now and then would
    otherwise begin each wait anew."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock, self._left, self._read = sock, left, b""

    def readline(self, limit: int) -> bytes:
        """A line with its end, or `limit` bytes of it; less where the server has left. Raises `OSError`."""
        while b"\n" not in self._read and len(self._read) < limit:
            self._sock.settimeout(self._left())
            received = self._sock.recv(4096)
            if not received:
                break
            self._read += received
        end = self._read.find(b"\n", 0, limit) + 1 or limit
        line, self._read = self._read[:end], self._read[end:]
        return line

    def close(self) -> None:
        """The socket is closed by whoever owns it."""


class _Impatient:
    """An SMTP client that gives up at `deadline`, by the monotonic clock, whatever the server does."""

    deadline = math.inf
    sock: socket.socket | None
    file: object

    def left(self) -> float:
        """Seconds that the next wait may take. Raises `TimeoutError` where none are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server takes too long")
        return min(settings.EMAIL_TIMEOUT, left)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock, self.left)
        found: tuple[int, bytes] = super().getreply()  # type: ignore[misc]  # of smtplib.SMTP, beside this class
        return found


class _Client(_Impatient, smtplib.SMTP):
    def __init__(self, deadline: float, *args: Any, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **options)


class _ClientOverTls(_Impatient, smtplib.SMTP_SSL):
    def __init__(self, deadline: float, *args: Any, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(*args, **options)


class MailServer:
    """One connection to the mail server of the settings, reused for many mails."""

    def __init__(self) -> None:
        self._client: _Client | _ClientOverTls | None = None
        self._is_reused = False
        self._deadline = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def is_connected(self) -> bool:
        return self._client is not None

    def connect(self, timeout_seconds: float | None = None) -> None:
        """Connect and sign in, unless it is done, within `EMAIL_TIMEOUT` or `timeout_seconds` in all. Raises
        `Unreachable`."""
        if self._client is not None:
            return
        timeout = timeout_seconds or settings.EMAIL_TIMEOUT
        try:
            self._client = self._open(timeout)
        except (OSError, smtplib.SMTPException) as error:  # SMTPException is an OSError; said for the reader
            raise Unreachable(f"The mail server could not be used ({_name(error)}).") from error
        self._is_reused = False

    def close(self) -> None:
        """End the connection; a server that is gone makes no fuss."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.deadline = time.monotonic() + GOODBYE_SECONDS
                if client.sock is not None:
                    client.sock.settimeout(GOODBYE_SECONDS)
                client.quit()
            except (OSError, smtplib.SMTPException):
                client.close()

    def send(self, *, sender: str, recipient: str, content: bytes) -> Answer:
        """Hand over `content` (lines ended by CR LF). The connection may be closed afterwards: see `is_connected`.

        A reused connection that the server has dropped meanwhile is opened again once. Raises `Unreachable` where that
        fails, where there is no connection, and where the server refuses us as the sender: it would refuse every mail.
        """
        if not self.is_connected:
            raise Unreachable("There is no connection to the mail server.")
        self._deadline = time.monotonic() + MESSAGE_SECONDS
        was_reused = self._is_reused
        answer = self._envelope(sender, recipient)
        if answer is not None and was_reused and not self.is_connected:
            self.connect()  # type: ignore[unreachable]  # sending may have found the connection dropped
            answer = self._envelope(sender, recipient)
        self._is_reused = True
        return answer or self._content(content)

    def _envelope(self, sender: str, recipient: str) -> Answer | None:
        """MAIL, RCPT and DATA; None where the server waits for the content."""
        answer = self._command("sender", f"MAIL FROM:{smtplib.quoteaddr(sender)}", 250)
        if answer is not None and answer.verdict is Verdict.PERMANENT:
            self._drop()
            raise Unreachable(answer.detail)
        return (
            answer
            or self._command("recipient", f"RCPT TO:{smtplib.quoteaddr(recipient)}", 250, 251)
            or self._command("mail", "DATA", 354)
        )

    def _command(self, what: str, command: str, *wanted: int) -> Answer | None:
        client = self._ready()
        try:
            code, text = client.docmd(command)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Answer(Verdict.TRANSIENT, f"The connection broke before the mail was handed over ({_name(error)}).")
        return None if code in wanted else self._refused(what, code, text)

    def _content(self, content: bytes) -> Answer:
        client = self._ready()
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        try:
            client.send(stuffed)
        except OSError as error:
            self._drop()
            return Answer(Verdict.TRANSIENT, f"The connection broke before the mail was handed over ({_name(error)}).")
        try:
            self._ready().send(b".\r\n")
            code, text = self._ready().getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Answer(Verdict.UNKNOWN, f"No answer came after the mail was handed over ({_name(error)}).")
        if code == 250:
            return Answer(Verdict.ACCEPTED)
        if not 400 <= code < 600:
            self._drop()
            return Answer(Verdict.UNKNOWN, f"The answer after the mail was handed over made no sense ({code}).")
        return self._refused("mail", code, text)

    def _refused(self, what: str, code: int, text: bytes) -> Answer:
        """The server's refusal, without its text: that may repeat the address."""
        if code == 421:
            self._drop()
        else:
            self._reset()
        found = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", text)
        codes = f"{code} {found[0].decode()}" if found else str(code)
        verdict = Verdict.PERMANENT if 500 <= code < 600 else Verdict.TRANSIENT
        return Answer(verdict, f"The server refused the {what} ({codes}).")

    def _reset(self) -> None:
        """Make the connection fit for the next mail, or drop it."""
        try:
            if self._ready().docmd("RSET")[0] != 250:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _ready(self) -> smtplib.SMTP:
        """The connection, with no more patience than is left for this mail."""
        if self._client is None or self._client.sock is None:
            raise smtplib.SMTPServerDisconnected("connection lost")
        self._client.deadline = self._deadline
        self._client.sock.settimeout(max(0.1, min(settings.EMAIL_TIMEOUT, self._deadline - time.monotonic())))
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self, timeout: float) -> _Client | _ClientOverTls:
        host, port, me = settings.EMAIL_HOST, settings.EMAIL_PORT, mail_domain()
        deadline = time.monotonic() + timeout
        client: _Client | _ClientOverTls
        if settings.EMAIL_USE_SSL:
            client = _ClientOverTls(deadline, host, port, me, timeout=timeout, context=ssl.create_default_context())
        else:
            client = _Client(deadline, host, port, me, timeout=timeout)
        try:
            if settings.EMAIL_USE_TLS:
                client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
            if settings.EMAIL_HOST_USER and settings.EMAIL_HOST_PASSWORD:
                client.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            if client.sock is not None and client.sock.family in (socket.AF_INET, socket.AF_INET6):
                # The final dot goes out on its own, and must not wait for the content's acknowledgement.
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            client.close()
            raise
        return client


def _name(error: Exception) -> str:
    """The class of `error`, with the server's code where there is one; its text may repeat an address."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
