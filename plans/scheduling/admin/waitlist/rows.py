"""Somebody who waits, as lists show them. None of it asks the database, but for the visits that they have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin

from clinic.console.acts import Button, buttons
from clinic.console.badges import Badge, Tone
from clinic.console.reader import Reader
from clinic.places.wallclock import local_date
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.queries.waitlist import present_visits, title_of
from plans.scheduling.queries.wishes import wishes_of

Status = WaitlistEntry.Status
BADGES = {
    Status.WAITING: Badge(Tone.NEUTRAL, "Waits", "hourglass_empty"),
    Status.OFFERED: Badge(Tone.SOON, "Told, to answer", "phone_in_talk"),
    Status.BOOKED: Badge(Tone.DONE, "Booked"),
    Status.DECLINED: Badge(Tone.NEUTRAL, "Declined", "thumb_down"),
    Status.WITHDRAWN: Badge(Tone.NEUTRAL, "Taken off", "person_remove"),
}
OVER = Badge(Tone.NEUTRAL, "Waits no more", "event_available")
URGENT = Badge(Tone.STOP, "Urgent", "priority_high")
TAKEN = Badge(Tone.SOON, "Taken meanwhile", "event_busy")
PAST = Badge(Tone.SOON, "This time is past", "history")


@dataclass(frozen=True, slots=True)
class WaitlistRow:
    """One who waits, as lists show it."""

    entry: Any
    title: str
    badge: Badge
    wishes: str
    present: Appointment | None
    offer: str
    """The time that stands offered; empty without one."""
    stale: Badge | None
    """Why the offered time cannot be had any more."""
    acts: list[Button]


def rows_of(
    who: Reader, entries: Iterable[Any], present: Mapping[UUID, Appointment] | None = None
) -> list[WaitlistRow]:
    """One row each of `waitlist_in_full`, with the legal acts. No query, but for the `present` visits where these are
    not known."""
    entries = list(entries)
    present = present_visits(entries) if present is None else present
    return [_row(who, entry, present.get(entry.present_id)) for entry in entries]


def _row(who: Reader, entry: Any, present: Appointment | None) -> WaitlistRow:
    is_offered = entry.status == Status.OFFERED
    return WaitlistRow(
        entry=entry,
        title=title_of(entry),
        badge=OVER if entry.over else BADGES[entry.status],
        wishes=wishes_in_words(who, entry),
        present=present,
        offer=offer_in_words(who, entry) if is_offered else "",
        stale=_stale(who, entry) if is_offered else None,
        acts=buttons(admin.site._registry[WaitlistEntry], who.user, entry, ("accept", "decline")),
    )


def _stale(who: Reader, entry: Any) -> Badge | None:
    if entry.offered_starts_at < who.now:
        return PAST
    return TAKEN if entry.offer_is_taken else None


def offer_in_words(who: Reader, entry: Any) -> str:
    """“Tue 24 Nov 09:30 with Dr Rowan”; empty where no time stands offered."""
    if entry.offered_starts_at is None:
        return ""
    return f"{who.moment(entry.offered_starts_at, entry.location.zone)} with {entry.offered_practitioner}"


def wishes_in_words(who: Reader, entry: Any) -> str:
    """“Dr Rowan, Monday and Tuesday, 09:00 to 12:00, until Tue 24 Nov”; “Any time” without any."""
    today = local_date(who.now, entry.location.zone)
    said = wishes_of(entry).in_words(today, entry.practitioner or "") or "any time"
    return said[0].upper() + said[1:]
