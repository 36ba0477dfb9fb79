"""Rules of booking that need no database (pure): opening times as instants, the grid, intervals, shape of the input."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.errors import Invalid, TooEarly
from clinic.places.wallclock import at_wall_clock_or_after, check_written, local_date, local_time

Period = tuple[datetime, datetime]
"""Half-open instants `[start, end)`."""
Days = tuple[date | None, date | None]
"""First and last local date, both included; `None` is without end."""

MAX_DURATION = timedelta(hours=12)
MAX_SEARCH_DAYS = 92
CALENDAR_YEARS = range(2000, 2200)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """One weekly period of wall-clock time; of a practitioner's own, or (without one) of the location."""

    weekday: int
    opens_at: time
    closes_at: time
    valid: Days
    practitioner: UUID | None = None

    def holds_on(self, day: date) -> bool:
        return day.isoweekday() == self.weekday and within(day, self.valid)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another session of the same plan that is booked, by the local date of its visit."""

    sequence: int
    day: date
    minimum_interval_days: int
    """What must lie between it and the session before it."""


def within(day: date, days: Days) -> bool:
    """Whether `day` lies in `days`."""
    first, last = days
    return (first is None or first <= day) and (last is None or day <= last)


def dates(first: date, last: date) -> Iterable[date]:
    """Every date from `first` to `last`, both included."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def open_periods(hours: Iterable[Hours], first: date, last: date, zone: ZoneInfo) -> list[Period]:
    """When these hours are open on the local dates `first` to `last`: instants in order, merged where they touch.

    A wall-clock time that the clock skips moves forward, so a period inside the skipped hour vanishes.
    """
    by_weekday: dict[int, list[Hours]] = {}
    for row in hours:
        by_weekday.setdefault(row.weekday, []).append(row)
    found = [
        (at_wall_clock_or_after(day, row.opens_at, zone), at_wall_clock_or_after(day, row.closes_at, zone))
        for day in dates(first, last)
        for row in by_weekday.get(day.isoweekday(), ())
        if row.holds_on(day)
    ]
    return merged(found)


def merged(periods: Iterable[Period]) -> list[Period]:
    """The same time as non-overlapping periods in order; empty ones are left out."""
    result: list[Period] = []
    for start, end in sorted(periods):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def grid(periods: Iterable[Period], slot: timedelta, duration: timedelta, zone: ZoneInfo) -> list[Period]:
    """Runs `(first, last)` of the starts at which a visit of `duration` fits, `slot` apart, both ends included.

    Starts lie on the local wall clock's grid, counted from midnight. Where the clock changes inside a period, every
    start is a run of its own: an hour that happens twice offers its times twice.
    """
    runs: list[Period] = []
    for start, end in periods:
        last = end - duration
        if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
            first = start + _until_next(local_time(start, zone), slot)
            if first <= last:
                runs.append((first, last))
            continue
        instant = start + _until_next(local_time(start, zone), MINUTE)
        while instant <= last:
            if not _until_next(local_time(instant, zone), slot):
                runs.append((instant, instant))
            instant += MINUTE
    return runs


def _until_next(clock: time, step: timedelta) -> timedelta:
    since_midnight = timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )
    return -since_midnight % step


def qualified_days(
    qualifications: Mapping[str, Days], modalities: Iterable[str], first: date, last: date
) -> tuple[date, date] | None:
    """The dates between `first` and `last` on which all of `modalities` are covered; `None` where there is none."""
    for modality in modalities:
        if modality not in qualifications:
            return None
        valid_from, valid_until = qualifications[modality]
        first = max(first, valid_from or first)
        last = min(last, valid_until or last)
    return (first, last) if first <= last else None


def bookable_days(
    window_start: date, sequence: int, minimum_interval_days: int, neighbours: Sequence[Neighbour]
) -> tuple[date, date | None]:
    """Between which dates a session can be booked, given the booked sessions of its plan.

    From its window's start, the minimum interval after every earlier session, and far enough before every later one.
    """
    earliest = window_start
    latest: date | None = None
    for other in neighbours:
        if other.sequence < sequence:
            earliest = max(earliest, other.day + timedelta(days=minimum_interval_days))
        elif other.sequence > sequence:
            limit = other.day - timedelta(days=other.minimum_interval_days)
            latest = limit if latest is None else min(latest, limit)
    return earliest, latest


def check_not_too_early(
    day: date,
    window_start: date,
    sequence: int = 0,
    minimum_interval_days: int = 0,
    neighbours: Sequence[Neighbour] = (),
) -> None:
    """Refuse a date before the window, or nearer to a neighbouring booked session than the protocol allows.

    Raises `TooEarly`; `extra` names the `earliest` date and the `rule`, and where a later session stands in the way,
    the `latest` date.
    """
    earliest, latest = bookable_days(window_start, sequence, minimum_interval_days, neighbours)
    if day < window_start:
        raise TooEarly(
            f"Too early: the window opens on {window_start}.",
            attr="starts_at",
            extra={"earliest": earliest.isoformat(), "rule": "window_start"},
        )
    if day < earliest:
        raise TooEarly(
            f"Too early: at least {minimum_interval_days} days must lie after the session before, so not before "
            f"{earliest}.",
            attr="starts_at",
            extra={"earliest": earliest.isoformat(), "rule": "minimum_interval"},
        )
    if latest is not None and day > latest:
        raise TooEarly(
            f"The session after this one is booked, and would be too early: this one can be on {latest} at the latest.",
            attr="starts_at",
            extra={"earliest": earliest.isoformat(), "latest": latest.isoformat(), "rule": "minimum_interval"},
        )


def check_start(starts_at: datetime, zone: ZoneInfo) -> None:
    """Refuse a start without offset, off the calendar, or at a local time that the clock skips. Raises `Invalid`."""
    if starts_at.utcoffset() is None:
        raise Invalid("Give the time with its offset, such as 2026-03-09T09:00:00-04:00.", attr="starts_at")
    if starts_at.year not in CALENDAR_YEARS:
        raise Invalid("This year is not on the calendar.", attr="starts_at")
    check_written(starts_at, zone, attr="starts_at")


def check_duration(duration: timedelta) -> None:
    """Refuse a visit of no time, or of more than 12 hours. Raises `Invalid`."""
    if not timedelta(0) < duration <= MAX_DURATION:
        raise Invalid("A visit lasts 1 to 720 minutes.", attr="duration_minutes")


def check_lead_time(starts_at: datetime, now: datetime, lead: timedelta) -> None:
    """Refuse a start in the past, or nearer than the location's lead time. Raises `Invalid`."""
    if starts_at < now:
        raise Invalid("This time is past.", attr="starts_at")
    if starts_at < now + lead:
        raise Invalid(f"Visits here are booked at least {lead // MINUTE} minutes ahead.", attr="starts_at")


def check_search_days(first: date, last: date) -> None:
    """Refuse a search off the calendar, backwards, or over more than 92 days. Raises `Invalid`."""
    for day, attr in ((first, "from"), (last, "to")):
        if day.year not in CALENDAR_YEARS:
            raise Invalid("This year is not on the calendar.", attr=attr)
    if last < first:
        raise Invalid("The last day is before the first.", attr="to")
    if (last - first).days >= MAX_SEARCH_DAYS:
        raise Invalid(f"A search covers at most {MAX_SEARCH_DAYS} days, both ends included.", attr="to")


def days_touched(period: Period, zone: ZoneInfo) -> tuple[date, date]:
    """The first and last local date of `period`."""
    start, end = period
    return local_date(start, zone), local_date(end - timedelta(microseconds=1), zone)
