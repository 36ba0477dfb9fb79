"""Reads the Maildir that the mailbox fills."""

import email
import email.policy
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path

from clinic.local.home import Home

MIME_SUFFIXES = {"text/calendar": ".ics", "text/plain": ".txt", "text/html": ".html"}


@dataclass(frozen=True)
class Part:
    """A leaf of a mail that is neither its text nor its HTML body."""

    number: int
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One stored mail; its key is its file's name."""

    path: Path

    @property
    def key(self) -> str:
        return self.path.name

    @cached_property
    def arrived_at(self) -> datetime:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    @cached_property
    def raw(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def sender(self) -> str:
        return self._header("From")

    @property
    def recipients(self) -> str:
        return self._header("To") or self._header("Delivered-To")

    @property
    def subject(self) -> str:
        return self._header("Subject")

    @property
    def sent_at(self) -> datetime | None:
        try:
            return parsedate_to_datetime(self._header("Date"))
        except ValueError:
            return None

    def is_about(self, asked: str) -> bool:
        """Whether every word of `asked` stands in who it is to, their address or the subject."""
        said = f"{self.recipients} {self.subject}".casefold()
        return all(word in said for word in asked.casefold().split())

    @property
    def text(self) -> str | None:
        return self._body("plain")

    @property
    def html(self) -> str | None:
        """The HTML body, with the pictures that travel with it in their places."""
        html = self._body("html")
        for leaf in self.message.walk() if html is not None else ():
            name = str(leaf.get("Content-ID", "")).strip("<> ")
            if html is not None and name and leaf.get_content_maintype() == "image":
                picture = b64encode(_decoded(leaf)).decode()
                html = html.replace(f"cid:{name}", f"data:{leaf.get_content_type()};base64,{picture}")
        return html

    @cached_property
    def parts(self) -> list[Part]:
        """Attachments, invitations and whatever else hangs on it."""
        bodies = {id(body) for kind in ("plain", "html") if (body := self.message.get_body((kind,)))}
        leaves = (leaf for leaf in self.message.walk() if not leaf.is_multipart() and id(leaf) not in bodies)
        return [_part(number, leaf) for number, leaf in enumerate(leaves, start=1)]

    def _header(self, name: str) -> str:
        try:
            return ", ".join(str(value) for value in self.message.get_all(name, []))
        except ValueError:  # an address that is none: anybody may write anything to a mailbox
            return " ".join(str(value) for key, value in self.message.raw_items() if key.lower() == name.lower())

    def _body(self, kind: str) -> str | None:
        body = self.message.get_body((kind,))
        if body is None:
            return None
        try:
            return _decoded(body).decode(body.get_content_charset("utf-8"), "replace")
        except LookupError:  # a charset nobody knows
            return _decoded(body).decode("utf-8", "replace")


def mails(home: Home) -> list[Mail]:
    """Every mail in the mailbox, newest first."""
    newest_first = sorted(_files(home), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [Mail(path) for path in newest_first]


def mail(home: Home, key: str) -> Mail | None:
    """The mail of that key; only what the directory lists can be one."""
    return next((Mail(path) for path in _files(home) if path.name == key), None)


def _files(home: Home) -> Iterator[Path]:
    return (home.mail / "new").glob("[!.]*")


def _part(number: int, leaf: MIMEPart) -> Part:
    content_type = leaf.get_content_type()
    name = leaf.get_filename() or f"part-{number}{MIME_SUFFIXES.get(content_type, '')}"
    return Part(number, name, content_type, _decoded(leaf))


def _decoded(leaf: MIMEPart) -> bytes:
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
