"""Opening times on the calendar, the grid, intervals and the shape of the input: no database."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.errors import Invalid, TooEarly
from plans.scheduling import rules
from plans.scheduling.rules import Hours, Neighbour, Period

NEW_YORK, MADRID = ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")
SPRING_NY, AUTUMN_NY = date(2026, 3, 8), date(2026, 11, 1)
SPRING_MADRID, AUTUMN_MADRID = date(2026, 3, 29), date(2026, 10, 25)
QUARTER, HALF, HOUR = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def hours(day: date, opens: str, closes: str) -> list[Hours]:
    return [Hours(day.isoweekday(), time.fromisoformat(opens), time.fromisoformat(closes), (None, None))]


def local_starts(runs: list[Period], slot: timedelta, zone: ZoneInfo) -> list[str]:
    """Every start of `runs` as local clocks show it."""
    found = []
    for first, last in runs:
        start = first
        while start <= last:
            found.append(f"{start.astimezone(zone):%H:%M%z}")
            start += slot
    return found


@pytest.mark.parametrize(
    ("zone", "day", "before", "length"),
    [
        (NEW_YORK, SPRING_NY, timedelta(hours=-5), 3),
        (NEW_YORK, AUTUMN_NY, timedelta(hours=-4), 5),
        (MADRID, SPRING_MADRID, timedelta(hours=1), 3),
        (MADRID, AUTUMN_MADRID, timedelta(hours=2), 5),
    ],
)
def test_hours_across_the_clock_change_last_an_hour_less_in_spring_and_more_in_autumn(
    zone: ZoneInfo, day: date, before: timedelta, length: int
) -> None:
    ((start, end),) = rules.open_periods(hours(day, "01:00", "05:00"), day, day, zone)

    assert start == datetime.combine(day, time(1), UTC) - before
    assert end - start == timedelta(hours=length)


@pytest.mark.parametrize(
    ("zone", "sunday"),
    [(NEW_YORK, SPRING_NY), (NEW_YORK, AUTUMN_NY), (MADRID, SPRING_MADRID), (MADRID, AUTUMN_MADRID)],
)
def test_nine_in_the_morning_stays_nine_across_the_clock_change(zone: ZoneInfo, sunday: date) -> None:
    daily = [row for offset in range(7) for row in hours(sunday + timedelta(days=offset), "09:00", "10:00")]

    periods = rules.open_periods(daily, sunday - timedelta(days=1), sunday + timedelta(days=1), zone)

    assert [f"{start.astimezone(zone):%a %H:%M}" for start, _ in periods] == ["Sat 09:00", "Sun 09:00", "Mon 09:00"]
    assert len({start.hour for start, _ in periods}) == 2


def test_hours_that_open_in_the_hour_that_happens_twice_open_in_its_first_pass_and_stay_open() -> None:
    ((start, end),) = rules.open_periods(hours(AUTUMN_NY, "01:30", "04:30"), AUTUMN_NY, AUTUMN_NY, NEW_YORK)

    assert (start, end) == (utc(2026, 11, 1, 5, 30), utc(2026, 11, 1, 9, 30))


def test_opening_hours_within_the_skipped_hour_vanish() -> None:
    assert rules.open_periods(hours(SPRING_NY, "02:00", "03:00"), SPRING_NY, SPRING_NY, NEW_YORK) == []


def test_the_grid_skips_the_hour_that_does_not_exist() -> None:
    periods = rules.open_periods(hours(SPRING_NY, "01:30", "04:00"), SPRING_NY, SPRING_NY, NEW_YORK)

    starts = local_starts(rules.grid(periods, HALF, HALF, NEW_YORK), HALF, NEW_YORK)

    assert starts == ["01:30-0500", "03:00-0400", "03:30-0400"]


def test_the_grid_offers_the_hour_that_happens_twice_twice() -> None:
    periods = rules.open_periods(hours(AUTUMN_NY, "00:30", "02:30"), AUTUMN_NY, AUTUMN_NY, NEW_YORK)

    starts = local_starts(rules.grid(periods, HALF, HALF, NEW_YORK), HALF, NEW_YORK)

    assert starts == ["00:30-0400", "01:00-0400", "01:30-0400", "01:00-0500", "01:30-0500", "02:00-0500"]


def test_the_grid_counts_from_local_midnight_not_from_the_opening() -> None:
    day = date(2026, 3, 9)
    periods = rules.open_periods(hours(day, "08:10", "09:30"), day, day, MADRID)

    assert local_starts(rules.grid(periods, QUARTER, HALF, MADRID), QUARTER, MADRID) == [
        "08:15+0100",
        "08:30+0100",
        "08:45+0100",
        "09:00+0100",
    ]


def test_a_grid_that_does_not_divide_the_hour_follows_the_wall_clock_after_the_change() -> None:
    periods = rules.open_periods(hours(SPRING_NY, "00:00", "06:00"), SPRING_NY, SPRING_NY, NEW_YORK)

    starts = local_starts(rules.grid(periods, timedelta(minutes=45), HALF, NEW_YORK), timedelta(minutes=45), NEW_YORK)

    assert starts == ["00:00-0500", "00:45-0500", "01:30-0500", "03:00-0400", "03:45-0400", "04:30-0400", "05:15-0400"]


def test_a_visit_that_just_fits_is_offered_and_a_longer_one_is_not() -> None:
    period = (utc(2026, 3, 9, 13), utc(2026, 3, 9, 14))

    assert rules.grid([period], QUARTER, HOUR, NEW_YORK) == [(period[0], period[0])]
    assert rules.grid([period], QUARTER, HOUR + timedelta(minutes=1), NEW_YORK) == []


def test_periods_that_touch_or_overlap_become_one() -> None:
    nine, ten, eleven, noon = (utc(2026, 3, 9, hour) for hour in (9, 10, 11, 12))

    assert rules.merged([(ten, eleven), (nine, ten), (noon, noon)]) == [(nine, eleven)]
    assert rules.merged([(nine, eleven), (ten, noon)]) == [(nine, noon)]
    assert rules.merged([(nine, ten), (eleven, noon)]) == [(nine, ten), (eleven, noon)]


def test_hours_hold_on_the_first_and_last_day_of_their_validity_only() -> None:
    monday = date(2026, 3, 9)
    row = Hours(1, time(9), time(17), (monday, monday + timedelta(days=7)))

    holding = [day for day in rules.dates(date(2026, 3, 1), date(2026, 3, 31)) if row.holds_on(day)]

    assert holding == [monday, monday + timedelta(days=7)]


def test_a_qualification_counts_within_its_dates_and_every_modality_counts() -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    held = {"prp": (date(2026, 3, 10), None), "exosome": (None, date(2026, 3, 20))}

    assert rules.qualified_days(held, [], first, last) == (first, last)
    assert rules.qualified_days(held, ["prp", "exosome"], first, last) == (date(2026, 3, 10), date(2026, 3, 20))
    assert rules.qualified_days(held, ["prp", "stem_cell"], first, last) is None
    assert rules.qualified_days(held, ["prp"], first, date(2026, 3, 9)) is None


NEIGHBOURS = (Neighbour(1, date(2026, 3, 9), 14), Neighbour(3, date(2026, 5, 4), 14))


def test_a_session_keeps_its_interval_to_the_booked_session_before_and_after_it() -> None:
    assert rules.bookable_days(date(2026, 3, 20), 2, 14, NEIGHBOURS) == (date(2026, 3, 23), date(2026, 4, 20))
    assert rules.bookable_days(date(2026, 3, 30), 2, 14, NEIGHBOURS) == (date(2026, 3, 30), date(2026, 4, 20))
    assert rules.bookable_days(date(2026, 3, 30), 2, 14, ()) == (date(2026, 3, 30), None)


@pytest.mark.parametrize(
    ("day", "rule", "earliest"),
    [
        (date(2026, 3, 19), "window_start", "2026-03-23"),
        (date(2026, 3, 22), "minimum_interval", "2026-03-23"),
        (date(2026, 4, 21), "minimum_interval", "2026-03-23"),
    ],
)
def test_too_early_names_the_rule_and_the_earliest_date(day: date, rule: str, earliest: str) -> None:
    with pytest.raises(TooEarly) as refusal:
        rules.check_not_too_early(day, date(2026, 3, 20), 2, 14, NEIGHBOURS)

    assert refusal.value.extra["rule"] == rule
    assert refusal.value.extra["earliest"] == earliest


def test_the_first_and_last_allowed_day_are_allowed() -> None:
    for day in (date(2026, 3, 23), date(2026, 4, 20)):
        rules.check_not_too_early(day, date(2026, 3, 20), 2, 14, NEIGHBOURS)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("2026-03-09T09:00:00", NEW_YORK),
        ("2026-03-08T02:30:00-05:00", NEW_YORK),
        ("2026-03-08T02:30:00-04:00", NEW_YORK),
        ("2026-03-29T02:00:00+01:00", MADRID),
        ("2026-03-29T02:59:59+02:00", MADRID),
        ("1999-12-31T12:00:00-05:00", NEW_YORK),
        ("2200-01-01T12:00:00-05:00", NEW_YORK),
    ],
)
def test_a_start_that_nobody_can_mean_is_refused_at_its_field(written: str, zone: ZoneInfo) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_start(datetime.fromisoformat(written), zone)

    assert refusal.value.attr == "starts_at"


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("2026-03-08T01:59:00-05:00", NEW_YORK),
        ("2026-03-08T03:00:00-04:00", NEW_YORK),
        ("2026-03-08T07:30:00+00:00", NEW_YORK),
        ("2026-11-01T01:30:00-04:00", NEW_YORK),
        ("2026-11-01T01:30:00-05:00", NEW_YORK),
        ("2026-10-25T02:30:00+02:00", MADRID),
    ],
)
def test_a_start_that_happens_is_taken(written: str, zone: ZoneInfo) -> None:
    rules.check_start(datetime.fromisoformat(written), zone)


@pytest.mark.parametrize("minutes", [0, -30, 721])
def test_a_visit_of_no_time_or_more_than_twelve_hours_is_refused(minutes: int) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_duration(timedelta(minutes=minutes))

    assert refusal.value.attr == "duration_minutes"


def test_lead_time_counts_from_now_and_its_end_is_free() -> None:
    now, lead = utc(2026, 3, 2, 15), timedelta(hours=2)

    rules.check_lead_time(now + lead, now, lead)
    with pytest.raises(Invalid, match="120 minutes ahead"):
        rules.check_lead_time(now + lead - timedelta(seconds=1), now, lead)
    with pytest.raises(Invalid, match="past"):
        rules.check_lead_time(now - timedelta(seconds=1), now, timedelta(0))


@pytest.mark.parametrize(
    ("first", "last", "attr"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "to"),
        (date(2026, 3, 1), date(2026, 6, 1), "to"),
        (date(1, 1, 1), date(1, 1, 2), "from"),
        (date(2199, 12, 31), date(2200, 1, 1), "to"),
    ],
)
def test_a_search_backwards_too_long_or_off_the_calendar_is_refused(first: date, last: date, attr: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.check_search_days(first, last)

    assert refusal.value.attr == attr


def test_a_search_of_92_days_is_taken() -> None:
    rules.check_search_days(date(2026, 3, 1), date(2026, 5, 31))
