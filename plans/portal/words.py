"""Dates and times as patients read them, in the language that is active: the same as in their mail (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from plans.messages.render.dates import date_of, day_of, time_of, weekday_of, zone_label


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in the words of its place."""

    day: str
    """“Tuesday 24 November 2026”."""
    time: str
    """“09:30”."""
    zone: str
    """“New York time, EST”."""
    iso: str
    """Local, with its offset: for machines that read the page."""


def moment(instant: datetime, zone: ZoneInfo) -> Moment:
    local = instant.astimezone(zone)
    return Moment(_day(local), time_of(local), zone_label(instant, zone), local.isoformat())


def day(value: date) -> str:
    """“Tuesday 24 November 2026”."""
    return _day(datetime.combine(value, time.min))


def short_day(value: date) -> str:
    """“24 November 2026”."""
    return day_of(datetime.combine(value, time.min))


def time_of_day(local: datetime) -> str:
    """“09:30”, of an instant in its own zone."""
    return time_of(local)


def _day(local: datetime) -> str:
    return date_of(weekday_of(local), day_of(local))
