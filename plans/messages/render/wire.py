"""A rendered mail as bytes (RFC 5322, 2045). Python's own package would take longer for this than all the rest."""

from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from email.header import Header
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from plans.messages.render.mail import Logo, RenderedMail

CALENDAR_FILE = "visit.ics"


def wire_format(mail: "RenderedMail") -> bytes:
    """Seven-bit, lines ended by CR LF. Raises `ValueError` for a header with a line break."""
    html = _text_part("html", mail.html)
    if mail.logo is not None:
        html = _multipart("related", [html, _picture_part(mail.logo)])
    parts = [_text_part("plain", mail.text), html]
    if mail.calendar:
        # The alternative is what Google and Outlook read as an invitation, the attachment what others can open.
        invitation = f'text/calendar; charset="utf-8"; method="{mail.calendar_method}"'
        attachment = (
            f'application/ics; name="{CALENDAR_FILE}"\nContent-Disposition: attachment; filename="{CALENDAR_FILE}"'
        )
        body = _multipart("alternative", [*parts, _calendar_part(invitation, mail.calendar)])
        body = _multipart("mixed", [body, _calendar_part(attachment, mail.calendar)])
    else:
        body = _multipart("alternative", parts)
    headers = {**mail.headers, "Subject": mail.subject, "MIME-Version": "1.0"}
    head = "".join(f"{name}: {_header(value)}\n" for name, value in headers.items())
    return f"{head}{body}".replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii")


def _header(value: str) -> str:
    """`value` in ASCII. Raises `ValueError` for a line break: it would begin a header of somebody else's."""
    if "\n" in value or "\r" in value:
        raise ValueError("a header cannot hold a line break")
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=76).encode()


def _multipart(subtype: str, parts: Sequence[str]) -> str:
    # “=_” stands in no quoted-printable or base64 text, so no part can hold the boundary (RFC 2045, 6.7).
    boundary = f"=_{subtype}_{uuid4().hex}"
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n{body}--{boundary}--\n'


def _text_part(subtype: str, text: str) -> str:
    head = f'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n'
    return f"{head}\n{b2a_qp(text.encode(), istext=True).decode('ascii')}"


def _calendar_part(kind: str, calendar: bytes) -> str:
    head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n"
    return f"{head}\n{encodebytes(calendar).decode('ascii')}"


def _picture_part(logo: "Logo") -> str:
    head = (
        'Content-Type: image/png; name="logo.png"\nContent-Transfer-Encoding: base64\n'
        f'Content-ID: <{logo.content_id}>\nContent-Disposition: inline; filename="logo.png"\n'
    )
    return f"{head}\n{logo.encoded}"
