"""What suits somebody who waits for an earlier time, and why a wait is over (pure)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.places.wallclock import local_date, local_time
from clinic.words import date_in_full

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Over(Enum):
    """Why nobody waits any more, though nobody took the entry off the list."""

    DONE = "done"
    PAST = "past"
    MET = "met"

    @property
    def in_words(self) -> str:
        return {
            Over.DONE: "What they waited for is done or not owed any more.",
            Over.PAST: "The last day that suits them has passed.",
            Over.MET: "They got a time that suits them in another way.",
        }[self]


@dataclass(frozen=True, slots=True)
class Wishes:
    """When and with whom somebody wants to come. What is empty is open."""

    practitioner_id: UUID | None = None
    earliest: date | None = None
    latest: date | None = None
    weekdays: Collection[int] = ()
    """ISO weekdays, Monday is 1."""
    time_from: time | None = None
    time_until: time | None = None

    def against(self, practitioner_id: UUID, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str | None:
        """Why this time does not suit them, in words; None where it does."""
        day = local_date(starts_at, zone)
        if self.practitioner_id is not None and practitioner_id != self.practitioner_id:
            return "Wants to see somebody else."
        if self.earliest is not None and day < self.earliest:
            return f"Cannot come before {date_in_full(self.earliest)}."
        if self.latest is not None and day > self.latest:
            return f"Cannot come after {date_in_full(self.latest)}."
        if self.weekdays and day.isoweekday() not in self.weekdays:
            return f"Comes on {weekdays_in_words(self.weekdays)} only."
        if self.time_from is not None and local_time(starts_at, zone) < self.time_from:
            return f"Cannot come before {self.time_from:%H:%M}."
        ends_later = local_date(ends_at, zone) > day or (
            self.time_until is not None and local_time(ends_at, zone) > self.time_until
        )
        if self.time_until is not None and ends_later:
            return f"Must be done by {self.time_until:%H:%M}."
        return None


def weekdays_in_words(weekdays: Collection[int]) -> str:
    """“Monday, Tuesday and Friday”."""
    *first, last = (WEEKDAYS[day - 1] for day in sorted(weekdays))
    return f"{', '.join(first)} and {last}" if first else last


def times_in_words(time_from: time | None, time_until: time | None) -> str:
    """“09:00 to 12:00”, “from 09:00”, “done by 12:00”; empty where any time will do."""
    if time_from is not None and time_until is not None:
        return f"{time_from:%H:%M} to {time_until:%H:%M}"
    if time_from is not None:
        return f"from {time_from:%H:%M}"
    return f"done by {time_until:%H:%M}" if time_until is not None else ""
