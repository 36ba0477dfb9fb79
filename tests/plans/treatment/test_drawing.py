from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.treatment.drawing import Mark, State, draw

MARCH = date(2026, 3, 2)


def mark(target=MARCH, *, before=3, after=3, title="Session 1 of 3 · PRP", kind="session", **fields):
    return Mark(title, kind, target - timedelta(days=before), target, target + timedelta(days=after), **fields)


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
marks = st.lists(
    st.builds(
        mark,
        days,
        before=st.integers(0, 60),
        after=st.integers(0, 60),
        state=st.sampled_from(State),
        at=st.none() | days,
    ),
    min_size=1,
    max_size=20,
)


def share(percent):
    return float(percent.removesuffix("%"))


def test_nothing_to_draw_is_no_drawing():
    assert draw([]) is None


@given(marks=marks, today=st.none() | days)
def test_everything_lies_on_the_line_in_the_order_of_the_calendar(marks, today):
    drawing = draw(marks, today)
    assert [row.mark for row in drawing.rows] == marks
    for row in drawing.rows:
        assert 0 <= share(row.x) <= share(row.target_x) <= share(row.x) + share(row.width) + 0.01
        assert share(row.x) + share(row.width) <= 100.01
        assert share(row.width) > 0
        assert 0 <= share(row.at_x) <= 100
        assert row.summary.startswith(f"{row.mark.title}: {row.word}")
    places = [share(tick.x) for tick in drawing.ticks]
    assert places == sorted(places)
    assert places[0] == 0
    if drawing.today_x is not None:
        assert drawing.first <= today <= drawing.last


@given(marks=marks)
def test_words_on_the_calendar_do_not_run_into_each_other(marks):
    named = [tick for tick in draw(marks).ticks if tick.label]
    assert named[0].label.endswith(str(draw(marks).first.year))
    assert len(named) <= 20
    for one, other in pairwise(named):
        assert share(other.x) - share(one.x) >= 2 * len(one.label)


def test_a_calendar_runs_from_the_first_of_a_month_to_the_end_of_one():
    drawing = draw([mark(), mark(date(2026, 5, 30))])
    assert (drawing.first, drawing.last) == (date(2026, 2, 1), date(2026, 6, 30))
    assert [tick.label for tick in drawing.ticks] == ["Feb 2026", "Mar", "Apr", "May", "Jun"]


def test_january_says_its_year():
    labels = [tick.label for tick in draw([mark(date(2025, 11, 5)), mark(date(2026, 2, 5))]).ticks]
    assert labels == ["Nov 2025", "Dec", "2026", "Feb"]


def test_each_state_has_a_word_of_its_own_and_an_unknown_one_is_refused():
    words = [draw([mark(state=state)]).rows[0].word for state in State]
    assert words == ["Planned", "Due", "Booked", "Done", "Late", "Stopped"]
    with pytest.raises(ValueError, match="soon"):
        draw([mark(state="soon")])


def test_what_is_booked_or_done_stands_on_its_day_and_what_is_planned_on_its_target():
    planned, booked = draw(
        [mark(), mark(state="booked", at=MARCH + timedelta(days=2), word="Booked Wed 4 Mar 09:30")]
    ).rows
    assert planned.at_x == planned.target_x
    assert share(booked.at_x) > share(booked.target_x)
    assert booked.summary == (
        "Session 1 of 3 · PRP: Booked Wed 4 Mar 09:30; window 27 Feb 2026 to 5 Mar 2026, best 2 Mar 2026."
    )


def test_who_does_not_see_the_drawing_reads_the_day_and_the_rule():
    (row,) = draw([mark(state="done", at=MARCH, before=0, after=0, note="The plan starts on 2 March 2026.")]).rows
    assert row.summary == (
        "Session 1 of 3 · PRP: Done on 2 Mar 2026; planned for 2 Mar 2026. The plan starts on 2 March 2026."
    )


def test_today_outside_the_course_has_no_line():
    assert draw([mark()], date(2027, 1, 1)).today_x is None
    assert draw([mark()], MARCH).today_x == draw([mark()], MARCH).rows[0].target_x


def test_a_legend_explains_what_is_drawn_and_no_more():
    drawing = draw([mark(state="late"), mark(state="done", at=MARCH), mark(state="done", at=MARCH)])
    assert drawing.looks == [State.DONE, State.LATE]
