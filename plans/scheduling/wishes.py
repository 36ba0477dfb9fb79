"""What suits somebody, in days, hours and people; and why a wait is over (pure)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import words


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


class Timed(Protocol):
    """A time with somebody: free, or booked."""

    @property
    def practitioner_id(self) -> UUID: ...

    @property
    def starts_at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime: ...


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

    def __bool__(self) -> bool:
        return bool(self.weekdays) or any(
            wish is not None
            for wish in (self.practitioner_id, self.earliest, self.latest, self.time_from, self.time_until)
        )

    def missed(self, visit: Timed, zone: ZoneInfo) -> tuple[str, ...]:
        """The names of the wishes that a visit does not meet, by the clocks of `zone`; of the two for the time of day
        one at most. A visit lies wholly within the hours that suit, and ends on the day on which it begins."""
        starts, ends = visit.starts_at.astimezone(zone), visit.ends_at.astimezone(zone)
        day = starts.date()
        is_soon = self.time_from is not None and starts.time() < self.time_from
        is_late = self.time_until is not None and (ends.date() > day or ends.time() > self.time_until)
        found = {
            "practitioner_id": self.practitioner_id not in (None, visit.practitioner_id),
            "earliest": self.earliest is not None and day < self.earliest,
            "latest": self.latest is not None and day > self.latest,
            "weekdays": bool(self.weekdays) and day.isoweekday() not in self.weekdays,
            "time_from": is_soon,
            "time_until": is_late and not is_soon,
        }
        return tuple(name for name, is_missed in found.items() if is_missed)

    def met_by(self, visit: Timed, zone: ZoneInfo) -> bool:
        """Whether a visit is as they wish; `queries.wishes.meeting` says the same in SQL."""
        return not self.missed(visit, zone)

    def against(self, visit: Timed, zone: ZoneInfo) -> str:
        """Why a visit does not suit them, in words; empty where it does."""
        for name in self.missed(visit, zone):
            return self._refused(name)
        return ""

    def _refused(self, name: str) -> str:
        if name == "practitioner_id":
            return "Wants to see somebody else."
        if name == "weekdays":
            return f"Comes on {words.weekdays(self.weekdays)} only."
        wish = getattr(self, name)
        said = f"{wish:%H:%M}" if isinstance(wish, time) else words.date_in_full(wish)
        if name == "time_until":
            return f"Must be done by {said}."
        return f"Cannot come {'after' if name == 'latest' else 'before'} {said}."

    def in_words(self, today: date, practitioner: object = "") -> str:
        """“Dr Rowan, Monday and Tuesday, 09:00 to 12:00, until Tue 24 Nov”; empty where any time will do.

        `practitioner` is the name of the one they wish for.
        """
        parts = (
            str(practitioner) if self.practitioner_id is not None else "",
            words.weekdays(self.weekdays),
            words.hours(self.time_from, self.time_until),
            f"from {words.within(words.day(self.earliest, today))} on" if self.earliest else "",
            f"until {words.within(words.day(self.latest, today))}" if self.latest else "",
        )
        return ", ".join(filter(None, parts))


ANY_TIME = Wishes()
