"""Dates, times and ages as people at a clinic say them (pure)."""

from collections.abc import Collection
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

NBSP = "\N{NO-BREAK SPACE}"


def day(value: date, today: date) -> str:
    """“Today”, “Tomorrow”, “Yesterday”, “Tue 24 Nov”, or with the year where it is not this one's neighbourhood."""
    distance = (value - today).days
    if distance in _NEAR:
        return _NEAR[distance]
    if abs(distance) < _WITHOUT_YEAR_DAYS:
        return f"{value:%a} {value.day} {value:%b}"
    return f"{value.day} {value:%b %Y}"


def date_in_full(value: date) -> str:
    """“9 March 2026”: for what stays true whenever it is read."""
    return f"{value.day} {value:%B %Y}"


def within(said: str) -> str:
    """What `day` or `moment` said, as it stands within a sentence: “tomorrow 09:30”, “Tue 24 Nov”."""
    return said[0].lower() + said[1:] if said.startswith(tuple(_NEAR.values())) else said


def moment(instant: datetime, zone: ZoneInfo, today: date) -> str:
    """The local day and time in `zone`: “Tomorrow 09:30”."""
    local = instant.astimezone(zone)
    return f"{day(local.date(), today)} {local:%H:%M}"


def clock_time(instant: datetime, zone: ZoneInfo) -> str:
    """“09:30” in `zone`."""
    return f"{instant.astimezone(zone):%H:%M}"


def zone_name(zone: ZoneInfo) -> str:
    """The place a zone is named after: “New York”."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def days(count: int) -> str:
    """“1 day”, “12 days”."""
    return f"{count} day" if count == 1 else f"{count} days"


def count_of(number: int, what: str) -> str:
    """“1 plan”, “10,000 plans”."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def overdue(last_day: date, today: date) -> str:
    """How long it is overdue: “Overdue by 12 days”."""
    return f"Overdue by {days((today - last_day).days)}"


def window(first: date, last: date, today: date) -> str:
    """Where today stands to a window: “Opens Tue 1 Dec”, “Due until tomorrow”, “Overdue by 3 days”."""
    if today < first:
        return f"Opens {within(day(first, today))}"
    if today > last:
        return overdue(last, today)
    return "Due today" if first == last else f"Due until {within(day(last, today))}"


def age(born: date, today: date) -> int:
    """Completed years of life."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def since(instant: datetime, now: datetime) -> str:
    """How long ago: “just now”, “12 min ago”, “3 h ago”, “5 days ago”."""
    minutes = int((now - instant).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    return f"{days(minutes // (24 * 60))} ago"


def weekdays(days: Collection[int]) -> str:
    """“Monday, Tuesday and Friday” for ISO weekdays in any order; empty for none."""
    *first, last = [_WEEKDAYS[number - 1] for number in sorted(days)] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def hours(since: time | None, until: time | None) -> str:
    """“09:00 to 12:00”, “from 09:00”, “done by 12:00”; empty where any time of day will do."""
    if since is not None and until is not None:
        return f"{since:%H:%M} to {until:%H:%M}"
    if since is not None:
        return f"from {since:%H:%M}"
    return f"done by {until:%H:%M}" if until is not None else ""


_NEAR = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}
_WITHOUT_YEAR_DAYS = 180
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
