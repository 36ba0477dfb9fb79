"""What a protocol may say, without a database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clinic.people.models import Modality
from plans.protocols.catalogue import PROTOCOLS
from plans.protocols.drafts import StepInput, shortest_days
from plans.protocols.rules import faults, interval_faults, is_drawable, step_faults
from plans.treatment import timeline
from plans.treatment.intervals import Component, Intervals, soonest
from plans.treatment.timeline import Facts
from tests.plans.protocols.drafts import (
    FAT,
    NEEDLES,
    PRP,
    SEEDED,
    TOPIC_CODES,
    check_in,
    first,
    maintenance,
    review,
    session,
    visit,
)


def found(*steps: StepInput, intervals: Intervals = SEEDED) -> dict[str, str]:
    """The faults of these steps, by field."""
    return {fault.attr: fault.detail for fault in step_faults(steps, intervals, TOPIC_CODES)}


GOOD = (first(), session(repetitions=2), maintenance(), check_in(), review(), visit())


def test_steps_that_fit_together_have_no_fault():
    assert found(*GOOD) == {}


@pytest.mark.parametrize("seed", PROTOCOLS, ids=lambda seed: seed.code)
def test_the_protocols_that_come_with_the_system_have_no_fault(seed):
    assert found(*seed.steps) == {}


ALONE = [
    # the step, the field at fault, and what is said of it
    (first(title=" "), "title", "at most 100 letters"),
    (first(title="x" * 121), "title", "at most 100 letters"),
    (first(kind="party"), "kind", "“party” is not a kind of step"),
    (first(offset_months=25), "offset_months", "the offset in months is 25; allowed is 0 to 24"),
    (first(offset_days=731), "offset_days", "the offset in days is 731; allowed is 0 to 730"),
    (first(offset_days=-1), "offset_days", "the offset in days is -1"),
    (first(offset_months=24, offset_days=30), "offset_days", "more than two years"),
    (first(tolerance_before_days=-1), "tolerance_before_days", "is -1; allowed is 0 to 365"),
    (first(tolerance_after_days=-5), "tolerance_after_days", "is -5; allowed is 0 to 365"),
    (first(minimum_interval_days=-1), "minimum_interval_days", "is -1"),
    (first(advised_interval_days=7, minimum_interval_days=14), "advised_interval_days", "7 days is under the minimum"),
    (first(repetitions=0), "repetitions", "is 0; allowed is 1 to 24"),
    (first(repetitions=25), "repetitions", "is 25; allowed is 1 to 24"),
    (first(duration_minutes=None), "duration_minutes", "say how long it takes"),
    (first(duration_minutes=4), "duration_minutes", "it takes 4 minutes; allowed is 5 to 720"),
    (first(duration_minutes=721), "duration_minutes", "it takes 721 minutes"),
    (first(components=()), "components", "at least one modality"),
    (first(components=(PRP, PRP)), "components.1.modality", "PRP is given twice"),
    (first(components=(Component("leeches"),)), "components.0.modality", "“leeches” is not known"),
    (first(components=(Component("prp", Decimal(1)),)), "components.0.needle_length_mm", "only microneedling"),
    (
        first(components=(Component("microneedling", Decimal("3.5")),)),
        "components.0.needle_length_mm",
        "3.5 mm long; allowed is 0.2 to 3",
    ),
    (first(components=(Component("prp", None, "adipose"),)), "components.0.source", "only stem cells"),
    (first(components=(Component("stem_cell", None, "moss"),)), "components.0.source", "adipose, bone_marrow"),
    (first(care=("tea",)), "care.0", "no care advice “tea”"),
    (first(care=("lifestyle", "lifestyle")), "care.1", "named twice"),
    (first(anchor_session=1), "anchor_session", "not both"),
    (first(anchor="each_session"), "anchor", "not from each session"),
    (first(anchor="last_session"), "anchor", "not from the last session"),
    (first(anchor="moon"), "anchor", "not from “moon”"),
]


@pytest.mark.parametrize(("step", "field", "said"), ALONE, ids=[f"{field}: {said}" for _, field, said in ALONE])
def test_a_step_that_is_wrong_is_named_with_its_field_its_value_and_what_is_allowed(step, field, said):
    told = found(step)
    assert said in told[f"steps.0.{field}"]
    assert told[f"steps.0.{field}"].startswith("Step 1")


OF_OTHER_KINDS = [
    (maintenance(anchor="plan_start"), "anchor", "a maintenance session counts from the last session"),
    (maintenance(repetitions=2), "repetitions", "by itself"),
    (check_in(anchor="plan_start"), "anchor", "a check-in counts from each session"),
    (check_in(duration_minutes=10), "duration_minutes", "no visit"),
    (check_in(care=("lifestyle",)), "care", "no care advice"),
    (check_in(tolerance_before_days=5), "tolerance_before_days", "2 days before the session"),
    (check_in(components=(PRP,)), "components", "nothing is given"),
    (review(components=(PRP,)), "components", "nothing is given"),
    (review(anchor="previous_session", anchor_session=None), "anchor", "not from the session before"),
    (review(anchor_session=None), "anchor_session", "say from which session"),
    (review(anchor_session=0), "anchor_session", "say from which session"),
    (review(anchor_session=4), "anchor_session", "session 4; the sessions are 1 to 3"),
    (review(minimum_interval_days=3), "minimum_interval_days", "only a session has an interval"),
    (review(advised_interval_days=3), "advised_interval_days", "only a session has an interval"),
    (review(repetitions=2), "repetitions", "only a session repeats"),
    (visit(duration_minutes=None), "duration_minutes", "say how long"),
]


@pytest.mark.parametrize(
    ("step", "field", "said"),
    OF_OTHER_KINDS,
    ids=[f"{step.kind} {field}: {said}" for step, field, said in OF_OTHER_KINDS],
)
def test_each_kind_of_step_has_its_own_rules(step, field, said):
    told = found(first(), session(repetitions=2), step)
    assert said in told[f"steps.2.{field}"]
    assert told[f"steps.2.{field}"].startswith(f"Step 3 “{step.title}”: ")


def test_all_faults_are_told_at_once_in_the_order_of_the_steps():
    told = found(
        first(duration_minutes=1), session(offset_days=3), review(anchor_session=9), maintenance(components=())
    )
    assert list(told) == [
        "steps.0.duration_minutes",
        "steps.1.offset_days",
        "steps.2.anchor_session",
        "steps.3.components",
    ]


def test_a_protocol_has_at_least_one_session():
    assert found(review()) == {"steps": "A protocol has at least one session; there is none."}
    assert "steps" in found()


def test_a_protocol_has_at_most_24_sessions():
    told = found(first(), session(repetitions=20), session(repetitions=4))
    assert "there are 25 sessions" in told["steps.2.repetitions"]


def test_a_protocol_has_at_most_60_steps():
    assert "61 steps" in found(*[check_in()] * 61)["steps"]


def test_a_protocol_has_one_maintenance_step():
    told = found(first(), maintenance(), maintenance(title="More"))
    assert "Step 3 “More”: step 2 is maintenance already" in told["steps.2.kind"]


@pytest.mark.parametrize(("anchor", "number"), [("previous_session", None), ("session", 1)])
def test_the_first_session_counts_from_the_start_of_the_plan(anchor, number):
    told = found(session(anchor=anchor, anchor_session=number))
    assert "the first one counts from the start of the plan" in told["steps.0.anchor"]


@pytest.mark.parametrize(
    ("number", "words"), [(2, "itself"), (3, "one that comes later"), (99, "one that comes later")]
)
def test_no_session_waits_for_itself_or_for_a_later_one(number, words):
    told = found(first(), session(title="Second", anchor="session", anchor_session=number), session())
    assert told["steps.1.anchor_session"] == (
        f"Step 2 “Second”: it is session 2 and counts from session {number}, {words}: they would wait for each other. "
        "Allowed is 1 to 1."
    )


def test_a_session_may_count_from_one_further_back():
    assert found(first(), session(), session(anchor="session", anchor_session=1, offset_days=56)) == {}


def test_an_offset_under_the_steps_own_minimum_interval_is_refused():
    told = found(first(), session(title="Soon", offset_days=20, minimum_interval_days=21, advised_interval_days=21))
    assert told == {
        "steps.1.offset_days": "Step 2 “Soon”: session 2 would come 20 days after session 1; at least 21 days must lie "
        "between them (its own minimum interval)."
    }


@pytest.mark.parametrize(
    ("before", "after", "days", "why"),
    [
        (PRP, PRP, 14, "PRP after PRP"),
        (PRP, Component("exosome"), 14, "One treatment of the scalp after another"),
        (FAT, FAT, 180, "Stem cells after stem cells"),
        (Component("stem_cell"), FAT, 180, "Stem cells after stem cells"),
        (Component("stem_cell", None, "bone_marrow"), FAT, 365, "Stem cells after stem cells from marrow"),
        (Component("microneedling", Decimal("0.5")), NEEDLES, 7, "Microneedling after microneedling"),
        (Component("microneedling"), NEEDLES, 7, "Microneedling after microneedling"),
        (NEEDLES, NEEDLES, 14, "Microneedling after needles over 0.5 mm"),
        (Component("microneedling", Decimal("1.5")), NEEDLES, 14, "Microneedling after needles over 0.5 mm"),
        (Component("microneedling", Decimal("2.0")), NEEDLES, 28, "Microneedling after needles over 1.5 mm"),
    ],
)
def test_an_offset_under_what_the_interval_rules_ask_is_refused_and_the_exact_one_is_not(before, after, days, why):
    def protocol(offset: int) -> dict[str, str]:
        return found(first(components=(before,)), session(components=(after,), offset_days=offset))

    assert f"at least {days} days must lie between them ({why})" in protocol(days - 1)["steps.1.offset_days"]
    assert protocol(days) == {}


def test_the_strictest_interval_of_a_combination_governs():
    told = found(first(components=(NEEDLES, FAT)), session(components=(FAT, PRP), offset_days=30))
    assert "at least 180 days" in told["steps.1.offset_days"]


def test_intervals_hold_between_sessions_that_do_not_follow_each_other():
    told = found(first(components=(FAT,)), session(offset_days=28), session(components=(FAT,), offset_days=28))
    assert "session 3 would come 56 days after session 1; at least 180" in told["steps.2.offset_days"]


def test_repetitions_keep_the_intervals_among_themselves():
    told = found(first(components=(PRP,)), session(components=(FAT,), offset_days=60, repetitions=2))
    assert "session 3 would come 60 days after session 2; at least 180" in told["steps.1.offset_days"]


def test_maintenance_keeps_the_intervals_after_the_course_and_after_itself():
    told = found(first(components=(FAT,)), maintenance(components=(FAT,), offset_days=90))
    assert "the maintenance session would come 90 days after session 1" in told["steps.1.offset_days"]
    told = found(first(), maintenance(components=(FAT,), offset_days=90))
    assert "it would come again 90 days after itself; at least 180" in told["steps.1.offset_days"]


def test_months_count_as_short_as_they_can_be():
    assert [shortest_days(months) for months in (0, 1, 2, 6, 12, 24)] == [0, 28, 59, 181, 365, 730]
    step = session(offset_months=1, offset_days=0, minimum_interval_days=29, advised_interval_days=29)
    assert "28 days after session 1; at least 29" in found(first(), step)["steps.1.offset_months"]


def test_sessions_whose_order_contradicts_their_dates_are_refused():
    told = found(first(), session(), session(title="Third", anchor="plan_start", offset_days=20))
    assert told["steps.2.offset_days"].startswith("Step 3 “Third”: session 3 would come 8 days before session 2; ")
    told = found(first(), session(anchor="plan_start", offset_days=0), intervals=Intervals())
    assert "on the day of session 1" in told["steps.1.offset_days"]


def test_a_window_that_is_over_before_the_one_ahead_leaves_room_is_refused():
    late = first(tolerance_after_days=40)
    told = found(late, session(anchor="plan_start", offset_days=28, tolerance_after_days=3))
    assert list(told) == ["steps.1.tolerance_after_days"]
    assert (
        "its window ends 3 days after the target, too soon where session 1 takes"
        in told["steps.1.tolerance_after_days"]
    )
    assert "(PRP after PRP). Allowed is 26 or more." in told["steps.1.tolerance_after_days"]
    assert found(late, session(anchor="plan_start", offset_days=28, tolerance_after_days=26)) == {}


def test_what_counts_from_the_session_before_moves_with_it():
    assert found(first(tolerance_after_days=40), session()) == {}


def test_two_visits_on_one_day_are_refused():
    told = found(first(), review(), review(title="Twin"))
    assert "Step 3 “Twin”: it falls on the same day as step 2 “Review”" in told["steps.2.offset_months"]
    assert found(first(), review(), visit(), check_in(), check_in(title="Day 7", offset_days=7)) == {}
    assert "steps.2.offset_days" in found(first(), check_in(), check_in())


def test_a_fault_does_not_hide_those_of_steps_that_do_not_depend_on_it():
    told = found(first(duration_minutes=0), session(offset_days=5), session(offset_days=-1), session(offset_days=6))
    assert set(told) == {
        "steps.0.duration_minutes",
        "steps.1.offset_days",
        "steps.2.offset_days",
    }, "where session 4 falls is not known"


def test_nothing_is_too_strange_to_be_told_of():
    huge = 10**30
    told = found(
        first(repetitions=huge, offset_days=huge),
        session(anchor="session", anchor_session=-huge),
        review(offset_months=huge),
    )
    assert {"steps.0.repetitions", "steps.0.offset_days", "steps.1.anchor_session", "steps.2.offset_months"} <= set(
        told
    )
    assert not is_drawable([first(repetitions=huge)])
    assert not is_drawable([first(anchor="moon")])
    assert not is_drawable([])
    assert is_drawable([first(), session(offset_days=1, duration_minutes=None)]), "too near, but on the calendar"


def test_a_protocol_without_title_or_expectation_is_refused():
    told = faults(title="", expectation=" ", steps=GOOD, intervals=SEEDED, topics=TOPIC_CODES)
    assert {fault.attr for fault in told} == {"title", "expectation"}


def test_an_expectation_that_promises_is_refused_naming_the_words():
    told = faults(
        title="PRP", expectation="Your hair will grow back, 100 %.", steps=GOOD, intervals=SEEDED, topics=TOPIC_CODES
    )
    assert [(fault.attr, fault.detail) for fault in told] == [
        ("expectation", "No text promises an outcome: write it without “will grow back”, “100 %”.")
    ]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"needle_over_mm": Decimal(1)}, "needle_over_mm"),
        ({"after_modality": "microneedling", "needle_up_to_mm": Decimal(4)}, "needle_up_to_mm"),
        ({"after_modality": "prp", "source": "adipose"}, "source"),
        ({"after_modality": "stem_cell", "source": "moss"}, "source"),
        ({"after_modality": "prp", "before_modality": "prp", "is_across": True}, "is_across"),
    ],
)
def test_an_interval_rule_that_could_never_apply_is_refused(rule, field):
    blank = {
        "after_modality": "",
        "before_modality": "",
        "is_across": False,
        "needle_over_mm": None,
        "needle_up_to_mm": None,
        "source": "",
    }
    assert interval_faults(**blank) == []
    assert [fault.attr for fault in interval_faults(**{**blank, **rule})] == [field]


# Whatever passes makes a calendar that breaks no interval

needles = st.sampled_from([None, Decimal("0.25"), Decimal("0.5"), Decimal("1.0"), Decimal("1.5"), Decimal("2.5")])
any_component = st.one_of(
    st.builds(Component, st.sampled_from([Modality.PRP.value, Modality.EXOSOME.value])),
    st.builds(Component, st.just(Modality.MICRONEEDLING.value), needles),
    st.builds(Component, st.just(Modality.STEM_CELL.value), st.none(), st.sampled_from(["", "adipose", "bone_marrow"])),
)
any_session = st.builds(
    session,
    anchor=st.sampled_from(["previous_session", "previous_session", "plan_start", "session"]),
    anchor_session=st.one_of(st.none(), st.integers(1, 3)),
    offset_months=st.sampled_from([0, 0, 0, 1, 6, 12]),
    offset_days=st.sampled_from([7, 14, 28, 56, 120, 180, 365]),
    tolerance_before_days=st.integers(0, 60),
    tolerance_after_days=st.integers(0, 60),
    minimum_interval_days=st.sampled_from([0, 0, 7, 14, 28, 60]),
    repetitions=st.integers(1, 3),
    components=st.lists(any_component, min_size=1, max_size=2, unique_by=lambda one: one.modality).map(tuple),
).map(
    lambda step: replace(
        step,
        anchor_session=(step.anchor_session or 1) if step.anchor == "session" else None,
        advised_interval_days=step.minimum_interval_days,
    )
)


@settings(deadline=None)
@given(st.lists(any_session, min_size=1, max_size=4), st.dates(date(2024, 1, 1), date(2032, 12, 31)))
def test_a_protocol_that_passes_makes_a_calendar_without_a_breach(rest, start):
    steps = [replace(rest[0], anchor="plan_start", anchor_session=None), *rest[1:]]
    assume(not found(*steps))
    on_calendar = [step.on_calendar(position) for position, step in enumerate(steps, start=1)]
    free = [replace(step, minimum_interval_days=0) for step in on_calendar]
    planned = timeline.sessions(on_calendar, start, Facts(), SEEDED)
    targets = [one.window.target for one in planned]
    assert targets == [one.window.target for one in timeline.sessions(free, start, Facts())], (
        "no interval moves a target"
    )
    assert targets == sorted(set(targets)), "the order of the steps is that of the dates"
    for index, one in enumerate(planned):
        earlier = [timeline.Given(before.window.target, before.step.components) for before in planned[:index]]
        bound = soonest(one.step.components, earlier, SEEDED)
        assert bound is None or one.window.earliest >= bound.day
        assert one.window.earliest <= one.window.target <= one.window.latest
        if index:
            assert one.window.earliest >= targets[index - 1] + timedelta(one.step.minimum_interval_days)
