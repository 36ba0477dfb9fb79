"""Moving many plans at once: who is moved, who is not and why, what the report says, starting and stopping."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.errors import Conflict, Invalid
from clinic.people.models import Qualification
from plans.protocols.models import IntervalRule, Protocol
from plans.protocols.services import protocol_retire
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import banded, report_of, shift_in_words, with_counts
from plans.treatment.services import (
    plan_discontinue,
    plan_hold,
    plan_revise,
    rollout_advance,
    rollout_start,
    rollout_stop,
    rollouts_standing_still,
    session_cancel,
    session_start,
)
from plans.treatment.services import rollouts as service
from tests import factories
from tests.plans.treatment.rollouts import TODAY, item, make_plans, roll_out, run, targets
from tests.plans.treatment.versions import next_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


# What becomes of the plans


def test_running_plans_move_to_the_version_and_nobody_else_does(practitioner):
    accepted, held = make_plans(practitioner, 2)
    factories.perform(held.sessions.get(sequence=1), practitioner)
    plan_hold(plan_id=held.pk, reason="Travels.")
    (proposed,) = make_plans(practitioner, status="proposed")
    (ended,) = make_plans(practitioner)
    plan_discontinue(plan_id=ended.pk, by=None, reason="Moved away.")
    (other,) = make_plans(practitioner, protocol="exosome")
    newer = next_version(offset_days=42)
    rollout = roll_out(newer, by=practitioner.user)
    assert (rollout.moved, rollout.unchanged, rollout.refused, rollout.waiting) == (2, 0, 0, 0)
    assert rollout.finished_at == clock.now()
    assert set(newer.plans.all()) == {accepted, held}
    assert targets(accepted) == [TODAY, TODAY + timedelta(42), TODAY + timedelta(84)]
    for plan in (proposed, ended, other):
        was = plan.protocol
        plan.refresh_from_db()
        assert plan.protocol == was
        assert not RolloutPlan.objects.filter(plan=plan).exists()


def test_each_plan_keeps_a_revision_and_the_log_with_the_reason_and_the_person(practitioner):
    (plan,) = make_plans(practitioner)
    roll_out(next_version(offset_days=42), by=practitioner.user)
    revision = plan.revisions.get(number=2)
    assert (revision.reason, revision.revised_by) == ("Better evidence.", practitioner.user)
    moves = plan.moves.filter(act="revised")
    assert moves.count() == 2
    assert {move.moved_by for move in moves} == {practitioner.user}
    assert item(plan).shifts_days == [14, 28]


def test_a_plan_that_follows_the_version_already_is_worked_out_anew(practitioner):
    """A rule that changed since then moves its dates; where none did, nothing is written."""
    (plan,) = make_plans(practitioner)
    unmoved = roll_out(plan.protocol)
    assert (unmoved.moved, unmoved.unchanged) == (0, 1)
    assert "followed this version already" in item(plan).detail
    plan.refresh_from_db()
    assert plan.revision == 1
    assert not CourseMove.objects.filter(plan=plan).exists()
    IntervalRule.objects.filter(after_modality="prp", before_modality="prp").update(minimum_days=60)
    moved = roll_out(plan.protocol)
    assert (moved.moved, moved.unchanged) == (1, 0)
    assert targets(plan)[1] == TODAY + timedelta(60)
    assert set(plan.moves.values_list("act", flat=True)) == {"recalculated"}


def test_a_plan_that_ended_meanwhile_is_unchanged_and_says_so(practitioner):
    (plan,) = make_plans(practitioner)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    plan_discontinue(plan_id=plan.pk, by=None, reason="Moved away.")
    assert run(rollout).unchanged == 1
    assert item(plan).detail == "The plan has ended meanwhile."
    plan.refresh_from_db()
    assert (plan.protocol.version_number, plan.revision) == (1, 1)


def test_a_plan_that_was_brought_to_a_newer_version_meanwhile_stays_there(practitioner):
    revised, waits = make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    newest = next_version(offset_days=50)
    plan_revise(plan_id=revised.pk, by=practitioner.user, reason="The newest suits her.", protocol=newest)
    over = run(rollout)
    assert (over.moved, over.unchanged, over.refused) == (1, 1, 0)
    assert item(revised).detail == "The plan follows version 3 meanwhile, which is newer: it stays there."
    revised.refresh_from_db()
    waits.refresh_from_db()
    assert (revised.protocol, revised.revision, targets(revised)[1]) == (newest, 2, TODAY + timedelta(50))
    assert (waits.protocol, targets(waits)[1]) == (rollout.protocol, TODAY + timedelta(42))
    again = roll_out(newest)
    assert (again.moved, again.unchanged) == (1, 1)


def test_a_plan_that_was_brought_to_another_protocol_meanwhile_is_refused(practitioner):
    (plan,) = make_plans(practitioner)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    next_version("exosome", offset_days=90)
    exosome = next_version("exosome", offset_days=100)
    assert exosome.version_number > rollout.protocol.version_number
    plan_revise(plan_id=plan.pk, by=practitioner.user, reason="Exosomes suit her.", protocol=exosome)
    assert run(rollout).refused == 1
    assert "not PRP" in item(plan).detail
    plan.refresh_from_db()
    assert plan.protocol == exosome


def test_a_plan_that_cannot_follow_the_version_is_refused_and_holds_up_nobody(practitioner, location):
    """Its practitioner may not give what the new version adds; the plan is as it was."""
    prp_only = factories.make_practitioner(location, modalities=["prp"])
    (first,), (refused,), (last,) = make_plans(practitioner), make_plans(prp_only), make_plans(practitioner)
    before = targets(refused)
    rollout = roll_out(next_version(add="exosome", offset_days=42))
    assert (rollout.moved, rollout.refused) == (2, 1)
    assert "not qualified for" in item(refused).detail
    assert (item(refused).shifts_days, item(refused).added_visits) == ([], 0)
    refused.refresh_from_db()
    assert (refused.protocol.version_number, refused.revision, targets(refused)) == (1, 1, before)
    assert {item(first).status, item(last).status} == {"moved"}
    Qualification.objects.create(practitioner=prp_only, modality="exosome")
    again = roll_out(Protocol.objects.get(code="prp", is_current=True))
    assert (again.moved, again.unchanged, again.refused) == (1, 2, 0)


def test_a_plan_with_a_session_in_progress_is_refused(practitioner):
    (plan,) = make_plans(practitioner)
    session_start(session_id=plan.sessions.get(sequence=1).pk, by=practitioner.user)
    assert roll_out(next_version(offset_days=42)).refused == 1
    assert "in progress" in item(plan).detail


def test_a_defect_in_one_plan_is_logged_and_holds_up_nobody(practitioner, monkeypatch, caplog):
    broken, fine = make_plans(practitioner, 2)
    bring = service.plan_bring

    def fails(*, plan: TreatmentPlan, **fields: Any) -> Any:
        revised = bring(plan=plan, **fields)
        if plan == broken:
            raise TypeError("as if it were ours")
        return revised

    monkeypatch.setattr(service, "plan_bring", fails)
    rollout = roll_out(next_version(offset_days=42))
    assert (rollout.moved, rollout.refused) == (1, 1)
    assert "Something unforeseen went wrong (TypeError)" in item(broken).detail
    assert str(broken.pk) in caplog.text
    broken.refresh_from_db()
    assert (broken.protocol.version_number, broken.revision) == (1, 1)
    assert targets(broken)[1] == TODAY + timedelta(28)
    assert targets(fine)[1] == TODAY + timedelta(42)


def test_a_plan_whose_statements_take_too_long_is_left_to_a_later_pass(practitioner, monkeypatch, caplog):
    slow, fine = make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    bring = service.plan_bring

    def waits(*, plan: TreatmentPlan, **fields: Any) -> Any:
        if plan == slow:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 1")
                cursor.execute("SELECT pg_sleep(60)")
        return bring(plan=plan, **fields)

    monkeypatch.setattr(service, "plan_bring", waits)
    progress = rollout_advance(rollout_id=rollout.pk, limit=10)
    assert (progress.settled, progress.is_finished) == (1, False)
    assert (item(slow).status, item(fine).status) == ("waiting", "moved")
    assert f"leaves plan {slow.pk} to a later pass" in caplog.text
    monkeypatch.setattr(service, "plan_bring", bring)
    assert run(rollout).moved == 2


def test_the_report_counts_what_was_added_dropped_cancelled_and_wants_rebooking(practitioner, location):
    shorter, moved = make_plans(practitioner, 2)

    def book(session: Any, hour: str) -> Any:
        return appointment_book(
            by=practitioner.user,
            location=location,
            practitioner=practitioner,
            starts_at=factories.local(location, session.target_date, hour),
            session=session,
        )

    stays = book(moved.sessions.get(sequence=2), "10:00")
    gone = book(shorter.sessions.get(sequence=3), "11:00")
    session_cancel(session_id=moved.sessions.get(sequence=3).pk, by=None, reason="Two are enough.")
    report = report_of(roll_out(next_version(offset_days=60, repetitions=1)))
    assert (report.moved_windows, report.dropped_visits, report.added_visits) == (2, 1, 0)
    assert (report.cancelled_visits, report.rebook_visits) == (1, 1)
    assert (report.earliest_shift_days, report.latest_shift_days) == (32, 32)
    assert [(band.by, band.windows) for band in report.shifts if band.windows] == [("More than 4 weeks later", 2)]
    stays.refresh_from_db()
    gone.refresh_from_db()
    assert (stays.status, gone.status) == ("booked", "cancelled")


def test_shifts_fall_into_bands_that_meet_without_a_gap():
    days = [-100, -29, -28, -8, -7, -1, 0, 1, 7, 8, 28, 29, 400]
    assert [band.windows for band in banded(Counter(days))] == [2, 2, 2, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([], ""),
        ([0], "the same day"),
        ([1], "1 day later"),
        ([-7, 0, 14], "7 days earlier to 14 days later"),
        ([None, None], ""),
        ([28, 14], "14 to 28 days later"),
        ([-3, -1], "1 to 3 days earlier"),
        ([0, 2], "the same day to 2 days later"),
        ([5, 5], "5 days later"),
    ],
)
def test_shifts_in_words(days, said):
    assert shift_in_words(days) == said


# Starting


def test_only_one_at_a_time_of_a_protocol(practitioner):
    make_plans(practitioner)
    make_plans(practitioner, protocol="exosome")
    running = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    with pytest.raises(Conflict) as twice:
        rollout_start(by=None, protocol=running.protocol, reason="Again.")
    with pytest.raises(Conflict) as overtaken:
        rollout_start(by=None, protocol=next_version(offset_days=43), reason="Again.")
    assert twice.value.code == overtaken.value.code == "rollout_running"
    assert ProtocolRollout.objects.count() == 1
    rollout_start(by=None, protocol=next_version("exosome", offset_days=90), reason="Another protocol.")
    run(running)
    rollout_start(by=None, protocol=Protocol.objects.get(code="prp", is_current=True), reason="The next one.")


def test_a_roll_out_needs_a_reason_a_current_version_and_somebody_to_move(practitioner):
    old = Protocol.objects.get(code="prp", is_current=True)
    with pytest.raises(Conflict) as nobody:
        rollout_start(by=None, protocol=old, reason="Better evidence.")
    assert nobody.value.code == "no_running_plans"
    make_plans(practitioner)
    with pytest.raises(Invalid) as unexplained:
        rollout_start(by=None, protocol=old, reason="  ")
    assert unexplained.value.attr == "reason"
    newer = next_version(offset_days=42)
    protocol_retire(protocol_id=newer.pk)
    for protocol in (old, newer):
        with pytest.raises(Conflict) as outdated:
            rollout_start(by=None, protocol=protocol, reason="Back.")
        assert outdated.value.code == "not_current"
    assert not ProtocolRollout.objects.exists()
    assert not RolloutPlan.objects.exists()


def test_a_finished_roll_out_is_left_as_it_is(practitioner):
    (plan,) = make_plans(practitioner)
    rollout = roll_out(next_version(offset_days=42))
    assert rollout_advance(rollout_id=rollout.pk, limit=10).is_finished
    assert plan.revisions.count() == 2
    assert ProtocolRollout.objects.get().version == rollout.version


def test_what_was_settled_lately_is_not_taken_up_by_the_beat(practitioner, frozen):
    make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    assert rollouts_standing_still() == []
    frozen.shift(service.STANDS_STILL_AFTER)
    assert rollouts_standing_still() == [rollout.pk]
    rollout_advance(rollout_id=rollout.pk, limit=1)
    assert rollouts_standing_still() == []
    frozen.shift(service.STANDS_STILL_AFTER)
    assert rollouts_standing_still() == [rollout.pk]
    run(rollout)
    frozen.shift(service.STANDS_STILL_AFTER)
    assert rollouts_standing_still() == []


def test_moving_a_plan_takes_as_many_statements_however_many_there_are(practitioner):
    make_plans(practitioner, 6)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")

    def statements(plans: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert rollout_advance(rollout_id=rollout.pk, limit=plans).settled == plans
        return len(captured.captured_queries)

    one, four = statements(1), statements(4)
    each = (four - one) / 3
    assert each == STATEMENTS_A_PLAN
    assert one - each == STATEMENTS_A_PASS


STATEMENTS_A_PLAN, STATEMENTS_A_PASS = 33, 4


# Stopping


def test_what_is_moved_stays_and_what_waits_stays_as_it_is(practitioner):
    plans = make_plans(practitioner, 3)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    rollout_advance(rollout_id=rollout.pk, limit=1)
    stopped = rollout_stop(rollout_id=rollout.pk, by=practitioner.user, reason="The wrong version.")
    assert (stopped.stopped_at, stopped.stopped_by, stopped.stop_reason) == (
        clock.now(),
        practitioner.user,
        "The wrong version.",
    )
    assert rollout_advance(rollout_id=rollout.pk, limit=10).is_finished
    over = with_counts(ProtocolRollout.objects.all()).get()
    assert (over.moved, over.waiting, over.finished_at) == (1, 2, None)
    assert [plan.revisions.count() for plan in plans] == [2, 1, 1]
    assert [targets(plan)[1] for plan in plans] == [TODAY + timedelta(days) for days in (42, 28, 28)]
    again = roll_out(rollout.protocol)
    assert (again.moved, again.unchanged) == (2, 1), "it is in nobody's way"


def test_a_stopped_one_is_not_taken_up_by_the_beat(practitioner, frozen):
    make_plans(practitioner)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    frozen.shift(service.STANDS_STILL_AFTER)
    assert rollouts_standing_still() == [rollout.pk]
    rollout_stop(rollout_id=rollout.pk, by=None, reason="Enough.")
    assert rollouts_standing_still() == []


def test_only_what_goes_on_is_stopped_and_only_with_a_reason(practitioner):
    make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    with pytest.raises(Invalid) as unexplained:
        rollout_stop(rollout_id=rollout.pk, by=None, reason=" ")
    assert unexplained.value.attr == "reason"
    rollout_stop(rollout_id=rollout.pk, by=None, reason="Enough.")
    finished = roll_out(rollout.protocol)
    for over, why in ((rollout, "was stopped already"), (finished, "has finished")):
        with pytest.raises(Conflict, match=why) as refused:
            rollout_stop(rollout_id=over.pk, by=None, reason="Again.")
        assert refused.value.code == "rollout_over"
    rollout.refresh_from_db()
    assert rollout.stop_reason == "Enough."
