"""Clocks in New York skip 02:00–03:00 on 8 March 2026 and repeat 01:00–02:00 on 1 November; in Madrid the same
happens to 02:00–03:00 on 29 March and 25 October."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.errors import Invalid
from clinic.places import wallclock
from clinic.words import zone_name

NEW_YORK = ZoneInfo("America/New_York")
MADRID = ZoneInfo("Europe/Madrid")
CAIRO = ZoneInfo("Africa/Cairo")  # its clocks skip midnight itself
APIA = ZoneInfo("Pacific/Apia")  # it skipped 30 December 2011


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "instant"),
    [
        (date(2026, 3, 7), time(10), NEW_YORK, utc(2026, 3, 7, 15)),
        (date(2026, 3, 8), time(10), NEW_YORK, utc(2026, 3, 8, 14)),
        (date(2026, 3, 8), time(1, 59), NEW_YORK, utc(2026, 3, 8, 6, 59)),
        (date(2026, 3, 8), time(3), NEW_YORK, utc(2026, 3, 8, 7)),
        (date(2026, 3, 28), time(10), MADRID, utc(2026, 3, 28, 9)),
        (date(2026, 3, 29), time(10), MADRID, utc(2026, 3, 29, 8)),
        (date(2026, 10, 25), time(10), MADRID, utc(2026, 10, 25, 9)),
    ],
)
def test_a_local_time_becomes_the_instant_at_which_clocks_show_it(day, clock, zone, instant):
    assert wallclock.at_wall_clock(day, clock, zone) == instant


@pytest.mark.parametrize(
    ("day", "clock", "zone"),
    [
        (date(2026, 3, 8), time(2), NEW_YORK),
        (date(2026, 3, 8), time(2, 30), NEW_YORK),
        (date(2026, 3, 29), time(2), MADRID),
        (date(2026, 3, 29), time(2, 59, 59), MADRID),
        (date(2026, 4, 24), time(0, 15), CAIRO),
    ],
)
def test_a_local_time_that_the_clock_skips_is_refused(day, clock, zone):
    with pytest.raises(Invalid) as refusal:
        wallclock.at_wall_clock(day, clock, zone, attr="starts_at")
    assert refusal.value.code == "nonexistent_time"
    assert refusal.value.attr == "starts_at"
    assert zone_name(zone) in refusal.value.detail


@pytest.mark.parametrize(
    ("day", "clock", "zone", "first"),
    [
        (date(2026, 11, 1), time(1, 30), NEW_YORK, utc(2026, 11, 1, 5, 30)),
        (date(2026, 10, 25), time(2, 30), MADRID, utc(2026, 10, 25, 0, 30)),
    ],
)
def test_of_an_hour_that_happens_twice_the_first_is_meant(day, clock, zone, first):
    assert wallclock.at_wall_clock(day, clock, zone) == first
    assert wallclock.at_wall_clock(day, clock.replace(fold=1), zone) == first


def test_a_skipped_time_made_by_a_rule_moves_forward():
    assert wallclock.at_wall_clock_or_after(date(2026, 3, 8), time(2, 30), NEW_YORK) == utc(2026, 3, 8, 7, 30)
    assert wallclock.at_wall_clock_or_after(date(2026, 3, 29), time(2, 30), MADRID) == utc(2026, 3, 29, 1, 30)


def test_an_instant_written_at_a_skipped_local_time_is_refused():
    eastern, daylight = timezone(timedelta(hours=-5)), timezone(timedelta(hours=-4))
    for offset in (eastern, daylight):
        with pytest.raises(Invalid, match="02:30 does not exist on 8 March 2026 in New York"):
            wallclock.check_written(datetime(2026, 3, 8, 2, 30, tzinfo=offset), NEW_YORK)


@pytest.mark.parametrize(
    "written",
    [
        utc(2026, 3, 8, 2, 30),
        datetime(2026, 3, 8, 3, 30, tzinfo=timezone(timedelta(hours=-4))),
        datetime(2026, 3, 8, 2, 30, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 7, 2, 30, tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_an_instant_that_somebody_can_mean_is_not_refused(written):
    wallclock.check_written(written, NEW_YORK)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 7), NEW_YORK, 24),
        (date(2026, 3, 8), NEW_YORK, 23),
        (date(2026, 11, 1), NEW_YORK, 25),
        (date(2026, 3, 29), MADRID, 23),
        (date(2026, 10, 25), MADRID, 25),
        (date(2026, 4, 24), CAIRO, 23),
        (date(2011, 12, 30), APIA, 0),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(day, zone, hours):
    start, end = wallclock.local_day_bounds(day, zone)
    assert (end - start) == timedelta(hours=hours)
    if hours:
        assert wallclock.local_date(start, zone) == day
        assert wallclock.local_date(end - timedelta(microseconds=1), zone) == day
        assert wallclock.local_date(end, zone) == day + timedelta(days=1)


def test_the_day_before_at_ten_keeps_its_wall_clock_time_across_the_change():
    start = wallclock.at_wall_clock(date(2026, 3, 8), time(9), NEW_YORK)
    assert wallclock.days_before_at(start, 1, time(10), NEW_YORK) == utc(2026, 3, 7, 15)
    assert wallclock.days_before_at(start, 0, time(10), NEW_YORK) == utc(2026, 3, 8, 14)
    assert wallclock.days_before_at(start, -1, time(10), NEW_YORK) == utc(2026, 3, 9, 14)


def test_days_are_counted_on_the_local_calendar_and_not_in_utc():
    late = wallclock.at_wall_clock(date(2026, 6, 10), time(22), NEW_YORK)
    assert late.date() == date(2026, 6, 11)
    assert wallclock.days_before_at(late, 1, time(10), NEW_YORK) == utc(2026, 6, 9, 14)


def test_a_rule_that_falls_into_the_skipped_hour_still_has_its_instant():
    start = wallclock.at_wall_clock(date(2026, 3, 9), time(9), NEW_YORK)
    assert wallclock.days_before_at(start, 1, time(2, 30), NEW_YORK) == utc(2026, 3, 8, 7, 30)


def test_a_date_at_the_end_of_the_calendar_is_refused_and_not_an_error():
    with pytest.raises(Invalid):
        wallclock.at_wall_clock(date(9999, 12, 31), time(23), NEW_YORK)


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2060, 1, 1)), st.sampled_from([NEW_YORK, MADRID])
)
def test_every_local_time_either_comes_back_or_is_refused(local, zone):
    try:
        instant = wallclock.at_wall_clock(local.date(), local.time(), zone)
    except Invalid:
        moved = wallclock.at_wall_clock_or_after(local.date(), local.time(), zone)
        assert moved.astimezone(zone).replace(tzinfo=None) == local + timedelta(hours=1)
    else:
        assert instant.astimezone(zone).replace(tzinfo=None, fold=0) == local
