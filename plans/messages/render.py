"""What a mail says: values in, a rendered mail out. It names neither what is treated nor how, nor with whom.

Mail travels through other people's hands: greeting by first name, time, place and phone is all that stands in it.
"""

import re
import unicodedata
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import cache
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import icalendar
import mrml
from django.template import Context, Engine, Template
from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_bidi, gettext, override, pgettext

from plans.messages.identifiers import calendar_uid
from plans.messages.models import MessageKind
from plans.messages.rules import Recipient, Subject, Visit

LANGUAGES = ("en",)
"""The languages whose words are complete: dates are written in the same one. Another one joins with its catalogue."""
INVITES = {
    MessageKind.CONFIRMATION: "REQUEST",
    MessageKind.CHANGED: "REQUEST",
    MessageKind.CANCELLED: "CANCEL",
}
"""The kinds that carry a calendar entry, with its METHOD."""
PRODUCT = "-//Clinic//Visits//EN"
MAP = "https://www.google.com/maps/search/"


@dataclass(frozen=True, slots=True)
class Place:
    """A location as its mails show it. `zone` is its IANA zone, `address` one line, possibly empty."""

    name: str
    zone: ZoneInfo
    address: str
    phone: str
    email: str


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

    @property
    def visit(self) -> Visit:
        """What a mail about a visit is about. Raises `ValueError` of another mail."""
        if not isinstance(self.subject, Visit):
            raise ValueError(f"{self.kind} is not about a visit")
        return self.subject


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail ready to go. `calendar` is an RFC 5545 object, or empty; `calendar_method` its METHOD."""

    subject: str
    text: str
    html: str
    calendar: bytes
    calendar_method: str
    headers: Mapping[str, str]

    def as_bytes(self) -> bytes:
        """The mail as it goes over the wire: seven-bit, lines ended by CR LF."""
        parts = [_text_part("plain", self.text), _text_part("html", self.html)]
        if self.calendar:
            # The alternative is what Google and Outlook read as an invitation, the attachment what others can open.
            invitation = f'text/calendar; charset="utf-8"; method="{self.calendar_method}"'
            attachment = (
                f'application/ics; name="{CALENDAR_FILE}"\nContent-Disposition: attachment; filename="{CALENDAR_FILE}"'
            )
            body = _multipart("alternative", [*parts, _calendar_part(invitation, self.calendar)])
            body = _multipart("mixed", [body, _calendar_part(attachment, self.calendar)])
        else:
            body = _multipart("alternative", parts)
        headers = {**self.headers, "Subject": self.subject, "MIME-Version": "1.0"}
        head = "".join(f"{name}: {_header(value)}\n" for name, value in headers.items())
        return f"{head}{body}".replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii")


CALENDAR_FILE = "visit.ics"


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


def render(mail: Mail) -> RenderedMail:
    """`mail` in words. Raises `ValueError` where an address cannot stand in a header."""
    with override(mail.recipient.language if mail.recipient.language in LANGUAGES else LANGUAGES[0]):
        words = _words(mail)
        variables = asdict(words)
        return RenderedMail(
            subject=words.subject,
            text=_text_template().render(Context(variables)),
            html=_html_template().render(Context(variables)),
            calendar=_calendar(mail, words) if mail.kind in INVITES else b"",
            calendar_method=INVITES.get(mail.kind, ""),
            headers=_headers(mail, words.language),
        )


def zone_label(instant: datetime, zone: ZoneInfo) -> str:
    """How the time of `zone` is called at `instant`: “New York time, EST”; “Sao Paulo time, UTC−03:00”."""
    local = instant.astimezone(zone)
    name = local.tzname() or ""
    if not name.isalpha():
        hours, minutes = divmod(abs(local.utcoffset() or timedelta(0)) // timedelta(minutes=1), 60)
        name = f"UTC{'−' if (local.utcoffset() or timedelta(0)) < timedelta(0) else '+'}{hours:02}:{minutes:02}"
    area, _, city = zone.key.rpartition("/")
    if not area or area == "Etc":
        return name
    return gettext("%(city)s time, %(name)s") % {"city": city.replace("_", " "), "name": name}


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and direction overrides: fit for a header and for a sentence."""
    return " ".join("".join(_harmless(character) for character in text).split())


def ascii_address(address: str) -> str:
    """`address` with its domain as DNS knows it. Raises `ValueError` where no plain SMTP server could take it."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain and local.isascii()) or one_line(address) != address:
        raise ValueError("not an address that mail can be sent to")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and character not in JOINERS else character


JOINERS = "\u200c\u200d"
"""Persian words and emoji need them; every other invisible character goes."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The variables of both templates, in the mail's language."""

    language: str
    direction: str
    start: str
    subject: str
    greeting: str
    sentence: str
    weekday: str
    day: str
    time: str
    zone: str
    when: str
    is_cancelled: bool
    location_name: str
    address: str
    map_label: str
    map_url: str
    offer: str
    phone: str
    phone_url: str
    closing: str


def _words(mail: Mail) -> _Words:
    place = mail.place
    local = mail.visit.starts_at.astimezone(place.zone)
    name = one_line(place.name)
    weekday = date_format(local, "l")
    day = date_format(local, pgettext("date in Django's format letters", "j F Y"))
    date = gettext("%(weekday)s %(day)s") % {"weekday": weekday, "day": day}
    time = date_format(local, pgettext("time of day in Django's format letters", "H:i"))
    zone = zone_label(mail.visit.starts_at, place.zone)
    address = one_line(place.address)
    is_cancelled = mail.kind == MessageKind.CANCELLED
    return _Words(
        language=get_language() or LANGUAGES[0],
        direction="rtl" if get_language_bidi() else "ltr",
        start="right" if get_language_bidi() else "left",
        subject=_subject(mail.kind) % {"date": date, "time": time},
        greeting=gettext("Hello %(name)s") % {"name": one_line(mail.recipient.name)},
        sentence=_sentence(mail.kind) % {"place": name},
        weekday=weekday,
        day=day,
        time=time,
        zone=zone,
        when=gettext("%(date)s, %(time)s (%(zone)s)") % {"date": date, "time": time, "zone": zone},
        is_cancelled=is_cancelled,
        location_name=name,
        address=address,
        map_label=gettext("Show on a map"),
        map_url=f"{MAP}?{urlencode({'api': 1, 'query': f'{name}, {address}'})}" if address and not is_cancelled else "",
        offer=gettext("To find a new time, call us:")
        if is_cancelled
        else gettext("Another time, or can’t come? Call us:"),
        phone=one_line(place.phone),
        phone_url=f"tel:{re.sub('[^0-9+]', '', place.phone)}",
        closing=gettext("You can also reply to this mail. If you would rather get no reminders, tell us in your reply.")
        if mail.kind == MessageKind.REMINDER
        else gettext("You can also reply to this mail."),
    )


def _subject(kind: MessageKind) -> str:
    match kind:
        case MessageKind.CONFIRMATION:
            return gettext("Your visit: %(date)s, %(time)s")
        case MessageKind.REMINDER:
            return gettext("Reminder of your visit: %(date)s, %(time)s")
        case MessageKind.CHANGED:
            return gettext("Your visit has changed: %(date)s, %(time)s")
        case MessageKind.CANCELLED:
            return gettext("Cancelled: your visit on %(date)s, %(time)s")
    raise ValueError(f"a visit has no mail of kind {kind}")


def _sentence(kind: MessageKind) -> str:
    match kind:
        case MessageKind.CONFIRMATION:
            return gettext("Your visit at %(place)s is booked.")
        case MessageKind.REMINDER:
            return gettext("We look forward to your visit at %(place)s.")
        case MessageKind.CHANGED:
            return gettext("Your visit at %(place)s has changed. It now takes place at this time.")
        case MessageKind.CANCELLED:
            return gettext("Your visit at %(place)s is cancelled. It no longer takes place at this time.")
    raise ValueError(f"a visit has no mail of kind {kind}")


def _headers(mail: Mail, language: str) -> dict[str, str]:
    place = mail.place
    headers: dict[str, str] = {
        "From": formataddr((one_line(place.name), ascii_address(mail.from_address))),
        "To": formataddr((one_line(mail.recipient.name), ascii_address(mail.recipient.address))),
        "Reply-To": formataddr((one_line(place.name), ascii_address(place.email))),
        "Date": format_datetime(mail.written_at),
        "Message-ID": mail.message_id,
        "X-Clinic-Message": str(mail.id),
        "Content-Language": language,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if mail.kind == MessageKind.REMINDER:
        headers["List-Unsubscribe"] = f"<mailto:{quote(ascii_address(place.email), safe='@')}?subject=unsubscribe>"
    return headers


def _calendar(mail: Mail, words: _Words) -> bytes:
    """The visit as an iTIP message (RFC 5546). Times are UTC: every calendar shows them in its reader's zone."""
    is_cancelled = mail.kind == MessageKind.CANCELLED
    event = icalendar.Event()
    event.add("uid", calendar_uid(mail.visit.id))
    event.add("sequence", mail.visit.revision)
    event.add("dtstamp", mail.written_at)
    event.add("dtstart", mail.visit.starts_at.astimezone(UTC))
    event.add("dtend", mail.visit.ends_at.astimezone(UTC))
    event.add("summary", gettext("Visit at %(place)s") % {"place": words.location_name})
    event.add("location", f"{words.location_name}, {words.address}" if words.address else words.location_name)
    event.add("description", f"{words.offer} {words.phone}")
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    organizer = icalendar.vCalAddress(f"mailto:{ascii_address(mail.place.email)}")
    organizer.params["CN"] = words.location_name
    event.add("organizer", organizer)
    attendee = icalendar.vCalAddress(f"mailto:{ascii_address(mail.recipient.address)}")
    attendee.params.update({"CN": one_line(mail.recipient.name), "ROLE": "REQ-PARTICIPANT", "RSVP": "FALSE"})
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    event.add("attendee", attendee)
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", INVITES[mail.kind])
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


@cache
def _text_template() -> Template:
    return Engine.get_default().get_template("messages/visit.txt")


@cache
def _html_template() -> Template:
    """The MJML, turned into HTML once with Django's tags left in it: a mail costs one template, not two."""
    engine = Engine.get_default()
    # Without `fonts` it would link web fonts, which tell a third party who opens the mail.
    options = mrml.RenderOptions(fonts={})
    html: str = mrml.to_html(engine.get_template("messages/visit.mjml").source, render_options=options).content
    return engine.from_string(html)
