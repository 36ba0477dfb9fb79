"""Where things stand on the board (pure): rows of five minutes, lanes beside each other, and what stands at the axis.

A day is drawn by its instants, 23, 24 or 25 hours of them, so that the hour which happens twice has two rows. A week
is drawn by the wall clock, because its days share one axis: there the two passes of that hour lie beside each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.places.wallclock import local_day_bounds
from plans.scheduling.rules import Period

UNIT = timedelta(minutes=5)
"""The height of one row. A quarter of an hour has three."""
QUARTER = 3
HALF_HOUR = timedelta(minutes=30)
MARGIN = timedelta(minutes=30)
"""What is shown before the first and after the last thing of a day."""
SHORTEST = 3
"""Rows that the shortest visit takes, so that it can be read and hit."""
USUAL_DAY = (timedelta(hours=8), timedelta(hours=18))
"""From local midnight: what is shown of a day on which nothing is open and nothing happens."""


@dataclass(frozen=True, slots=True)
class Span:
    """Rows from `at`, `rows` of them."""

    at: int
    rows: int

    @property
    def end(self) -> int:
        return self.at + self.rows

    @property
    def css(self) -> str:
        """The classes of the board's stylesheet that put it there."""
        return f"b-at-{self.at} b-for-{self.rows}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A span in one of the lanes of its column."""

    span: Span
    lane: int
    lanes: int

    @property
    def css(self) -> str:
        return f"{self.span.css} b-lane-{self.lane} b-of-{self.lanes}" if self.lanes > 1 else self.span.css


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the board; a full hour has a label."""

    at: int
    label: str

    @property
    def css(self) -> str:
        return f"b-at-{self.at}"


@dataclass(frozen=True, slots=True)
class DayScale:
    """The rows of one local day, by instants."""

    day: date
    zone: ZoneInfo
    top: datetime
    bottom: datetime

    @property
    def rows(self) -> int:
        return (self.bottom - self.top) // UNIT

    def span(self, start: datetime, end: datetime) -> Span | None:
        """The rows from `start` to `end`, as far as the day shows that time; None where it shows none of it."""
        start, end = max(start, self.top), min(end, self.bottom)
        if start >= end:
            return None
        first = (start - self.top) // UNIT
        return Span(first, max(-(-(end - self.top) // UNIT) - first, 1))

    def row_of(self, instant: datetime) -> int | None:
        """The row in which `instant` lies; None outside of what is shown."""
        return (instant - self.top) // UNIT if self.top <= instant < self.bottom else None

    def ticks(self) -> list[Tick]:
        """A line for every quarter of an hour that the clocks show; the hour that happens twice names its zone."""
        return [
            Tick(at, self.label_of(at) if self._local(at).minute == 0 else "") for at in range(0, self.rows, QUARTER)
        ]

    def label_of(self, row: int) -> str:
        """What clocks show where `row` begins: “09:15”, “02:15 CET” in an hour that happens twice."""
        local = self._local(row)
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return f"{local:%H:%M %Z}" if twice else f"{local:%H:%M}"

    def _local(self, row: int) -> datetime:
        return (self.top + row * UNIT).astimezone(self.zone)


def day_scale(day: date, zone: ZoneInfo, shown: Iterable[Period]) -> DayScale:
    """The day's rows: half an hour around everything in `shown`, to the half hour, within the local day."""
    begins, ends = local_day_bounds(day, zone)
    first, last = _covering(shown, begins, ends, USUAL_DAY)
    return DayScale(day, zone, first, last)


def _covering(shown: Iterable[Period], begins: datetime, ends: datetime, usual: tuple[timedelta, timedelta]) -> Period:
    within = [(max(start, begins), min(end, ends)) for start, end in shown if start < ends and end > begins]
    first = min((start for start, _ in within), default=begins + usual[0]) - MARGIN
    last = max((end for _, end in within), default=begins + usual[1]) + MARGIN
    first = begins + (first - begins) // HALF_HOUR * HALF_HOUR
    last = begins - (begins - last) // HALF_HOUR * HALF_HOUR
    return max(first, begins), min(last, ends)


@dataclass(frozen=True, slots=True)
class WeekScale:
    """The rows of several local days, by the wall clock: minutes since midnight from `first` to `last`."""

    zone: ZoneInfo
    first: int
    last: int

    @property
    def rows(self) -> int:
        return (self.last - self.first) // 5

    def span(self, day: date, start: datetime, end: datetime) -> Span | None:
        """The rows that the time from `start` to `end` has on `day`; None where it has none.

        Its beginning is where the clock says, and its length is how long it takes: a visit that lasts through the hour
        which happens twice, or which the clock skips, is as high as it is long.
        """
        begins, ends = local_day_bounds(day, self.zone)
        start, end = max(start, begins), min(end, ends)
        if start >= end:
            return None
        local = start.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        first = max((minute - self.first) // 5, 0)
        length = -(-((end - start).total_seconds() / 60 + minute % 5) // 5)
        last = min((minute - self.first) // 5 + int(length), self.rows)
        return Span(first, last - first) if last > first else None

    def stretches(self, day: date, start: datetime, end: datetime) -> Span | None:
        """The rows between what the clock shows at `start` and at `end`: for hours, which follow the wall clock."""
        begins, ends = local_day_bounds(day, self.zone)
        start, end = max(start, begins), min(end, ends)
        if start >= end:
            return None
        first = max((self._minute(start, begins) - self.first) // 5, 0)
        last = min(-(-(self._minute(end, begins) - self.first) // 5), self.rows)
        return Span(first, last - first) if last > first else None

    def _minute(self, instant: datetime, begins: datetime) -> int:
        local = instant.astimezone(self.zone)
        days = (local.date() - begins.astimezone(self.zone).date()).days
        return days * 24 * 60 + local.hour * 60 + local.minute

    def ticks(self) -> list[Tick]:
        return [Tick(at, self.label_of(at) if (self.first + at * 5) % 60 == 0 else "") for at in range(0, self.rows, 3)]

    def label_of(self, row: int) -> str:
        minute = self.first + row * 5
        return f"{minute // 60:02}:{minute % 60:02}"

    def row_of(self, instant: datetime) -> int | None:
        local = instant.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return (minute - self.first) // 5 if self.first <= minute < self.last else None


def week_scale(days: Sequence[date], zone: ZoneInfo, shown: Iterable[Period]) -> WeekScale:
    """The rows that cover everything in `shown` on each of `days`, with half an hour around it."""
    first, last = 24 * 60, 0
    shown = list(shown)
    for day in days:
        begins, ends = local_day_bounds(day, zone)
        for start, end in shown:
            if start < ends and end > begins:
                first = min(first, _minute_of_day(max(start, begins), day, zone))
                last = max(last, _minute_of_day(min(end, ends), day, zone))
    if first >= last:
        first, last = (int(edge.total_seconds() // 60) for edge in USUAL_DAY)
    return WeekScale(zone, max((first - 30) // 30 * 30, 0), min(-(-(last + 30) // 30) * 30, 24 * 60))


def _minute_of_day(instant: datetime, day: date, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone)
    return (local.date() - day).days * 24 * 60 + local.hour * 60 + local.minute


def lanes(spans: Sequence[Span]) -> list[Placed]:
    """Each span in a lane of its own beside those that it overlaps, in the order given.

    Spans that touch nothing of each other share the whole width; within a knot of overlapping ones everybody gets the
    same width.
    """
    order = sorted(range(len(spans)), key=lambda index: (spans[index].at, -spans[index].rows))
    placed: dict[int, Placed] = {}
    knot: list[tuple[int, int]] = []
    ends: list[int] = []

    def close() -> None:
        for index, lane in knot:
            placed[index] = Placed(spans[index], lane, len(ends))
        knot.clear()
        ends.clear()

    for index in order:
        span = spans[index]
        if ends and span.at >= max(ends):
            close()
        lane = next((lane for lane, end in enumerate(ends) if end <= span.at), len(ends))
        end = span.at + max(span.rows, SHORTEST)
        if lane == len(ends):
            ends.append(end)
        else:
            ends[lane] = end
        knot.append((index, lane))
    close()
    return [placed[index] for index in range(len(spans))]


def length_of(periods: Iterable[Period]) -> timedelta:
    return sum((end - start for start, end in periods), timedelta(0))
