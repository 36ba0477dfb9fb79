"""The calendar arithmetic, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.treatment import timeline
from plans.treatment.timeline import Facts, Rule, Step

FIRST = Step(1, "session", "PRP", "plan_start", tolerance_after_days=3)
NEXT = Step(
    2,
    "session",
    "PRP",
    "previous_session",
    offset_days=28,
    tolerance_before_days=3,
    tolerance_after_days=3,
    minimum_interval_days=14,
    repetitions=2,
)
REVIEW = Step(3, "assessment", "3-month review", "first_session", 3, 0, 14, 14)
CHECK_IN = Step(4, "check_in", "Day 3", "each_session", 0, 3, 1, 1)
UPKEEP = Step(5, "maintenance", "PRP", "last_session", 0, 180, 90, 185, 14)
STEPS = [FIRST, NEXT, REVIEW, CHECK_IN, UPKEEP]
START = date(2026, 10, 7)

days = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 1, 1))


def targets(facts: Facts, start: date = START) -> list[date]:
    return [session.window.target for session in timeline.sessions(STEPS, start, facts)]


def test_each_session_follows_the_one_before_by_the_protocol_interval():
    assert targets(Facts()) == [START, START + timedelta(28), START + timedelta(56)]


def test_the_first_window_opens_on_the_start_of_the_plan():
    first = timeline.sessions(STEPS, START, Facts())[0].window
    assert (first.earliest, first.rule) == (START, Rule.PLAN_START)


def test_a_late_session_moves_those_after_it():
    late = START + timedelta(9)
    assert targets(Facts(performed_on={1: late})) == [START, late + timedelta(28), late + timedelta(56)]


def test_a_follow_up_counts_calendar_months_from_the_first_session():
    facts = Facts(performed_on={1: date(2026, 11, 30)})
    course = timeline.sessions(STEPS, START, facts)
    (review,) = timeline.follow_ups(STEPS, START, course, facts)
    assert review.window.target == date(2027, 2, 28)
    assert review.window.latest - review.window.earliest == timedelta(28)


def test_check_ins_follow_the_day_on_which_the_session_was_performed():
    (check_in,) = timeline.check_ins(STEPS, date(2026, 10, 31))
    assert (check_in.window.earliest, check_in.window.latest) == (date(2026, 11, 2), date(2026, 11, 4))


def test_an_aborted_session_is_owed_again_after_the_minimum_interval():
    aborted = START + timedelta(28)
    facts = Facts(performed_on={1: START}, given_on={2: aborted}, retry_from={2: aborted})
    again = timeline.sessions(STEPS, START, facts)[1].window
    assert (again.earliest, again.rule) == (aborted + timedelta(14), Rule.MINIMUM_INTERVAL)
    assert again.target >= again.earliest


def test_an_aborted_session_in_which_nothing_was_given_can_be_repeated_at_once():
    aborted = START + timedelta(28)
    facts = Facts(performed_on={1: START}, retry_from={2: aborted})
    assert timeline.sessions(STEPS, START, facts)[1].window.earliest <= aborted


def test_a_cancelled_session_does_not_push_the_next_one_away():
    facts = Facts(performed_on={1: START}, cancelled=frozenset({2}))
    assert targets(facts)[2] == START + timedelta(28)


def test_a_pin_sets_the_target_and_never_opens_the_window_too_early():
    facts = Facts(performed_on={1: START}, pins={2: START + timedelta(5)})
    window = timeline.sessions(STEPS, START, facts)[1].window
    assert window.earliest == START + timedelta(14)


def test_maintenance_is_counted_from_the_last_session():
    upkeep = timeline.maintenance(STEPS, date(2026, 12, 2), 4, 1)
    assert upkeep is not None
    assert upkeep.window.target == date(2026, 12, 2) + timedelta(180)
    assert upkeep.sequence == 4


@given(start=days)
def test_performing_on_the_target_date_changes_nothing(start):
    planned = targets(Facts(), start)
    for done in range(1, len(planned) + 1):
        assert targets(Facts(performed_on=dict(enumerate(planned[:done], start=1))), start) == planned


@given(start=days, slips=st.lists(st.integers(-3, 60), min_size=3, max_size=3), done=st.integers(0, 3))
def test_no_window_opens_before_the_minimum_interval(start, slips, done):
    performed: dict[int, date] = {}
    for sequence in range(1, done + 1):
        window = timeline.sessions(STEPS, start, Facts(performed_on=performed))[sequence - 1].window
        performed[sequence] = max(window.earliest, window.target + timedelta(slips[sequence - 1]))
    course = timeline.sessions(STEPS, start, Facts(performed_on=performed))
    dates = [performed.get(session.sequence, session.window.target) for session in course]
    assert dates == sorted(dates)
    for before, session in zip(dates, course[1:], strict=False):
        assert session.window.earliest >= before + timedelta(14)
        assert session.window.earliest <= session.window.target <= session.window.latest


def test_a_hold_that_ended_aims_nothing_at_an_earlier_day():
    resumed = START + timedelta(120)
    facts = Facts(performed_on={1: START}, resumed_on=resumed)
    assert targets(facts)[1:] == [resumed, resumed + timedelta(28)]


def test_an_aborted_maintenance_session_starts_the_interval_too():
    done, aborted = date(2026, 1, 10), date(2026, 7, 1)
    upkeep = timeline.maintenance(STEPS, done, 4, 1, last_given=aborted, not_before=aborted)
    assert upkeep is not None
    assert upkeep.window.earliest >= aborted + timedelta(14)


@pytest.mark.parametrize("start", [date(2026, 3, 8), date(2026, 11, 1), date(2028, 2, 29)])
def test_clock_changes_and_leap_days_do_not_shift_local_dates(start):
    assert [day - start for day in targets(Facts(), start)] == [timedelta(0), timedelta(28), timedelta(56)]
