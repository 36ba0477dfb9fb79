"""Which of several free times is the best one for a patient, and which of many are shown (pure)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.places.wallclock import local_date, local_time
from plans.scheduling.wishes import ANY_TIME, Wishes

UNSUITED_DAYS = 7
"""How many days further from the target a time counts for each wish of the patient that it misses."""
NOON = time(12)


class Slot(NamedTuple):
    """A visit that could be booked now."""

    practitioner_id: UUID
    room_id: UUID
    starts_at: datetime
    ends_at: datetime


Rank = tuple[bool, int, int, bool, timedelta, datetime]


@dataclass(frozen=True, slots=True)
class Preference:
    """What makes one free slot better than another.

    In this order: the slots of the practitioner who knows the patient; then what is nearest to the target date, where
    a weekday that does not suit the patient counts as a week further off, and so does a time of day; then the nearer
    day; then the weekday and the time of day of the visit before; then the earlier start. What is not known makes no
    difference.
    """

    practitioner_id: UUID | None = None
    target: date | None = None
    wishes: Wishes = ANY_TIME
    """The days and hours that suit the patient; with whom is `practitioner_id`."""
    before: Slot | None = None
    """The visit before it in a series."""
    at: datetime | None = None
    """When the visit that moves stands: then its day comes first, the nearest time on it, and only then with whom."""

    def best_first(self, slots: Iterable[Slot], zone: ZoneInfo) -> list[Slot]:
        """`slots` from the best to the worst; equal ones stay in their order."""
        return sorted(slots, key=self.rank(zone))

    def rank(self, zone: ZoneInfo) -> Callable[[Slot], Rank]:
        """A key to sort slots by. Local dates and times are those of `zone`."""
        known: dict[datetime, tuple[int, int, bool, timedelta]] = {}

        def key(slot: Slot) -> Rank:
            if self.at is not None:
                days, minutes = self._from_present(slot, self.at, zone)
                return False, days, minutes, slot.practitioner_id != self.practitioner_id, timedelta(0), slot.starts_at
            distance = known.get(slot.starts_at)
            if distance is None:
                distance = known[slot.starts_at] = (*self._from_target(slot, zone), *self._from_before(slot, zone))
            return slot.practitioner_id != self.practitioner_id, *distance, slot.starts_at

        return key

    def _from_target(self, slot: Slot, zone: ZoneInfo) -> tuple[int, int]:
        """Days from the target with what the patient's wishes add to them, and without."""
        days = abs((local_date(slot.starts_at, zone) - self.target).days) if self.target else 0
        return days + UNSUITED_DAYS * len(self.wishes.missed(slot, zone)), days

    @staticmethod
    def _from_present(slot: Slot, at: datetime, zone: ZoneInfo) -> tuple[int, int]:
        """Days from the visit that moves, and minutes from its time of day, by the clock on the wall."""
        own, other = (one.astimezone(zone).replace(tzinfo=None) for one in (slot.starts_at, at))
        days = (own.date() - other.date()).days
        return abs(days), int(abs(own - other - timedelta(days=days)) / timedelta(minutes=1))

    def _from_before(self, slot: Slot, zone: ZoneInfo) -> tuple[bool, timedelta]:
        """Whether it is on another weekday than the visit before, and how far from its time of day."""
        if self.before is None:
            return False, timedelta(0)
        own, other = (one.starts_at.astimezone(zone).replace(tzinfo=None) for one in (slot, self.before))
        whole_days = timedelta(days=(own.date() - other.date()).days)
        return own.isoweekday() != other.isoweekday(), abs(own - other - whole_days)


def spread(slots: Sequence[Slot], most: int, keep: Iterable[Slot] = ()) -> list[Slot]:
    """At most `most` of one day's `slots`, evenly from the first to the last, half hours first; and those to `keep`."""
    shown = list(slots)
    if len(shown) > most:
        even = [slot for slot in shown if slot.starts_at.minute in (0, 30)]
        shown = even if len(even) >= max(most // 2, 1) else shown
    if len(shown) > most:
        step = (len(shown) - 1) / max(most - 1, 1)
        shown = [shown[round(place * step)] for place in range(most)]
    return sorted({*shown, *keep}, key=lambda slot: (slot.starts_at, slot.practitioner_id))


def of_half_days(slots: Iterable[Slot], zone: ZoneInfo, known: UUID | None = None) -> list[Slot]:
    """The first of each morning and each afternoon: something to choose from, not five quarters of one hour.

    Of several at once that of the practitioner who is `known` to the patient. `slots` and answer are in order.
    """
    first: dict[tuple[date, bool], Slot] = {}
    for slot in slots:
        half = (local_date(slot.starts_at, zone), local_time(slot.starts_at, zone) >= NOON)
        other = first.setdefault(half, slot)
        if slot.starts_at == other.starts_at and slot.practitioner_id == known:
            first[half] = slot
    return list(first.values())
