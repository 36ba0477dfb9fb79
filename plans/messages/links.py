"""The addresses in mails: what each is for, signed. Nobody can make one up, and each of a patient's can be revoked.

A link says what it is for and whose generation of links it belongs to. When it ends follows from its subject, and is
not in it: a moved visit's link goes on, a cancelled one's ends.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from struct import Struct, error
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

IN_A_TEXT = re.compile(r"(/p/)[A-Za-z0-9_.\-]+(?=/)")
PACKED = Struct(">16sHH")
EPOCH = date(2020, 1, 1)
NEVER = 0


class Purpose(StrEnum):
    """What a link opens; the first letter of its token."""

    VISIT = "v"
    AFTERCARE = "a"
    CHECK_IN = "c"
    FOLLOW_UP = "f"
    OFFER = "o"
    HOME = "h"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class Link:
    """`key` is of the visit, session, check-in, follow-up or waitlist entry; of home and unsubscribe of the patient."""

    purpose: Purpose
    key: UUID
    generation: int
    """The `link_generation` of its patient when it was made."""
    last_day: date | None = None
    """Until when it opens, in UTC; None: as long as its subject says."""

    @property
    def token(self) -> str:
        """72 characters that a mail program leaves alone: letters, digits, `-`, `_` and one dot."""
        last_day = NEVER if self.last_day is None else (self.last_day - EPOCH) // timedelta(days=1)
        packed = PACKED.pack(self.key.bytes, self.generation, last_day)
        return _signer().sign(self.purpose + urlsafe_b64encode(packed).rstrip(b"=").decode())

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}/p/{self.token}/"


def link_of(token: str) -> Link | None:
    """The link that was signed as `token`; None for anything that we have not signed."""
    try:
        signed = _signer().unsign(token)
        key, generation, last_day = PACKED.unpack(urlsafe_b64decode(f"{signed[1:]}=="))
        return Link(
            Purpose(signed[:1]), UUID(bytes=key), generation, EPOCH + timedelta(days=last_day) if last_day else None
        )
    except (BadSignature, Error, ValueError, error):
        return None


def blanked(text: str) -> str:
    """`text` with links that open nothing: fit to be kept, and to be shown to others than their patient."""
    return IN_A_TEXT.sub(r"\1preview", text)


def _signer() -> Signer:
    return Signer(salt="patient link", sep=".")
