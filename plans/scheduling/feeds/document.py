"""A calendar feed as an iCalendar document, RFC 5545 (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

import icalendar

from plans.messages.render import one_line

PRODUCT = "-//Clinic//Calendar feed//EN"
REFRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit, as much of it as whoever holds the address may read."""

    uid: str
    revision: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    who: str
    room: str
    practitioner: str
    """Named where the feed is of a room; may be empty."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A feed with its visits."""

    name: str
    place: str
    email: str
    zone: ZoneInfo
    entries: Sequence[Entry]


def calendar(feed: Calendar) -> bytes:
    """The document, the same for the same visits.

    Times are UTC, which every program shows in its reader's zone: in a local time the hour that the clock repeats could
    not be told from itself. It is published whole: what is no longer in it is no longer in the reader's calendar.
    """
    document = icalendar.Calendar()
    document.add("prodid", PRODUCT)
    document.add("version", "2.0")
    document.add("calscale", "GREGORIAN")
    document.add("method", "PUBLISH")
    name = icalendar.vText(one_line(feed.name))  # the library escapes texts of its own properties only
    for label in ("name", "x-wr-calname"):
        document.add(label, name)
    document.add("x-wr-timezone", feed.zone.key)
    document.add("refresh-interval", REFRESH)
    document["refresh-interval"].params["VALUE"] = "DURATION"
    document.add("x-published-ttl", "PT15M")
    for entry in feed.entries:
        document.add_component(_event(entry, feed))
    if not feed.entries:
        document.add_component(_timezone(feed.zone))  # a document without any component is no valid one
    content: bytes = document.to_ical()
    return content


def _event(entry: Entry, feed: Calendar) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.revision)
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", one_line(f"{entry.title} · {entry.who}"))
    event.add("location", one_line(", ".join(filter(None, (entry.room, feed.place)))))
    if entry.practitioner:
        event.add("description", one_line(f"With {entry.practitioner}"))
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    organizer = icalendar.vCalAddress(f"mailto:{quote(feed.email, safe='@')}")
    organizer.params["CN"] = one_line(feed.place).replace("\\", "/")  # a parameter knows no escaping of it
    event.add("organizer", organizer)
    return event


@cache
def _timezone(zone: ZoneInfo) -> icalendar.Timezone:
    return icalendar.Timezone.from_tzinfo(zone)
