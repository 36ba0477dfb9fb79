"""The arithmetic of progress and adherence, on steps made by hand."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.people.models import Modality
from plans.treatment.models import TreatmentPlan
from plans.treatment.progress import BLOCKS, Flag, Kind, State, Step, flags, next_step, progress

TODAY = date(2026, 5, 1)
Status = TreatmentPlan.Status
SESSION, UPKEEP, VISIT, CHECK_IN = Kind.SESSION, Kind.MAINTENANCE, Kind.FOLLOW_UP, Kind.CHECK_IN
DONE, DUE, OVERDUE, PENDING = State.DONE, State.DUE, State.OVERDUE, State.PENDING


def days(number):
    return timedelta(days=number)


def step(state, opens_in=0, *, kind=SESSION, done_in=None, number=1, lasts=6, **fields):
    """A step whose window opens so many days from today, with its target in the middle."""
    opens = TODAY + days(opens_in)
    return Step(
        kind=kind,
        id=UUID(int=number),
        title=f"Session {number} of 3 · PRP",
        sequence=number,
        earliest=opens,
        target=opens + days(lasts // 2),
        latest=opens + days(lasts),
        state=state,
        done_on=None if done_in is None else opens + days(done_in),
        **fields,
    )


STATES = {
    SESSION: set(State) - {State.MISSED},
    UPKEEP: set(State) - {State.MISSED},
    VISIT: set(State) - {State.IN_PROGRESS, State.ABORTED},
    CHECK_IN: {State.PENDING, State.DUE, State.OVERDUE, State.DONE, State.CANCELLED},
}


@st.composite
def steps(draw):
    """A plan's steps, each in a state that its window and today allow."""
    found = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        kind = draw(st.sampled_from(Kind))
        opens_in, lasts = draw(st.integers(-60, 60)), draw(st.integers(0, 30))
        state = draw(st.sampled_from(sorted(STATES[kind])))
        if state in (DUE, OVERDUE, PENDING):
            state = PENDING if opens_in > 0 else OVERDUE if opens_in + lasts < 0 else DUE
        done_in = draw(st.integers(-20, 50)) if state is DONE else None
        found.append(step(state, opens_in, kind=kind, done_in=done_in, number=number, lasts=lasts))
    return found


@given(steps=steps(), status=st.sampled_from(Status))
def test_the_counts_add_up_and_adherence_lies_within_0_to_100(steps, status):
    found = progress(steps, status, TODAY)
    live = [one for one in steps if one.state not in (State.CANCELLED, State.ABORTED)]
    of = {kind: [one for one in live if one.kind is kind] for kind in Kind}
    assert found.sessions_total == len(of[SESSION])
    assert 0 <= found.sessions_due <= found.sessions_owed
    assert found.maintenance_done == sum(one.state is DONE for one in of[UPKEEP])
    assert found.follow_ups_kept + found.follow_ups_missed + found.follow_ups_open == len(of[VISIT])
    assert found.check_ins_answered + found.check_ins_overdue + found.check_ins_open == len(of[CHECK_IN])
    assert 0 <= found.adherence_kept <= found.adherence_counted <= len(live)
    assert (found.adherence_pct is None) == (found.adherence_counted == 0)
    assert found.adherence_pct is None or 0 <= found.adherence_pct <= 100
    assert found.adherence_counted >= sum(one.state is DONE and one.kind is not CHECK_IN for one in steps)
    assert (found.median_days_late is None) == (not found.timing)
    assert {block.code for block in found.blocks} <= BLOCKS


@given(steps=steps(), status=st.sampled_from(Status))
def test_flags_stand_only_on_plans_that_are_owed_or_held(steps, status):
    found = flags(steps, status, TODAY)
    if status == Status.ON_HOLD:
        assert found == {Flag.ON_HOLD}
    elif status not in TreatmentPlan.MAY_BOOK:
        assert not found
    else:
        assert Flag.ON_HOLD not in found
        following = next_step(steps)
        assert Flag.WAITING not in found or following.state in (PENDING, DUE, State.MISSED)


@given(steps=steps(), ahead=st.integers(1, 400))
def test_as_days_go_by_more_counts_and_what_was_kept_stays_kept(steps, ahead):
    today, later = progress(steps, Status.ACTIVE, TODAY), progress(steps, Status.ACTIVE, TODAY + days(ahead))
    assert later.adherence_counted >= today.adherence_counted
    assert later.adherence_kept == today.adherence_kept


def test_nothing_has_come_due_yet_so_there_is_no_percentage():
    assert progress([step(PENDING, 5), step(DUE, -2, number=2)], Status.ACTIVE, TODAY).adherence_pct is None


@pytest.mark.parametrize(("done_in", "kept"), [(-1, 0), (0, 1), (6, 1), (7, 0)])
def test_a_session_is_kept_on_the_days_of_its_window_both_ends_included(done_in, kept):
    found = progress([step(DONE, -30, done_in=done_in)], Status.ACTIVE, TODAY)
    assert (found.adherence_kept, found.adherence_counted) == (kept, 1)


@pytest.mark.parametrize(("done_in", "kept"), [(-20, 1), (6, 1), (7, 0)])
def test_a_follow_up_that_was_attended_early_is_kept(done_in, kept):
    found = progress([step(DONE, -30, kind=VISIT, done_in=done_in)], Status.ACTIVE, TODAY)
    assert (found.adherence_kept, found.adherence_counted) == (kept, 1)


def test_what_is_owed_after_its_window_counts_though_it_is_booked():
    late = [step(OVERDUE, -30), step(State.SCHEDULED, -30, number=2), step(State.MISSED, -60, kind=VISIT, number=3)]
    found = progress([*late, step(DONE, -30, done_in=0, number=4)], Status.ACTIVE, TODAY)
    assert (found.adherence_kept, found.adherence_counted, found.adherence_pct) == (1, 4, 25)


def test_a_visit_that_is_missed_within_its_window_counts_once_that_has_closed():
    missed = [step(State.MISSED, -2, kind=VISIT)]
    assert progress(missed, Status.ACTIVE, TODAY).adherence_pct is None
    assert progress(missed, Status.ACTIVE, TODAY + days(10)).adherence_pct == 0


def test_while_the_plan_is_on_hold_only_what_was_done_counts():
    steps = [step(State.SCHEDULED, -30), step(DONE, -60, done_in=0, number=2)]
    assert progress(steps, Status.ON_HOLD, TODAY).adherence_counted == 1


def test_check_ins_are_counted_beside_adherence():
    steps = [step(OVERDUE, -30, kind=CHECK_IN), step(DONE, -30, kind=CHECK_IN, done_in=0, number=2)]
    found = progress(steps, Status.ACTIVE, TODAY)
    assert (found.check_ins_answered, found.check_ins_overdue, found.adherence_pct) == (1, 1, None)


def test_days_late_are_counted_from_the_target_and_are_negative_where_early():
    done = [step(DONE, -90, done_in=1), step(DONE, -60, done_in=3, number=2), step(DONE, -30, done_in=13, number=3)]
    found = progress(done, Status.ACTIVE, TODAY)
    assert [one.days_late for one in found.timing] == [-2, 0, 10]
    assert (found.median_days_late, found.mean_days_late) == (0.0, 2.7)


def test_an_aborted_try_is_no_session_of_the_course_and_its_retry_is():
    found = progress([step(State.ABORTED, -30), step(PENDING, 5)], Status.ACTIVE, TODAY)
    assert (found.sessions_done, found.sessions_owed, found.sessions_total) == (0, 1, 1)


def test_what_is_in_progress_comes_next_and_then_the_first_target():
    steps = [step(DUE, -3, kind=VISIT, number=1), step(PENDING, 20, number=2), step(DUE, -3, number=3)]
    assert next_step(steps) is steps[2]
    running = step(State.IN_PROGRESS, 40, number=4)
    assert next_step([*steps, running]) is running
    assert next_step([step(DUE, -3, kind=CHECK_IN)]) is None


@pytest.mark.parametrize(("opens_in", "is_waiting"), [(15, False), (14, True), (0, True), (-6, True), (-7, False)])
def test_a_plan_waits_for_booking_from_two_weeks_before_the_window_to_its_end(opens_in, is_waiting):
    state = PENDING if opens_in > 0 else DUE if opens_in >= -6 else OVERDUE
    found = flags([step(state, opens_in)], Status.ACTIVE, TODAY)
    assert (Flag.WAITING in found) == is_waiting
    assert (Flag.SLIPPING in found) == (state is OVERDUE)


def test_what_is_booked_does_not_wait():
    assert not flags([step(State.SCHEDULED, 3)], Status.ACCEPTED, TODAY)


def codes(steps, status=Status.ACTIVE, consented=Modality):
    return [block.code for block in progress(steps, status, TODAY, consented).blocks]


def test_what_blocks_the_next_step_is_said_in_the_order_of_its_mending():
    prp = frozenset({Modality.PRP})
    following = step(PENDING, 5, number=2, modalities=prp)
    unsigned = step(DONE, -30, done_in=0, is_unsigned=True)
    assert codes([unsigned, following], consented=()) == ["unsigned", "consent_missing", "too_early", "not_booked"]
    assert codes([step(State.SCHEDULED, 5, modalities=prp)], consented=()) == ["consent_missing"]
    assert codes([step(State.SCHEDULED, 5, modalities=prp)]) == []
    assert codes([step(DUE, -2)]) == ["not_booked"]
    assert codes([step(State.IN_PROGRESS, -2)]) == ["in_progress"]
    assert codes([step(DUE, -2)], Status.ON_HOLD) == ["on_hold"]
    assert codes([step(PENDING, -2)], Status.PROPOSED) == ["not_accepted"]
    assert codes([]) == []


def test_too_early_says_until_when_and_a_missing_consent_for_what():
    prp = frozenset({Modality.PRP})
    consent, early, _ = progress([step(PENDING, 5, modalities=prp)], Status.ACTIVE, TODAY).blocks
    assert (consent.modality, consent.text) == (Modality.PRP, "Consent for PRP is missing.")
    assert (early.until, early.text) == (date(2026, 5, 6), "Too early until 6 May 2026.")


def test_a_booked_step_says_when():
    booked = datetime(2026, 5, 4, 13, 30, tzinfo=UTC)
    assert progress([step(State.SCHEDULED, 2, booked_at=booked)], Status.ACTIVE, TODAY).next.booked_at == booked
