"""Which free time is the best: values in, order out."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.scheduling.availability import Preference, Slot, Wishes

NEW_YORK = ZoneInfo("America/New_York")
HERS, HIS, ROOM = UUID(int=1), UUID(int=2), UUID(int=3)
WEDNESDAY = date(2026, 3, 11)


def slot(day: int, clock: str, practitioner: UUID = HERS, minutes: int = 30) -> Slot:
    """On a day of March 2026, local time of New York; the 11th is a Wednesday."""
    starts_at = datetime.combine(date(2026, 3, day), time.fromisoformat(clock), NEW_YORK).astimezone(UTC)
    return Slot(practitioner, ROOM, starts_at, starts_at + timedelta(minutes=minutes))


def said(slots: list[Slot]) -> list[str]:
    return [f"{one.starts_at.astimezone(NEW_YORK):%d %H:%M}" for one in slots]


def test_who_knows_the_patient_comes_before_every_nearer_day() -> None:
    near, far = slot(11, "09:00", HIS), slot(27, "17:00", HERS)
    assert Preference(HERS, WEDNESDAY).best_first([near, far], NEW_YORK) == [far, near]


def test_then_the_days_nearest_to_the_target_and_of_two_the_earlier_one() -> None:
    slots = [slot(9, "09:00"), slot(10, "15:00"), slot(11, "16:00"), slot(12, "09:00"), slot(13, "08:00")]
    expected = ["11 16:00", "10 15:00", "12 09:00", "09 09:00", "13 08:00"]
    assert said(Preference(HERS, WEDNESDAY).best_first(slots, NEW_YORK)) == expected


def test_a_day_that_does_not_suit_counts_as_a_week_further_off() -> None:
    fridays = Preference(HERS, WEDNESDAY, Wishes(frozenset({5})))
    slots = [slot(11, "09:00"), slot(13, "09:00"), slot(18, "09:00"), slot(20, "09:00")]
    assert said(fridays.best_first(slots, NEW_YORK)) == ["13 09:00", "11 09:00", "20 09:00", "18 09:00"]


def test_so_does_a_time_of_day_and_both_together_count_twice() -> None:
    wishes = Wishes(frozenset({3}), come_from=time(9), done_by=time(12))
    slots = [slot(10, "14:00"), slot(10, "09:00"), slot(11, "08:45"), slot(11, "11:45"), slot(11, "11:30")]
    ranked = said(Preference(HERS, WEDNESDAY, wishes).best_first(slots, NEW_YORK))
    assert ranked == ["11 11:30", "11 08:45", "11 11:45", "10 09:00", "10 14:00"]


def test_of_two_that_count_the_same_the_nearer_day_comes_first() -> None:
    fridays = Preference(HERS, date(2026, 3, 13), Wishes(frozenset({5})))
    unsuited_today, suited_in_a_week = slot(13, "09:00", minutes=30), slot(20, "08:00")
    anytime = Preference(HERS, date(2026, 3, 13), Wishes(frozenset({5}), come_from=time(8), done_by=time(9)))
    assert said(fridays.best_first([suited_in_a_week, unsuited_today], NEW_YORK)) == ["13 09:00", "20 08:00"]
    assert said(anytime.best_first([suited_in_a_week, unsuited_today], NEW_YORK)) == ["13 09:00", "20 08:00"]


def test_what_is_not_known_makes_no_difference() -> None:
    slots = [slot(12, "09:00", HIS), slot(9, "09:00"), slot(10, "09:00", HIS)]
    assert said(Preference().best_first(slots, NEW_YORK)) == ["09 09:00", "10 09:00", "12 09:00"]
    assert not Wishes()
    assert Wishes(done_by=time(12))


@pytest.mark.parametrize(
    ("clock", "minutes", "missed"),
    [("09:00", 30, 0), ("11:30", 30, 0), ("08:59", 30, 1), ("11:31", 30, 1), ("23:45", 30, 1)],
)
def test_a_visit_is_wholly_within_the_times_that_suit(clock: str, minutes: int, missed: int) -> None:
    one = slot(11, clock, minutes=minutes)
    assert Wishes(come_from=time(9), done_by=time(12)).missed(one.starts_at, one.ends_at, NEW_YORK) == missed


def test_wishes_are_those_of_the_wall_clock_on_both_sides_of_the_change() -> None:
    wishes = Wishes(frozenset({7}), come_from=time(9))
    before, after = slot(8, "08:30"), slot(8, "09:00")  # the clock skips 02:00 to 03:00 that Sunday
    assert [wishes.missed(one.starts_at, one.ends_at, NEW_YORK) for one in (before, after)] == [1, 0]


@given(
    st.lists(st.tuples(st.integers(1, 31), st.integers(0, 95), st.sampled_from([HERS, HIS])), max_size=30),
    st.frozensets(st.integers(1, 7)),
    st.integers(1, 31),
)
def test_every_order_is_total_and_loses_nothing(
    asked: list[tuple[int, int, UUID]], weekdays: frozenset[int], target: int
) -> None:
    slots = [slot(day, f"{quarter // 4:02}:{quarter % 4 * 15:02}", who) for day, quarter, who in asked]
    preference = Preference(HERS, date(2026, 3, target), Wishes(weekdays))
    ranked = preference.best_first(slots, NEW_YORK)
    assert sorted(ranked) == sorted(slots)
    assert preference.best_first(reversed(slots), NEW_YORK) == ranked
    theirs = [one.practitioner_id == HERS for one in ranked]
    assert theirs == sorted(theirs, reverse=True)
