"""What suits somebody who waits, and the choice of a chain of visits: pure."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.scheduling.ranking import Slot
from plans.scheduling.spacing import NoTime, choose, first_days, span
from plans.scheduling.wishes import Wishes

NEW_YORK = ZoneInfo("America/New_York")
DOCTOR, ROOM = uuid4(), uuid4()
MONDAY = date(2026, 3, 9)


def against(wishes: Wishes, clock: str = "10:00", *, minutes: int = 60, day: date = MONDAY) -> str:
    starts_at = datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)
    return wishes.against(Slot(DOCTOR, ROOM, starts_at, starts_at + timedelta(minutes=minutes)), NEW_YORK)


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (Wishes(), ""),
        (Wishes(practitioner_id=DOCTOR, earliest=MONDAY, latest=MONDAY, weekdays=[1]), ""),
        (Wishes(time_from=time(10), time_until=time(11)), ""),
        (Wishes(practitioner_id=uuid4()), "Wants to see somebody else."),
        (Wishes(earliest=date(2026, 3, 10)), "Cannot come before 10 March 2026."),
        (Wishes(latest=date(2026, 3, 8)), "Cannot come after 8 March 2026."),
        (Wishes(weekdays=[5, 2]), "Comes on Tuesday and Friday only."),
        (Wishes(time_from=time(10, 15)), "Cannot come before 10:15."),
        (Wishes(time_until=time(10, 45)), "Must be done by 10:45."),
    ],
)
def test_a_time_suits_whoever_wished_for_nothing_else(wishes: Wishes, says: str) -> None:
    assert against(wishes) == says


def test_a_visit_that_ends_on_the_next_day_is_not_done_in_time() -> None:
    assert against(Wishes(time_until=time(23, 30)), "23:45", minutes=30) == "Must be done by 23:30."


def test_wishes_are_judged_on_the_clocks_of_the_place_also_when_these_change() -> None:
    wishes = Wishes(time_from=time(9), time_until=time(10))
    assert against(wishes, "09:00", day=date(2026, 3, 6)) == ""
    assert against(wishes, "09:00", day=MONDAY) == ""


def test_of_the_hours_one_wish_at_most_is_missed_and_of_all_any() -> None:
    day = Slot(DOCTOR, ROOM, at := datetime(2026, 3, 9, 12, tzinfo=UTC), at + timedelta(hours=9))
    assert Wishes(time_from=time(9), time_until=time(12)).missed(day, NEW_YORK) == ("time_from",)
    assert Wishes(uuid4(), weekdays=[2], time_until=time(12)).missed(day, NEW_YORK) == (
        "practitioner_id",
        "weekdays",
        "time_until",
    )


def test_wishes_in_words() -> None:
    wishes = Wishes(DOCTOR, MONDAY, date(2026, 12, 24), [2, 1], time(9), time(12))
    said = "Dr Rowan, Monday and Tuesday, 09:00 to 12:00, from today on, until 24 Dec 2026"
    assert wishes.in_words(MONDAY, "Dr Rowan") == said
    assert Wishes().in_words(MONDAY, "Dr Rowan") == ""
    assert wishes
    assert not Wishes()


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def chosen(numbers: list[list[int]], gaps: list[list[int]], wanted: list[int]) -> list[int]:
    """The days that are taken, each the nearest to the one wanted."""

    def best(place: int, left: Any, before: Any) -> Any:
        return min(left, key=lambda one: (abs(one[0] - wanted[place]), one[0]))

    days = [[day(number) for number in own] for own in numbers]
    return choose(numbers, days, gaps, best)


def test_each_visit_takes_the_best_day_that_leaves_one_for_those_after_it() -> None:
    assert chosen([[0, 7, 14], [20, 28], [60]], [[], [14], [28, 28]], [7, 28, 60]) == [7, 28, 60]
    assert chosen([[0, 7, 14], [20]], [[], [14]], [7, 20]) == [0, 20], "7 would leave nothing for the second"


def test_the_visit_for_which_nothing_is_left_is_named() -> None:
    with pytest.raises(NoTime) as none:
        chosen([[0], [10, 13], [60]], [[], [14], [0, 0]], [0, 10, 60])
    assert none.value.place == 1
    with pytest.raises(NoTime) as nothing:
        chosen([[]], [[]], [0])
    assert nothing.value.place == 0


@given(
    numbers=st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=4), min_size=1, max_size=3),
    apart=st.integers(1, 12),
    wanted=st.integers(0, 30),
)
def test_a_chain_is_found_wherever_there_is_one_and_keeps_its_gaps(
    numbers: list[list[int]], apart: int, wanted: int
) -> None:
    gaps = [[apart] * place for place in range(len(numbers))]

    def exists(place: int, after: int) -> bool:
        if place == len(numbers):
            return True
        return any(exists(place + 1, one + apart) for one in numbers[place] if one >= after)

    if not exists(0, 0):
        with pytest.raises(NoTime):
            chosen(numbers, gaps, [wanted] * len(numbers))
        return
    found = chosen(numbers, gaps, [wanted] * len(numbers))
    assert all(one in own for one, own in zip(found, numbers, strict=True))
    assert all(later - earlier >= apart for earlier, later in pairwise(found))
    on = [day(one) for one in found]
    for place, own in enumerate(on):
        first, last = span(place, on, gaps)
        assert first <= own <= last


def test_the_first_possible_days_follow_one_another() -> None:
    assert first_days([day(0), day(5), day(60)], [[], [14], [28, 28]]) == [day(0), day(14), day(60)]
