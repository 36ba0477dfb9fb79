"""Which of several free times is the best one for a patient (pure)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

UNSUITED_DAYS = 7
"""How many days further from the target a time counts for each wish of the patient that it misses."""


class Slot(NamedTuple):
    """A visit that could be booked now."""

    practitioner_id: UUID
    room_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wishes:
    """The days and times of day that suit a patient; without any, all do."""

    weekdays: frozenset[int] = frozenset()
    """ISO: 1 is Monday."""
    come_from: time | None = None
    done_by: time | None = None

    def __bool__(self) -> bool:
        return bool(self.weekdays) or self.come_from is not None or self.done_by is not None

    def missed(self, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> int:
        """How many of the two, weekday and time of day, a visit misses on the local wall clock: 0 suits them."""
        start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
        is_wrong_day = bool(self.weekdays) and start.isoweekday() not in self.weekdays
        too_soon = self.come_from is not None and start.time() < self.come_from
        too_late = self.done_by is not None and (end.time() > self.done_by or end.date() > start.date())
        return is_wrong_day + (too_soon or too_late)


@dataclass(frozen=True, slots=True)
class Preference:
    """What makes one free slot better than another.

    In this order: the slots of the practitioner who knows the patient; then what is nearest to the target date, where
    a weekday that does not suit the patient counts as a week further off, and so does a time of day; then the nearer
    day; then the earlier start. What is not known makes no difference.
    """

    practitioner_id: UUID | None = None
    target: date | None = None
    wishes: Wishes = Wishes()

    def best_first(self, slots: Iterable[Slot], zone: ZoneInfo) -> list[Slot]:
        """`slots` from the best to the worst; equal ones stay in their order."""
        return sorted(slots, key=self.rank(zone))

    def rank(self, zone: ZoneInfo) -> Callable[[Slot], tuple[bool, int, int, datetime]]:
        """A key to sort slots by. Local dates are those of `zone`."""
        known: dict[datetime, tuple[int, int]] = {}

        def key(slot: Slot) -> tuple[bool, int, int, datetime]:
            distance = known.get(slot.starts_at)
            if distance is None:
                distance = known[slot.starts_at] = self._distance(slot, zone)
            return slot.practitioner_id != self.practitioner_id, *distance, slot.starts_at

        return key

    def _distance(self, slot: Slot, zone: ZoneInfo) -> tuple[int, int]:
        """Days from the target with what the patient's wishes add to them, and without."""
        days = abs((slot.starts_at.astimezone(zone).date() - self.target).days) if self.target else 0
        return days + UNSUITED_DAYS * self.wishes.missed(slot.starts_at, slot.ends_at, zone), days
