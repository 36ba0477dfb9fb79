"""Which free time is the best: values in, order out."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from plans.scheduling.ranking import Preference, Slot, of_half_days, spread
from plans.scheduling.wishes import Wishes

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
    fridays = Preference(HERS, WEDNESDAY, Wishes(weekdays=[5]))
    slots = [slot(11, "09:00"), slot(13, "09:00"), slot(18, "09:00"), slot(20, "09:00")]
    assert said(fridays.best_first(slots, NEW_YORK)) == ["13 09:00", "11 09:00", "20 09:00", "18 09:00"]


def test_so_does_a_time_of_day_and_both_together_count_twice() -> None:
    wishes = Wishes(weekdays=[3], time_from=time(9), time_until=time(12))
    slots = [slot(10, "14:00"), slot(10, "09:00"), slot(11, "08:45"), slot(11, "11:45"), slot(11, "11:30")]
    ranked = said(Preference(HERS, WEDNESDAY, wishes).best_first(slots, NEW_YORK))
    assert ranked == ["11 11:30", "11 08:45", "11 11:45", "10 09:00", "10 14:00"]


def test_of_two_that_count_the_same_the_nearer_day_comes_first() -> None:
    fridays = Preference(HERS, date(2026, 3, 13), Wishes(weekdays=[5]))
    unsuited_today, suited_in_a_week = slot(13, "09:00", minutes=30), slot(20, "08:00")
    anytime = Preference(HERS, date(2026, 3, 13), Wishes(weekdays=[5], time_from=time(8), time_until=time(9)))
    assert said(fridays.best_first([suited_in_a_week, unsuited_today], NEW_YORK)) == ["13 09:00", "20 08:00"]
    assert said(anytime.best_first([suited_in_a_week, unsuited_today], NEW_YORK)) == ["13 09:00", "20 08:00"]


def test_what_moves_is_best_on_its_own_day_and_time_with_somebody_else_then_nearby() -> None:
    at = slot(11, "10:00").starts_at
    slots = [
        slot(5, "09:00"),
        slot(11, "14:00"),
        slot(12, "10:00"),
        slot(11, "10:00", HIS),
        slot(12, "09:00"),
        slot(11, "10:30"),
    ]
    ranked = Preference(HERS, at=at).best_first(slots, NEW_YORK)
    assert said(ranked) == ["11 10:00", "11 10:30", "11 14:00", "12 10:00", "12 09:00", "05 09:00"]
    at_once = [slot(11, "10:00", HIS), slot(11, "10:00")]
    assert Preference(HERS, at=at).best_first(at_once, NEW_YORK)[0].practitioner_id == HERS


def test_what_is_not_known_makes_no_difference() -> None:
    slots = [slot(12, "09:00", HIS), slot(9, "09:00"), slot(10, "09:00", HIS)]
    assert said(Preference().best_first(slots, NEW_YORK)) == ["09 09:00", "10 09:00", "12 09:00"]


def test_in_a_series_the_weekday_and_the_time_of_the_visit_before_decide_between_equals() -> None:
    before = slot(4, "09:30")
    after = Preference(HERS, date(2026, 3, 12), before=before)
    # Both days are one off the target; the 11th is a Wednesday, as the 4th was.
    assert said(after.best_first([slot(13, "09:30"), slot(11, "11:00"), slot(11, "10:00")], NEW_YORK)) == [
        "11 10:00",
        "11 11:00",
        "13 09:30",
    ]
    across_the_change = Preference(HERS, WEDNESDAY, before=slot(6, "09:30"))
    assert said(across_the_change.best_first([slot(11, "08:30"), slot(11, "09:30")], NEW_YORK))[0] == "11 09:30"


def test_of_many_times_a_few_are_shown_from_morning_to_evening_and_what_is_chosen() -> None:
    day = [slot(11, f"{hour:02}:{minute:02}") for hour in range(8, 18) for minute in (0, 15, 30, 45)]
    assert said(spread(day, 4)) == ["11 08:00", "11 11:00", "11 14:30", "11 17:30"]
    assert slot(11, "08:15") in spread(day, 4, [slot(11, "08:15")])
    assert spread(day[:3], 4) == day[:3]
    assert spread(day, 0, day[5:6]) == day[5:6]


def test_each_half_day_has_one_time_and_it_is_with_who_knows_the_patient() -> None:
    slots = [slot(11, "09:00", HIS), slot(11, "09:00", HERS), slot(11, "09:15", HERS), slot(11, "12:00", HIS)]
    assert of_half_days([*slots, slot(12, "09:00")], NEW_YORK, HERS) == [slots[1], slots[3], slot(12, "09:00")]


@given(
    st.lists(st.tuples(st.integers(1, 31), st.integers(0, 95), st.sampled_from([HERS, HIS])), max_size=30),
    st.frozensets(st.integers(1, 7)),
    st.integers(1, 31),
)
def test_every_order_is_total_and_loses_nothing(
    asked: list[tuple[int, int, UUID]], weekdays: frozenset[int], target: int
) -> None:
    slots = [slot(day, f"{quarter // 4:02}:{quarter % 4 * 15:02}", who) for day, quarter, who in asked]
    preference = Preference(HERS, date(2026, 3, target), Wishes(weekdays=weekdays))
    ranked = preference.best_first(slots, NEW_YORK)
    assert sorted(ranked) == sorted(slots)
    assert preference.best_first(reversed(slots), NEW_YORK) == ranked
    theirs = [one.practitioner_id == HERS for one in ranked]
    assert theirs == sorted(theirs, reverse=True)
