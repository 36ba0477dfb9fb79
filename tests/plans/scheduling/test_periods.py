"""Sums of periods, held against sets of minutes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plans.scheduling.periods import covers, intersected, without
from plans.scheduling.rules import Period, merged

MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

times = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 15)).map(
        lambda pair: (MIDNIGHT + pair[0] * MINUTE, MIDNIGHT + (pair[0] + pair[1]) * MINUTE)
    ),
    max_size=6,
).map(merged)


def minutes(periods: list[Period]) -> set[datetime]:
    return {start + index * MINUTE for start, end in periods for index in range((end - start) // MINUTE)}


@given(some=times, others=times)
def test_what_lies_in_both_and_in_one_alone(some: list[Period], others: list[Period]) -> None:
    both, alone = intersected(some, others), without(some, others)

    assert minutes(both) == minutes(some) & minutes(others)
    assert minutes(alone) == minutes(some) - minutes(others)
    assert both == merged(both)
    assert alone == merged(alone)


@given(periods=times, first=st.integers(0, 40), long=st.integers(1, 20))
def test_a_period_is_covered_where_each_minute_of_it_is(periods: list[Period], first: int, long: int) -> None:
    asked = (MIDNIGHT + first * MINUTE, MIDNIGHT + (first + long) * MINUTE)

    assert covers(periods, asked) == (minutes([asked]) <= minutes(periods))
