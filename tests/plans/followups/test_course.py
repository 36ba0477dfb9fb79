"""The follow-ups of a plan move with it, and say why they are where they are."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from plans.followups.models import CheckIn, FollowUp
from plans.followups.services import (
    check_ins_put,
    follow_up_cancel,
    follow_up_pin,
    follow_ups_move,
    follow_ups_revise,
)
from plans.protocols.models import ProtocolStep
from plans.scheduling.services import NO_LONGER_OWED
from plans.treatment.timeline import Bound, Rule, Window


def window(start: date, reason: Rule = Rule.TARGET_WINDOW) -> Window:
    """Ten days from `start`, best on the fifth."""
    return Window(start, start + timedelta(4), start + timedelta(9), Bound(reason, start, days=3, what="session 3"))


@pytest.fixture
def rows(clinic):
    """The plan's follow-ups in order."""
    return list(clinic.plan.follow_ups.select_related("step").order_by("target_date"))


def test_a_new_follow_up_and_a_check_in_say_what_set_their_dates(clinic, rows):
    assert {row.window_rule for row in rows} == {"target_window"}
    assert rows[0].window_because == "3 months after session 1 (2 March 2026)."
    first = clinic.performed()[0]
    assert (first.window_rule, first.window_because) == ("target_window", "1 day after the session (2 March 2026).")


def test_moving_returns_what_moved_with_its_dates_before_and_writes_the_rule(clinic, rows):
    first, *others = rows
    windows = {first.step_id: window(date(2026, 7, 1))}
    windows |= {row.step_id: Window(*row.window, Bound(Rule.RESUMED, date(2026, 3, 2))) for row in others}
    before = first.window
    ((moved, was),) = follow_ups_move(plan=clinic.plan, windows=windows)
    assert (moved.pk, was, moved.window) == (first.pk, before, window(date(2026, 7, 1)).dates)
    kept = FollowUp.objects.get(pk=others[0].pk)
    assert (kept.window, kept.window_rule) == (others[0].window, "resumed"), "the words change, the dates do not"
    assert FollowUp.objects.get(pk=first.pk).window_because == "3 days after session 3 (1 July 2026)."


def test_moving_twice_to_the_same_place_writes_nothing(clinic, rows, django_assert_num_queries):
    windows = {rows[0].step_id: window(date(2026, 7, 1))}
    follow_ups_move(plan=clinic.plan, windows=windows)
    version = FollowUp.objects.get(pk=rows[0].pk).version
    with django_assert_num_queries(2):
        assert follow_ups_move(plan=clinic.plan, windows=windows) == []
    assert FollowUp.objects.get(pk=rows[0].pk).version == version


def test_a_pin_that_cannot_be_met_is_flagged(clinic, rows):
    conflict = replace(window(date(2026, 7, 1)), pin_conflict="At least 14 days after 1 July 2026 (PRP).")
    follow_ups_move(plan=clinic.plan, windows={rows[0].step_id: conflict})
    assert FollowUp.objects.get(pk=rows[0].pk).pin_conflict == conflict.pin_conflict


def test_what_is_closed_does_not_move(clinic, rows):
    clinic.attend(rows[0])
    follow_up_cancel(follow_up_id=rows[1].pk, by=clinic.desk, reason="Not needed.")
    windows = {row.step_id: window(date(2026, 7, 1)) for row in rows[:2]}
    assert follow_ups_move(plan=clinic.plan, windows=windows) == []
    assert [FollowUp.objects.get(pk=row.pk).window for row in rows[:2]] == [row.window for row in rows[:2]]


def step_like(step: ProtocolStep, **changes: object) -> ProtocolStep:
    """Another step of the plan's protocol, before it is used: as a new version would have it."""
    made = ProtocolStep.objects.get(pk=step.pk)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_revision_keeps_the_same_visit_with_its_booking_and_returns_what_it_closed(clinic, rows, frozen):
    frozen.move_to("2026-05-20T14:00:00Z")
    booked = clinic.book(date(2026, 5, 26), follow_up=rows[0])
    first = step_like(rows[0].step, title="First review", duration_minutes=45)
    closed = follow_ups_revise(plan=clinic.plan, visits=[(first, window(date(2026, 7, 1)))], by=clinic.desk)
    assert {row.pk for row in closed} == {row.pk for row in rows[1:]}
    kept = FollowUp.objects.get(pk=rows[0].pk)
    assert (kept.title, kept.duration_minutes, kept.target_date) == ("First review", 45, date(2026, 7, 5))
    booked.refresh_from_db()
    assert (booked.status, booked.follow_up_id) == ("booked", kept.pk)
    assert {row.cancel_reason for row in FollowUp.objects.exclude(pk=kept.pk)} == {NO_LONGER_OWED}


@pytest.mark.parametrize(
    "change",
    [
        {"offset_days": 3},
        {"offset_months": 4},
        {"anchor": "plan_start"},
        {"anchor": "session", "anchor_session": 2},
    ],
    ids=str,
)
def test_another_anchor_or_offset_is_another_visit(clinic, rows, change):
    other = step_like(rows[0].step, **change)
    closed = follow_ups_revise(plan=clinic.plan, visits=[(other, window(date(2026, 7, 1)))], by=None)
    assert rows[0].pk in {row.pk for row in closed}
    assert FollowUp.objects.get(cancelled_at=None).target_date == date(2026, 7, 5)


def test_what_was_attended_or_dropped_by_a_person_is_not_owed_again(clinic, rows):
    clinic.attend(rows[0])
    follow_up_cancel(follow_up_id=rows[1].pk, by=clinic.desk, reason="Not needed.")
    visits = [(row.step, window(date(2026, 7, 1))) for row in rows]
    assert follow_ups_revise(plan=clinic.plan, visits=visits, by=None) == []
    assert FollowUp.objects.count() == len(rows)


def test_what_one_revision_dropped_another_owes_again(clinic, rows):
    everything = [(row.step, Window(*row.window, Bound(Rule.TARGET_WINDOW, row.target_date))) for row in rows]
    follow_ups_revise(plan=clinic.plan, visits=everything[:1], by=None)
    follow_ups_revise(plan=clinic.plan, visits=everything, by=None)
    owed = FollowUp.objects.filter(cancelled_at=None).order_by("target_date")
    assert [row.window for row in owed] == [row.window for row in rows]


def test_a_revision_keeps_a_pin(clinic, rows):
    follow_up_pin(follow_up_id=rows[0].pk, by=None, pinned_on=date(2026, 8, 1), reason="Away.")
    follow_ups_revise(plan=clinic.plan, visits=[(rows[0].step, window(date(2026, 7, 1)))], by=None)
    assert FollowUp.objects.get(cancelled_at=None).target_date == date(2026, 8, 1)


def test_check_ins_move_unless_they_are_answered_and_are_not_made_twice(clinic):
    first, second, third = clinic.performed()
    CheckIn.objects.filter(pk=first.pk).update(answered_at=first.created_at)
    moved = [(row.step, window(date(2026, 3, 20))) for row in (first, second, third)]
    check_ins_put(session=first.session, visits=moved)
    found = list(CheckIn.objects.order_by("pk"))
    assert [row.window for row in found] == [first.window, *[window(date(2026, 3, 20)).dates] * 2]
    assert found[1].window_because == "3 days after session 3 (20 March 2026)."
