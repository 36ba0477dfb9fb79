from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from clinic import words

TODAY = date(2026, 3, 4)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (date(2026, 3, 4), "Today"),
        (date(2026, 3, 5), "Tomorrow"),
        (date(2026, 3, 3), "Yesterday"),
        (date(2026, 3, 6), "Fri 6 Mar"),
        (date(2025, 12, 31), "Wed 31 Dec"),
        (date(2026, 8, 30), "Sun 30 Aug"),
        (date(2026, 8, 31), "31 Aug 2026"),
        (date(1985, 5, 17), "17 May 1985"),
    ],
)
def test_a_day_is_said_as_people_say_it(value, said):
    assert words.day(value, TODAY) == said


@pytest.mark.parametrize(("said", "within"), [("Today 22:30", "today 22:30"), ("Fri 6 Mar", "Fri 6 Mar")])
def test_a_day_within_a_sentence_is_small_where_it_is_no_name(said, within):
    assert words.within(said) == within


def test_a_moment_is_said_in_the_places_own_time():
    assert words.moment(datetime(2026, 3, 5, 3, 30, tzinfo=UTC), NEW_YORK, TODAY) == "Today 22:30"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 3, 10), date(2026, 3, 20), "Opens Tue 10 Mar"),
        (date(2026, 3, 1), date(2026, 3, 5), "Due until tomorrow"),
        (date(2026, 3, 4), date(2026, 3, 4), "Due today"),
        (date(2026, 2, 1), date(2026, 3, 3), "Overdue by 1 day"),
        (date(2026, 2, 1), date(2026, 2, 20), "Overdue by 12 days"),
    ],
)
def test_a_window_says_where_today_stands(first, last, said):
    assert words.window(first, last, TODAY) == said


@pytest.mark.parametrize(
    ("born", "years"), [(date(1985, 3, 4), 41), (date(1985, 3, 5), 40), (date(2024, 2, 29), 2), (date(2026, 3, 4), 0)]
)
def test_an_age_is_completed_years(born, years):
    assert words.age(born, TODAY) == years


def test_a_zone_is_named_after_its_place():
    assert words.zone_name(NEW_YORK) == "New York"


def test_weekdays_and_hours_are_said_as_people_say_them():
    assert [words.weekdays(days) for days in ([], [3], [5, 1, 2])] == ["", "Wednesday", "Monday, Tuesday and Friday"]
    nine, noon = time(9), time(12)
    said = [words.hours(*both) for both in ((nine, noon), (nine, None), (None, noon), (None, None))]
    assert said == ["09:00 to 12:00", "from 09:00", "done by 12:00", ""]
