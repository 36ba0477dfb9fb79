"""A visit for the patient's calendar (RFC 5545), as Google, Outlook and Apple accept it: as the invitation in a mail
(RFC 5546) and as the file of the visit's page. It names neither what is treated nor with whom."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import icalendar
from django.utils.translation import gettext

from clinic.mailboxes import ascii_address
from plans.messages.identifiers import calendar_uid
from plans.messages.models import MessageKind
from plans.messages.render.dates import left_to_right
from plans.messages.render.lines import one_line
from plans.messages.render.mail import Mail
from plans.messages.rules import Recipient

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
INVITES: dict[MessageKind, Method] = {
    MessageKind.CONFIRMATION: "REQUEST",
    MessageKind.CHANGED: "REQUEST",
    MessageKind.CANCELLED: "CANCEL",
}
"""The kinds that carry a calendar entry, with its METHOD."""
PRODUCT = "-//Clinic//Visits//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit, and whom to call about it. `address` may be empty."""

    visit_id: UUID
    revision: int
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    place: str
    address: str
    phone: str
    email: str
    written_at: datetime


def calendar_of(mail: Mail) -> bytes:
    """The invitation, its change or its cancellation."""
    visit, place = mail.visit, mail.place
    entry = Entry(
        visit_id=visit.id,
        revision=visit.revision,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        is_cancelled=mail.kind == MessageKind.CANCELLED,
        place=place.name,
        address=place.address,
        phone=place.phone,
        email=place.email,
        written_at=mail.written_at,
    )
    return calendar_file(entry, INVITES[mail.kind], mail.recipient)


def calendar_file(entry: Entry, method: Method, attendee: Recipient | None = None) -> bytes:
    """The entry in the language that is active; with its UID and SEQUENCE a calendar keeps one entry, the newest.

    Times are UTC: every calendar shows them in its reader's zone.
    """
    place, address, phone = one_line(entry.place), one_line(entry.address), left_to_right(one_line(entry.phone))
    if entry.is_cancelled:
        call = f"{gettext('To find a new time, call us:')} {phone}"
    else:
        call = gettext("Another time, or can’t come? Call us: %(phone)s") % {"phone": phone}
    event = icalendar.Event()
    event.add("uid", calendar_uid(entry.visit_id))
    event.add("sequence", entry.revision)
    event.add("dtstamp", entry.written_at.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", gettext("Visit at %(place)s") % {"place": place})
    event.add("location", f"{place}, {address}" if address else place)
    event.add("description", call)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("organizer", _person(entry.email, place))
    if attendee is not None:
        person = _person(attendee.address, one_line(attendee.name))
        person.params.update({"ROLE": "REQ-PARTICIPANT", "RSVP": "FALSE", "PARTSTAT": "NEEDS-ACTION"})
        event.add("attendee", person)
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _person(address: str, name: str) -> icalendar.vCalAddress:
    person = icalendar.vCalAddress(f"mailto:{ascii_address(address)}")
    person.params["CN"] = name
    return person
