"""Opening times on the calendar, the grid, intervals and the shape of the input: no database."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinic.errors import Invalid
from plans.scheduling import rules
from plans.scheduling.rules import Hours, Neighbour, Opening, Period, Standing
from plans.treatment.intervals import Need

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


FORTNIGHT = Need(14, "PRP after PRP")
NOTHING = Need()
OPENING = Opening(date(2026, 3, 20), "target_window", "28 days after session 1 (20 February 2026).")
FIRST = Neighbour("Session 1 of 3 · PRP", date(2026, 3, 9), 1, FORTNIGHT, NOTHING)
THIRD = Neighbour("Session 3 of 3 · PRP", date(2026, 5, 4), 3, NOTHING, FORTNIGHT)
ELSEWHERE = Neighbour("Session 1 of 6 · Microneedling of another plan", date(2026, 4, 6), None, FORTNIGHT, Need(7, "-"))


def test_a_session_keeps_its_interval_to_the_booked_session_before_and_after_it() -> None:
    limits = rules.limits_of(OPENING, 2, (FIRST, THIRD))
    assert (limits.earliest, limits.latest) == (date(2026, 3, 23), date(2026, 4, 20))
    later = rules.limits_of(Opening(date(2026, 3, 30), "pin", ""), 2, (FIRST, THIRD))
    assert (later.earliest, later.latest) == (date(2026, 3, 30), date(2026, 4, 20))
    alone = rules.limits_of(OPENING, 2)
    assert (alone.earliest, alone.latest, alone.barred) == (date(2026, 3, 20), None, ())


@pytest.mark.parametrize(
    ("neighbours", "day", "said"),
    [
        (
            (),
            date(2026, 3, 19),
            {
                "earliest": "2026-03-20",
                "rule": "target_window",
                "because": "28 days after session 1 (20 February 2026).",
            },
        ),
        (
            (FIRST, THIRD),
            date(2026, 3, 22),
            {
                "earliest": "2026-03-23",
                "rule": "minimum_interval",
                "because": "At least 14 days after Session 1 of 3 · PRP on 9 March 2026 (PRP after PRP).",
            },
        ),
        (
            (FIRST, THIRD),
            date(2026, 4, 21),
            {
                "earliest": "2026-03-23",
                "latest": "2026-04-20",
                "rule": "minimum_interval",
                "because": "At least 14 days before Session 3 of 3 · PRP on 4 May 2026 (PRP after PRP).",
            },
        ),
        (
            (ELSEWHERE,),
            date(2026, 4, 19),
            {
                "earliest": "2026-04-20",
                "rule": "minimum_interval",
                "because": "At least 14 days between it and Session 1 of 6 · Microneedling of another plan on "
                "6 April 2026 (PRP after PRP).",
            },
        ),
    ],
)
def test_too_early_names_the_earliest_date_and_the_rule_that_sets_it(
    neighbours: tuple[Neighbour, ...], day: date, said: dict[str, str]
) -> None:
    refusal = rules.limits_of(OPENING, 2, neighbours).refusal(day)

    assert refusal is not None
    assert refusal.extra == said
    assert refusal.detail.endswith(said["because"])


def test_the_first_and_last_allowed_day_are_allowed() -> None:
    limits = rules.limits_of(OPENING, 2, (FIRST, THIRD, ELSEWHERE))

    allowed = [day for day in rules.dates(date(2026, 3, 1), date(2026, 5, 31)) if limits.refusal(day) is None]

    assert allowed == [
        *rules.dates(date(2026, 3, 23), date(2026, 3, 30)),
        date(2026, 4, 20),
    ]


def test_a_session_of_another_plan_moves_the_earliest_date_where_it_stands_at_it() -> None:
    other = replace(ELSEWHERE, day=date(2026, 3, 18))

    limits = rules.limits_of(OPENING, 2, (other,))

    assert (limits.earliest, limits.rule, limits.barred) == (date(2026, 4, 1), "minimum_interval", ())


def test_after_overlapping_sessions_of_other_plans_the_next_free_date_is_named() -> None:
    second = replace(ELSEWHERE, day=date(2026, 4, 15))

    refusal = rules.limits_of(OPENING, 2, (ELSEWHERE, second)).refusal(date(2026, 4, 7))

    assert refusal is not None
    assert refusal.extra["earliest"] == "2026-04-29"


@pytest.mark.parametrize(
    ("barred", "left"),
    [
        ([], [(1, 31)]),
        ([(1, 31)], []),
        ([(5, 6), (6, 9)], [(1, 4), (10, 31)]),
        ([(30, 40), (-5, 2)], [(3, 29)]),
        ([(40, 41)], [(1, 31)]),
        ([(1, 1), (31, 31)], [(2, 30)]),
    ],
)
def test_a_search_leaves_out_the_barred_days(barred: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    def days(spans: list[tuple[int, int]]) -> list[tuple[date, date]]:
        start = date(2026, 2, 28)
        return [(start + timedelta(days=first), start + timedelta(days=last)) for first, last in spans]

    assert rules.stretches(*days([(1, 31)])[0], days(barred)) == days(left)


WINDOW = (date(2026, 3, 9), date(2026, 3, 15))
STAYS = Standing(
    day=date(2026, 3, 9),
    minutes=60,
    practitioner="Dr Rowan",
    room="Room 1",
    window=WINDOW,
    because="The plan starts on 9 March 2026.",
    minutes_needed=60,
    is_on_hold=False,
    window_when_booked=WINDOW,
    minutes_when_booked=60,
)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"day": date(2026, 3, 15)}, None),
        ({"is_on_hold": True}, "The plan is on hold."),
        (
            {"window": (date(2026, 3, 10), date(2026, 3, 16))},
            "Too early now: the window opens on 10 March 2026. The plan starts on 9 March 2026.",
        ),
        ({"day": date(2026, 3, 10), "window": (date(2026, 3, 10), date(2026, 3, 16))}, None),
        (
            {"day": date(2026, 3, 15), "window": (date(2026, 3, 8), date(2026, 3, 14))},
            "Too late now: the window closes on 14 March 2026.",
        ),
        ({"day": date(2026, 3, 14), "window": (date(2026, 3, 8), date(2026, 3, 14))}, None),
        ({"day": date(2026, 3, 5)}, None),
        ({"day": date(2026, 3, 5), "window": (date(2026, 3, 8), date(2026, 3, 14))}, None),
        ({"day": date(2026, 3, 20)}, None),
        ({"day": date(2026, 3, 20), "window": (date(2026, 3, 10), date(2026, 3, 16))}, None),
        ({"day": date(2026, 3, 5), "window_when_booked": None}, None),
        ({"not_qualified_for": ("PRP",)}, "Dr Rowan is not qualified for PRP on that day."),
        ({"room_unfit_for": ("PRP", "Exosome")}, "Room 1 is not fit for PRP, Exosome."),
        ({"minutes_needed": 90}, "It takes 90 minutes now, and 60 are booked."),
        ({"minutes_needed": 90, "minutes": 90}, None),
        ({"minutes_needed": 60, "minutes": 30}, None),
        ({"minutes_needed": 90, "minutes_when_booked": None}, None),
    ],
)
def test_a_visit_wants_rebooking_only_where_something_changed_after_it_was_booked(
    changes: dict[str, Any], why: str | None
) -> None:
    assert rules.why_rebook(replace(STAYS, **changes)) == why


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
