"""A visit as a file for the patient's calendar, RFC 5545. It names neither what is treated nor with whom (pure)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import icalendar

from plans.messages.identifiers import calendar_uid
from plans.messages.render import one_line

PRODUCT = "-//Clinic//Visits//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit. `title` and `note` are in the patient's language."""

    visit_id: UUID
    revision: int
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    title: str
    place: str
    note: str
    written_at: datetime


def document(entry: Entry) -> bytes:
    """The file. It has the UID and the SEQUENCE of the mails' invitations: the calendar keeps one entry, the newest."""
    event = icalendar.Event()
    event.add("uid", calendar_uid(entry.visit_id))
    event.add("sequence", entry.revision)
    event.add("dtstamp", entry.written_at.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", one_line(entry.title))
    event.add("location", one_line(entry.place))
    event.add("description", one_line(entry.note))
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
