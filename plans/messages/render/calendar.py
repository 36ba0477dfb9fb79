"""The visit as an iTIP message (RFC 5546), as Google, Outlook and Apple accept it."""

from datetime import UTC

import icalendar
from django.utils.translation import gettext

from plans.messages.identifiers import calendar_uid
from plans.messages.models import MessageKind
from plans.messages.render.addresses import ascii_address, one_line
from plans.messages.render.mail import Mail

INVITES = {
    MessageKind.CONFIRMATION: "REQUEST",
    MessageKind.CHANGED: "REQUEST",
    MessageKind.CANCELLED: "CANCEL",
}
"""The kinds that carry a calendar entry, with its METHOD."""
PRODUCT = "-//Clinic//Visits//EN"


def calendar_entry(mail: Mail, description: str) -> bytes:
    """The entry of a visit, in the language that is active. Times are UTC: every calendar shows them in its reader's
    zone."""
    is_cancelled = mail.kind == MessageKind.CANCELLED
    name, address = one_line(mail.place.name), one_line(mail.place.address)
    event = icalendar.Event()
    event.add("uid", calendar_uid(mail.visit.id))
    event.add("sequence", mail.visit.revision)
    event.add("dtstamp", mail.written_at)
    event.add("dtstart", mail.visit.starts_at.astimezone(UTC))
    event.add("dtend", mail.visit.ends_at.astimezone(UTC))
    event.add("summary", gettext("Visit at %(place)s") % {"place": name})
    event.add("location", f"{name}, {address}" if address else name)
    event.add("description", description)
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    organizer = icalendar.vCalAddress(f"mailto:{ascii_address(mail.place.email)}")
    organizer.params["CN"] = name
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
