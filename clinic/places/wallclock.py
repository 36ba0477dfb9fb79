"""Wall-clock arithmetic: the one place where local dates and times become instants, and back.

Pure: values in, values out. Instants come out in UTC. Python's own rule (PEP 495) decides the hour that happens twice:
its first pass. A local time that never happens, in the hour a clock skips, is refused where a person wrote it and moved
forward by what the clock skipped where a rule made it.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.errors import Invalid
from clinic.words import date_in_full, zone_name

OFFSET_BELOW = timedelta(hours=16)
"""PostgreSQL takes no offset of so much or more; no place on earth has one."""


def at_wall_clock(day: date, clock: time, zone: ZoneInfo, *, attr: str | None = None) -> datetime:
    """The instant at which clocks in `zone` show `clock` on `day`; of two such instants the first.

    Raises `Invalid` (code `nonexistent_time`, for field `attr`) where the clock skips that time.
    """
    local = datetime.combine(day, clock)
    if not _exists(local, zone):
        raise _nonexistent(local, zone, attr)
    return _instant(local, zone)


def at_wall_clock_or_after(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """As `at_wall_clock`, but a skipped time moves forward: 02:30 becomes 03:30 on the day the clock skips an hour."""
    return _instant(datetime.combine(day, clock), zone)


def check_written(instant: datetime, zone: ZoneInfo, *, attr: str | None = None) -> None:
    """Refuse an instant that was written with `zone`'s offset at a local time which `zone` skips.

    2026-03-08T02:30-05:00 is an instant, but nobody in New York can mean it. Written in UTC it is fine.
    Raises `Invalid` (code `nonexistent_time`).
    """
    local = instant.replace(tzinfo=None, fold=0)
    around = {local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    if instant.utcoffset() in around - {timedelta(0)} and not _exists(local, zone):
        raise _nonexistent(local, zone, attr)


def has_odd_offset(instant: datetime) -> bool:
    """Whether `instant` was written with an offset that no place has and PostgreSQL does not take."""
    return abs(instant.utcoffset() or timedelta(0)) >= OFFSET_BELOW


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date on calendars in `zone` at `instant`."""
    return instant.astimezone(zone).date()


def local_time(instant: datetime, zone: ZoneInfo) -> time:
    """What clocks in `zone` show at `instant`."""
    return instant.astimezone(zone).time()


def local_day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The half-open range of instants `[start, end)` that is `day` in `zone`: 23, 24 or 25 hours."""
    return at_wall_clock_or_after(day, time.min, zone), at_wall_clock_or_after(day + timedelta(days=1), time.min, zone)


def days_before_at(instant: datetime, days: int, clock: time, zone: ZoneInfo) -> datetime:
    """The instant at which it is `clock` in `zone`, `days` calendar days before the local date of `instant`.

    Negative `days` are after it. A skipped time moves forward.
    """
    return at_wall_clock_or_after(local_date(instant, zone) - timedelta(days=days), clock, zone)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    try:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{local:%H:%M} on {date_in_full(local)} is out of range.") from None


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return _instant(local, zone).astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0)


def _nonexistent(local: datetime, zone: ZoneInfo, attr: str | None) -> Invalid:
    return Invalid(
        f"{local:%H:%M} does not exist on {date_in_full(local)} in {zone_name(zone)}: the clock skips it.",
        code="nonexistent_time",
        attr=attr,
    )
