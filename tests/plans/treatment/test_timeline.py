"""The calendar arithmetic, without a database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plans.treatment import timeline
from plans.treatment.intervals import Component, Given, Interval, Intervals
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
REVIEW = Step(3, "assessment", "3-month review", "session", 1, 3, 0, 14, 14)
CHECK_IN = Step(4, "check_in", "Day 3", "each_session", None, 0, 3, 1, 1)
UPKEEP = Step(5, "maintenance", "PRP", "last_session", None, 0, 180, 90, 185, 14)
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
    facts = Facts(performed_on={1: START}, given={2: [Given(aborted, ())]}, retry_from={2: aborted})
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
    upkeep = timeline.maintenance(STEPS, date(2026, 12, 2), 4, 1, Facts())
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
    upkeep = timeline.maintenance(STEPS, done, 4, 1, Facts(given={4: [Given(aborted, ())]}, retry_from={4: aborted}))
    assert upkeep is not None
    assert upkeep.window.earliest >= aborted + timedelta(14)


@pytest.mark.parametrize("start", [date(2026, 3, 8), date(2026, 11, 1), date(2028, 2, 29)])
def test_clock_changes_and_leap_days_do_not_shift_local_dates(start):
    assert [day - start for day in targets(Facts(), start)] == [timedelta(0), timedelta(28), timedelta(56)]


# Whole courses, of any shape

ANY_START = st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 1, 1))
MODALITIES = (Component("prp"), Component("microneedling", Decimal(2)), Component("exosome"))
RULES = Intervals(
    [
        Interval("prp", "PRP after PRP", 14, "prp", "prp"),
        Interval("long", "Long needles", 28, "microneedling", "microneedling", needle_over_mm=Decimal("1.5")),
        Interval("across", "Different treatments", 14, is_across=True),
    ]
)


@st.composite
def courses(draw: st.DrawFn) -> list[Step]:
    """Steps of one to four kinds of session, with repetitions, and three visits, one of them near the start."""
    steps: list[Step] = []
    for position in range(1, draw(st.integers(1, 4)) + 1):
        number = sum(step.repetitions for step in steps)
        anchor = draw(st.sampled_from(["previous_session", "plan_start", "session"])) if number else "plan_start"
        steps.append(
            Step(
                position,
                "session",
                f"Step {position}",
                anchor,
                draw(st.integers(1, number)) if anchor == "session" else None,
                offset_months=draw(st.integers(0, 2)),
                offset_days=draw(st.integers(0, 60)),
                tolerance_before_days=draw(st.integers(0, 10)),
                tolerance_after_days=draw(st.integers(0, 10)),
                minimum_interval_days=draw(st.integers(0, 30)),
                repetitions=draw(st.integers(1, 3)),
                components=tuple(draw(st.lists(st.sampled_from(MODALITIES), min_size=1, max_size=2, unique=True))),
            )
        )
    visits = [
        Step(90, "assessment", "Review", "session", 1, 3, 0, 14, 14),
        Step(91, "follow_up", "End", "last_session"),
        Step(
            92,
            "follow_up",
            "Soon",
            draw(st.sampled_from(["plan_start", "session"])),
            1,
            offset_days=draw(st.integers(0, 20)),
            tolerance_before_days=draw(st.integers(0, 30)),
            tolerance_after_days=draw(st.integers(0, 30)),
        ),
    ]
    return steps + visits


def each(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.kind == "session" for _ in range(step.repetitions)]


def perform(steps: list[Step], start: date, slips: list[int]) -> Facts:
    """Facts of a course in which each session took place so many days after its target, within what is allowed."""
    facts = Facts()
    for number, slip in enumerate(slips, start=1):
        window = timeline.sessions(steps, start, facts, RULES)[number - 1].window
        day = max(window.earliest, window.target + timedelta(slip))
        facts = Facts(
            performed_on={**facts.performed_on, number: day},
            given={**facts.given, number: [Given(day, each(steps)[number - 1].components)]},
        )
    return facts


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Step], date, Facts]:
    steps, start = draw(courses()), draw(ANY_START)
    done = draw(st.integers(0, len(each(steps))))
    return steps, start, perform(steps, start, draw(st.lists(st.integers(-9, 60), min_size=done, max_size=done)))


@given(history=histories(), data=st.data())
def test_nothing_is_aimed_below_an_interval_or_out_of_order(history, data):
    steps, start, facts = history
    pins = {
        number: start + timedelta(data.draw(st.integers(0, 400)))
        for number in range(len(facts.performed_on) + 1, len(each(steps)) + 1)
        if data.draw(st.booleans())
    }
    elsewhere = [Given(start + timedelta(data.draw(st.integers(-30, 100))), (Component("exosome"),))]
    facts = replace(facts, pins=pins, elsewhere=elsewhere)
    following = len(facts.performed_on) + 1
    if following <= len(each(steps)) and data.draw(st.booleans(), label="the next one was stopped"):
        stopped = timeline.sessions(steps, start, facts, RULES)[following - 1].window.earliest
        tries = {following: [Given(stopped, each(steps)[following - 1].components)]}
        facts = replace(facts, given={**facts.given, **tries}, retry_from={following: stopped})
    course = timeline.sessions(steps, start, facts, RULES)
    dates = [facts.performed_on.get(item.sequence, item.window.target) for item in course]
    for index, item in enumerate(course):
        assert item.window.earliest <= item.window.target <= item.window.latest
        if item.sequence in facts.performed_on:
            continue
        for before, day in zip(course[:index], dates, strict=False):
            least = RULES.between(before.step.components, item.step.components).days
            assert item.window.earliest >= day + timedelta(least)
        for other in elsewhere:
            least = RULES.between(other.components, item.step.components).days
            assert not least or item.window.earliest >= other.on + timedelta(least)
        pin = pins.get(item.sequence)
        if pin is not None:
            assert (item.window.target == pin) == (item.window.pin_conflict == "")


@given(history=histories(), data=st.data())
def test_the_order_in_which_steps_and_facts_are_known_makes_no_difference(history, data):
    steps, start, facts = history
    shuffled = replace(
        facts,
        performed_on=dict(data.draw(st.permutations(list(facts.performed_on.items())))),
        given=dict(data.draw(st.permutations(list(facts.given.items())))),
    )
    other = timeline.course(data.draw(st.permutations(steps)), start, shuffled, Intervals(reversed(RULES.rules)))
    course = timeline.course(steps, start, facts, RULES)
    assert [item.window.dates for item in other.sessions + other.visits] == [
        item.window.dates for item in course.sessions + course.visits
    ]


@given(steps=courses(), start=ANY_START)
def test_performing_each_session_on_its_target_moves_nothing(steps, start):
    planned = timeline.course(steps, start, Facts(), RULES)
    facts = perform(steps, start, [0] * len(each(steps)))
    after = timeline.course(steps, start, facts, RULES)
    assert [item.window.dates for item in after.sessions] == [item.window.dates for item in planned.sessions]
    assert [item.window.dates for item in after.visits] == [item.window.dates for item in planned.visits]


@given(history=histories(), slip=st.integers(0, 90))
def test_a_later_fact_never_moves_a_session_that_was_performed(history, slip):
    steps, start, facts = history
    done = len(facts.performed_on)
    before = timeline.sessions(steps, start, facts, RULES)[:done]
    assume(done < len(each(steps)))
    window = timeline.sessions(steps, start, facts, RULES)[done].window
    day = window.target + timedelta(slip)
    later = replace(
        facts,
        performed_on={**facts.performed_on, done + 1: day},
        given={**facts.given, done + 1: [Given(day, each(steps)[done].components)]},
        resumed_on=day,
    )
    assert timeline.sessions(steps, start, later, RULES)[:done] == before


@given(history=histories(), slip=st.integers(1, 60))
def test_coming_later_never_brings_what_follows_forward(history, slip):
    steps, start, facts = history
    done = len(facts.performed_on)
    assume(done)
    day = facts.performed_on[done] + timedelta(slip)
    later = replace(
        facts,
        performed_on={**facts.performed_on, done: day},
        given={**facts.given, done: [Given(day, each(steps)[done - 1].components)]},
    )
    targets_before = [item.window.target for item in timeline.sessions(steps, start, facts, RULES)[done:]]
    targets_after = [item.window.target for item in timeline.sessions(steps, start, later, RULES)[done:]]
    assert all(after >= before for before, after in zip(targets_before, targets_after, strict=True))


def test_a_session_may_count_from_an_earlier_one_and_a_repetition_from_the_one_before_it():
    steps = [
        FIRST,
        Step(2, "session", "Needling", "session", 1, offset_days=10),
        Step(3, "session", "PRP", "session", 1, offset_days=28, repetitions=2),
    ]
    assert [item.window.target - START for item in timeline.sessions(steps, START, Facts())] == [
        timedelta(0),
        timedelta(10),
        timedelta(28),
        timedelta(56),
    ]


def test_a_pin_that_an_interval_forbids_is_flagged_with_the_interval():
    facts = Facts(performed_on={1: START}, given={1: [Given(START, ())]}, pins={2: START + timedelta(5)})
    window = timeline.sessions(STEPS, START, facts)[1].window
    assert window.pin_conflict == "At least 14 days after 7 October 2026 (the protocol)."
    assert window.target == START + timedelta(14)


def test_a_pin_that_can_be_met_is_the_target_and_moves_what_follows():
    pin = START + timedelta(40)
    _, second, third = timeline.sessions(STEPS, START, Facts(pins={2: pin}))
    assert (second.window.target, second.window.rule, second.window.pin_conflict) == (pin, Rule.PIN, "")
    assert third.window.target == pin + timedelta(28)


def test_a_pinned_follow_up_keeps_its_tolerance():
    pin = START + timedelta(100)
    facts = Facts(visit_pins={("session", 1, 3, 0): pin})
    (review,) = timeline.course(STEPS, START, facts).visits
    assert review.window.dates == (pin - timedelta(14), pin, pin + timedelta(14))


@given(history=histories(), data=st.data())
def test_no_follow_up_opens_before_the_plan_starts_and_the_start_is_what_binds_it_there(history, data):
    steps, start, facts = history
    soon = steps[-1]
    if data.draw(st.booleans(), label="it is pinned"):
        facts = replace(facts, visit_pins={soon.place: start + timedelta(data.draw(st.integers(0, 40)))})
    for visit in timeline.course(steps, start, facts, RULES).visits:
        window, step = visit.window, visit.step
        assert window.earliest == max(window.target - timedelta(step.tolerance_before_days), min(start, window.target))
        assert window.latest == window.target + timedelta(step.tolerance_after_days)
        is_cut = window.target - timedelta(step.tolerance_before_days) < start <= window.target
        assert (window.rule is Rule.PLAN_START) == is_cut
        assert not is_cut or str(window.bound).startswith("The plan starts on")


def test_a_follow_up_pinned_near_the_start_opens_with_the_plan():
    pin = START + timedelta(5)
    facts = Facts(visit_pins={("session", 1, 3, 0): pin})
    (review,) = timeline.course(STEPS, START, facts).visits
    assert review.window.dates == (START, pin, pin + timedelta(14))
    assert str(review.window.bound) == "The plan starts on 7 October 2026."


@pytest.mark.parametrize(
    ("facts", "number", "words"),
    [
        (Facts(), 1, "The plan starts on 7 October 2026."),
        (Facts(), 2, "28 days after session 1 (7 October 2026)."),
        (Facts(pins={2: date(2026, 11, 9)}), 2, "Pinned to 9 November 2026."),
        (Facts(resumed_on=date(2027, 2, 1)), 2, "28 days after session 1 (1 February 2027)."),
        (Facts(pins={3: START}), 3, "After the session ahead of it, on 4 November 2026."),
        (Facts(performed_on={1: START}, resumed_on=date(2027, 2, 1)), 2, "The plan was resumed on 1 February 2027."),
        (
            Facts(performed_on={1: START}, retry_from={2: date(2027, 1, 4)}),
            2,
            "It was stopped on 4 January 2027, and is owed again from then.",
        ),
    ],
)
def test_each_window_says_in_words_what_bound_it(facts, number, words):
    steps = [FIRST, replace(NEXT, tolerance_before_days=0, minimum_interval_days=0)]
    assert str(timeline.sessions(steps, START, facts)[number - 1].window.bound) == words
