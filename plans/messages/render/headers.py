"""The headers of a mail."""

from email.utils import format_datetime, formataddr
from urllib.parse import quote

from clinic.mailboxes import ascii_address
from patients.models import Patient
from plans.messages.links import Purpose
from plans.messages.providers import tracking_headers
from plans.messages.render.lines import one_line
from plans.messages.render.mail import Mail

OPTIONAL = frozenset(Patient.OptionalMail.values)
"""The kinds that can be unsubscribed from, with one click (RFC 8058)."""


def headers_of(mail: Mail) -> dict[str, str]:
    """All but `Subject`. Raises `ValueError` where an address cannot stand in a header."""
    place = mail.place
    headers = {
        "From": formataddr((one_line(place.name), ascii_address(mail.from_address))),
        "To": formataddr((one_line(mail.recipient.name), ascii_address(mail.recipient.address))),
        "Reply-To": formataddr((one_line(place.name), ascii_address(place.email))),
        "Date": format_datetime(mail.written_at),
        "Message-ID": mail.message_id,
        "X-Clinic-Message": str(mail.id),
        **tracking_headers(mail.id),
        "Content-Language": mail.language,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.kind in OPTIONAL:
        by_mail = f"mailto:{quote(ascii_address(place.email), safe='@')}?subject=unsubscribe"
        headers["List-Unsubscribe"] = f"<{unsubscribe_url(mail)}>, <{by_mail}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def unsubscribe_url(mail: Mail) -> str:
    """Where the optional mails of its patient are switched off: a page, and by POST at once."""
    return f"{mail.link(Purpose.UNSUBSCRIBE).url}unsubscribe/"
