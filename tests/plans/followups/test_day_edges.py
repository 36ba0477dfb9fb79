"""A state changes at local midnight, to the second, also on days when clocks change."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinic.places.wallclock import local_day_bounds
from plans.followups.queries import with_check_in_state, with_state

SECOND = timedelta(seconds=1)
EDGES = [
    # zone, a day; in New York clocks go forward on 8 March and back on 1 November 2026, in Madrid on 29 March and
    # 25 October, in Auckland back on 5 April. Asuncion's midnight of 6 October 2024 does not exist.
    ("America/New_York", date(2026, 5, 19)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 3, 9)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2026, 11, 2)),
    ("Europe/Madrid", date(2026, 3, 29)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("Pacific/Auckland", date(2026, 4, 5)),
    ("Pacific/Honolulu", date(2026, 1, 1)),
    ("America/Asuncion", date(2024, 10, 6)),
    ("Asia/Kolkata", date(2028, 2, 29)),
]


def around(with_its_state: Any, row: Any, day: date, zone: ZoneInfo) -> tuple[str, str]:
    """The state at the last second before `day`, and at its first instant, in `zone`."""
    begins = local_day_bounds(day, zone)[0]
    rows = type(row).objects.filter(pk=row.pk)
    return with_its_state(rows, begins - SECOND).get().state, with_its_state(rows, begins).get().state


@pytest.mark.parametrize(("zone", "day"), EDGES, ids=str)
@pytest.mark.parametrize(
    ("opens", "closes", "before", "after"),
    [
        (0, 5, "pending", "due"),
        (-5, -1, "due", "overdue"),
        (-40, -31, "overdue", "missed"),
    ],
)
def test_a_follow_up_changes_at_midnight_of_its_place(clinic, zone, day, opens, closes, before, after):
    clinic.location.timezone = zone
    clinic.location.save()
    follow_up = clinic.follow_up
    follow_up.window_start = follow_up.target_date = day + timedelta(opens)
    follow_up.window_end = day + timedelta(closes)
    follow_up.save()
    assert around(with_state, follow_up, day, clinic.location.zone) == (before, after)


@pytest.mark.parametrize(("zone", "day"), EDGES, ids=str)
@pytest.mark.parametrize(("opens", "closes", "before", "after"), [(0, 0, "pending", "due"), (-2, -2, "due", "overdue")])
def test_a_check_in_changes_at_midnight_of_its_place(clinic, zone, day, opens, closes, before, after):
    check_in = clinic.performed()[0]
    clinic.location.timezone = zone
    clinic.location.save()
    check_in.window_start = check_in.target_date = day + timedelta(opens)
    check_in.window_end = day + timedelta(closes)
    check_in.save()
    assert around(with_check_in_state, check_in, day, clinic.location.zone) == (before, after)


def test_windows_count_local_days_across_the_end_of_summer_time(clinic, frozen):
    """Performed at 23:30 in New York, which is the next day in UTC: the check-ins count from the local date."""
    frozen.move_to("2026-03-08T03:30:00Z")
    assert [row.target_date for row in clinic.performed()] == [date(2026, 3, 8), date(2026, 3, 10), date(2026, 3, 14)]
