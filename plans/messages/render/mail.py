"""What a mail is made from, and what it becomes."""

from base64 import encodebytes
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from plans.messages.identifiers import mail_domain
from plans.messages.links import Link, Purpose
from plans.messages.models import STAFF_KINDS, MessageKind
from plans.messages.rules import Recipient, Subject, Visit
from plans.messages.wording import Wording

LANGUAGES = tuple(code for code, _ in settings.LANGUAGES)
"""The languages whose words are complete; who reads another one is written to in the first."""


@dataclass(frozen=True)
class Logo:
    """A picture above a mail. It travels with the mail: opening one tells nobody, and the file stays private."""

    content: bytes
    width: int
    height: int
    """As shown, in CSS pixels."""

    @property
    def content_id(self) -> str:
        return f"logo@{mail_domain()}"

    @cached_property
    def encoded(self) -> str:
        """In base64, in lines: encoded once for all the mails of a batch."""
        return encodebytes(self.content).decode("ascii")


@dataclass(frozen=True, slots=True)
class Place:
    """A location as its mails show it. `zone` is its IANA zone, `address` one line, possibly empty."""

    name: str
    zone: ZoneInfo
    address: str
    phone: str
    email: str
    brand_colour: str = "#0f5f59"
    logo: Logo | None = None
    wordings: Mapping[tuple[str, str], Wording] = field(default_factory=dict)
    """Its own words, by kind and language."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Everything that a mail is made from."""

    id: UUID
    kind: MessageKind
    message_id: str
    recipient: Recipient
    subject: Subject | None
    """What it is about; None: its recipient alone."""
    link_generation: int
    """Of its patient; 0 to a colleague."""
    place: Place
    from_address: str
    written_at: datetime
    patient_id: UUID | None = None
    """Whose page and preferences its links open; None of a mail that is about nobody."""

    @property
    def language(self) -> str:
        """That of the words. Colleagues are written to in English."""
        wanted = self.recipient.language
        return wanted if wanted in LANGUAGES and self.kind not in STAFF_KINDS else LANGUAGES[0]

    @property
    def visit(self) -> Visit:
        """What a mail about a visit is about. Raises `ValueError` of another mail."""
        if not isinstance(self.subject, Visit):
            raise ValueError(f"{self.kind} is not about a visit")
        return self.subject

    def link(self, purpose: Purpose) -> Link:
        """A link of its patient's to what it is about, or to what is the patient's own."""
        key = self.patient_id if self.subject is None or purpose in OF_THE_PATIENT else self.subject.id
        if key is None:
            raise ValueError(f"{self.kind} is about nobody")
        last_day = (self.written_at + HOME_OPENS_FOR).date() if purpose is Purpose.HOME else None
        return Link(purpose, key, self.link_generation, last_day)


HOME_OPENS_FOR = timedelta(days=30)
"""A patient's own page has no subject that ends."""
OF_THE_PATIENT = (Purpose.HOME, Purpose.UNSUBSCRIBE)


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail ready to go. `calendar` is an RFC 5545 object, or empty; `calendar_method` its METHOD."""

    subject: str
    text: str
    html: str
    calendar: bytes
    calendar_method: str
    headers: Mapping[str, str]
    logo: Logo | None = None
    note: str = ""
    """What a colleague should know about it: that the location's own words could not be used, say."""

    def as_bytes(self) -> bytes:
        """The mail as it goes over the wire: seven-bit, lines ended by CR LF."""
        from plans.messages.render.wire import wire_format

        return wire_format(self)
