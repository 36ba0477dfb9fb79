"""The derived state of a check-in: the pure rule and the SQL say the same."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.places.wallclock import local_date
from plans.followups.models import CheckIn
from plans.followups.queries import with_check_in_state
from plans.followups.rules import CheckInFacts, check_in_state
from plans.treatment.services import plan_hold

State = CheckIn.State
TODAY = date(2026, 3, 2)


def facts(start: int, end: int, *, is_answered: bool = False, is_cancelled: bool = False) -> CheckInFacts:
    """Of a window that opens and closes so many days from today."""
    return CheckInFacts(is_cancelled, is_answered, TODAY + timedelta(start), TODAY + timedelta(end))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((1, 3), State.PENDING),
        ((0, 2), State.DUE),
        ((-2, 0), State.DUE),
        ((-3, -1), State.DUE),
        ((-4, -2), State.OVERDUE),
        ((0, 0), State.DUE),
        ((-1, -1), State.DUE),
        ((-2, -2), State.OVERDUE),
    ],
)
def test_a_check_in_is_overdue_a_whole_day_after_its_window(window, expected):
    assert check_in_state(facts(*window), TODAY) == expected


def test_what_was_answered_or_cancelled_stays_so_whatever_the_day():
    assert check_in_state(facts(-9, -9, is_answered=True), TODAY) == State.ANSWERED
    assert check_in_state(facts(3, 3, is_answered=True), TODAY) == State.ANSWERED
    assert check_in_state(facts(-9, -9, is_cancelled=True), TODAY) == State.CANCELLED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["America/New_York", "Europe/Madrid", "Pacific/Auckland", "Pacific/Honolulu"]),
    hour=st.integers(0, 23),
    window=st.tuples(st.integers(-6, 4), st.integers(0, 4)),
    closed=st.sampled_from(["", "answered", "cancelled"]),
)
def test_sql_and_rule_agree(clinic, zone, hour, window, closed):
    check_in = CheckIn.objects.first() or clinic.performed()[0]
    clinic.location.timezone = zone
    clinic.location.save()
    now = datetime.combine(TODAY, time(hour), UTC)
    start = TODAY + timedelta(window[0])
    check_in.window_start = check_in.target_date = start
    check_in.window_end = start + timedelta(window[1])
    check_in.answered_at = now if closed == "answered" else None
    check_in.cancelled_at = now if closed == "cancelled" else None
    check_in.save()
    expected = check_in_state(
        CheckInFacts(closed == "cancelled", closed == "answered", check_in.window_start, check_in.window_end),
        local_date(now, ZoneInfo(zone)),
    )
    with clock.moved_to(now):
        assert with_check_in_state(CheckIn.objects.filter(pk=check_in.pk)).get().state == expected


def test_a_hold_stops_no_check_in_because_the_patient_still_recovers(clinic, frozen):
    first = clinic.performed()[0]
    plan_hold(plan_id=clinic.plan.pk, reason="Fever on the day after.")
    frozen.move_to("2026-03-03T15:00:00Z")
    assert with_check_in_state(CheckIn.objects.filter(pk=first.pk)).get().state == State.DUE
