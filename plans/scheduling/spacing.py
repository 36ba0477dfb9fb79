"""Chooses a time for each of several visits that follow one another with days in between (pure)."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar

T = TypeVar("T")
Gaps = Sequence[Sequence[int]]
"""For each visit, how many days must lie between it and each of those before it."""


class NoTime(Exception):
    """There is no time for one of the visits, counted from 0."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def first_days(opens: Sequence[date], gaps: Gaps) -> list[date]:
    """The earliest date of each visit, where none can be before its day in `opens`."""
    found: list[date] = []
    for day, apart in zip(opens, gaps, strict=True):
        found.append(max([day, *_after(found, apart)]))
    return found


def choose(options: Sequence[Sequence[T]], days: Sequence[Sequence[date]], gaps: Gaps, best: "Best[T]") -> list[T]:
    """One of the `options` of each visit, in their order, that keeps the gaps; `days` are the options' local dates.

    `best` chooses among those that leave a time for every visit after it. Raises `NoTime` for the first visit for which
    nothing is left even if all before it are as early as they can be.
    """
    last = _last_days(days, gaps)
    chosen: list[T] = []
    on: list[date] = []
    for place, apart in enumerate(gaps):
        first = max(_after(on, apart), default=date.min)
        left = [
            (option, day)
            for option, day in zip(options[place], days[place], strict=True)
            if first <= day <= last[place]
        ]
        option, day = best(place, left, chosen)
        chosen.append(option)
        on.append(day)
    return chosen


Best = Callable[[int, Sequence[tuple[T, date]], Sequence[T]], tuple[T, date]]
"""From a visit, what is left for it and what was chosen before it, to the one to take."""


def span(place: int, on: Sequence[date], gaps: Gaps) -> tuple[date, date]:
    """Between which dates the visit at `place` can move while all the others stay on theirs."""
    first = max(_after(on[:place], gaps[place]), default=date.min)
    later = (on[after] - timedelta(days=gaps[after][place]) for after in range(place + 1, len(on)))
    return first, min(later, default=date.max)


def _after(days: Sequence[date], apart: Sequence[int]) -> list[date]:
    return [day + timedelta(days=gap) for day, gap in zip(days, apart, strict=True)]


def _last_days(days: Sequence[Sequence[date]], gaps: Gaps) -> list[date]:
    """The last date of each visit that leaves one for every visit after it.

    Gaps only ask for more days, so whatever the earliest dates cannot do, no dates can.
    """
    earliest: list[date] = []
    for place, apart in enumerate(gaps):
        first = max(_after(earliest, apart), default=date.min)
        possible = [day for day in days[place] if day >= first]
        if not possible:
            raise NoTime(place)
        earliest.append(min(possible))
    last = [date.max] * len(gaps)
    for place in reversed(range(len(gaps))):
        bounds = [last[after] - timedelta(days=gaps[after][place]) for after in range(place + 1, len(gaps))]
        bound = min(bounds, default=date.max)
        last[place] = max(day for day in days[place] if day <= bound)
    return last
