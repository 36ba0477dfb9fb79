"""Working time as periods of instants (pure): weekly hours, breaks and extra hours, put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.places.wallclock import at_wall_clock_or_after
from plans.scheduling.rules import Period, merged


@dataclass(frozen=True, slots=True)
class Extra:
    """Wall-clock time on one date that is open besides the weekly hours; of a practitioner's own, or the location's."""

    day: date
    opens_at: time
    closes_at: time
    practitioner: UUID | None = None


def extra_periods(extras: Iterable[Extra], first: date, last: date, zone: ZoneInfo) -> list[Period]:
    """These extra hours on the local dates `first` to `last`: instants in order, merged where they touch."""
    return merged(
        (at_wall_clock_or_after(row.day, row.opens_at, zone), at_wall_clock_or_after(row.day, row.closes_at, zone))
        for row in extras
        if first <= row.day <= last
    )


def intersected(some: Sequence[Period], others: Sequence[Period]) -> list[Period]:
    """The time that lies in both; each is in order and without overlaps, as `merged` makes it."""
    found: list[Period] = []
    one = other = 0
    while one < len(some) and other < len(others):
        start = max(some[one][0], others[other][0])
        end = min(some[one][1], others[other][1])
        if start < end:
            found.append((start, end))
        if some[one][1] <= others[other][1]:
            one += 1
        else:
            other += 1
    return found


def without(some: Sequence[Period], others: Sequence[Period]) -> list[Period]:
    """The time of `some` that is not in `others`; each is in order and without overlaps, as `merged` makes it."""
    found: list[Period] = []
    at = 0
    for start, end in some:
        while at < len(others) and others[at][1] <= start:
            at += 1
        left, following = start, at
        while following < len(others) and others[following][0] < end:
            if left < others[following][0]:
                found.append((left, others[following][0]))
            left = max(left, others[following][1])
            following += 1
        if left < end:
            found.append((left, end))
    return found


def covers(periods: Iterable[Period], asked: Period) -> bool:
    """Whether one of `periods`, which do not touch each other, holds all of `asked`."""
    return any(start <= asked[0] and asked[1] <= end for start, end in periods)
