"""Moving many plans at once: who is moved, who is not and why, what the report says, the API and the pages."""

import csv
import io
import threading
import time
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid
from clinic.people.models import Qualification
from plans.protocols.models import IntervalRule, Protocol
from plans.protocols.services import protocol_retire
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import banded, counts_of, report_of, shift_in_words, with_counts
from plans.treatment.services import (
    plan_discontinue,
    plan_hold,
    rollout_advance,
    rollout_start,
    rollout_stop,
    rollout_try,
    rollouts_standing_still,
    session_cancel,
    session_start,
)
from plans.treatment.services import rollouts as service
from tests import factories
from tests.api import Api, errors
from tests.console import House, said, url, words
from tests.plans.treatment.versions import next_version

TODAY = date(2026, 3, 2)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def location():
    return factories.make_location()


@pytest.fixture
def practitioner(location):
    return factories.make_practitioner(location)


def make_plans(practitioner: Any, count: int = 1, **fields: Any) -> list[TreatmentPlan]:
    location = practitioner.user.memberships.get().location
    return [factories.make_plan(factories.make_patient(location), practitioner, **fields) for _ in range(count)]


def run(rollout: ProtocolRollout) -> ProtocolRollout:
    """Settle everything; returns the roll-out with its counts."""
    while not rollout_advance(rollout_id=rollout.pk, limit=2).is_finished:
        pass
    return with_counts(ProtocolRollout.objects.all()).get(pk=rollout.pk)


def roll_out(protocol: Protocol, **fields: Any) -> Any:
    return run(rollout_start(**{"by": None, "protocol": protocol, "reason": "Better evidence.", **fields}))


def item(plan: TreatmentPlan) -> RolloutPlan:
    return RolloutPlan.objects.get(plan=plan)


def targets(plan: TreatmentPlan) -> list[date]:
    return list(plan.sessions.filter(status="planned").order_by("sequence").values_list("target_date", flat=True))


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


# Over HTTP


@pytest.fixture
def manager(location):
    return Api(factories.make_user((location, Role.MANAGER)))


def test_the_api_begins_one_and_says_how_far_it_is(practitioner, location, manager):
    prp_only = factories.make_practitioner(location, modalities=["prp"])
    make_plans(practitioner, 2)
    (refused,) = make_plans(prp_only)
    next_version(add="exosome", offset_days=42)
    answer = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better evidence."})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["protocol"], body["protocol_version"], body["plans"], body["waiting"]) == ("prp", 2, 3, 3)
    assert body["finished_at"] is None
    run(ProtocolRollout.objects.get())
    detail = manager.get(f"/protocol-rollouts/{body['id']}/").json()
    assert (detail["waiting"], detail["moved"], detail["unchanged"], detail["refused"]) == (0, 2, 0, 1)
    assert detail["finished_at"] == "2026-03-02T15:00:00Z"
    assert detail["report"]["moved_windows"] == 4
    assert (detail["report"]["earliest_shift_days"], detail["report"]["latest_shift_days"]) == (14, 28)
    assert {band["by"]: band["windows"] for band in detail["report"]["shifts"]}["8 to 28 days later"] == 4
    (listed,) = manager.get("/protocol-rollouts/").json()["results"]
    assert listed == {name: value for name, value in detail.items() if name != "report"}
    (row,) = manager.get(f"/protocol-rollouts/{body['id']}/refused-plans/").json()["results"]
    assert row["plan"] == str(refused.pk)
    assert "not qualified for" in row["detail"]


def test_the_api_refuses_what_cannot_be_and_begins_nothing(practitioner, manager):
    unknown = manager.post("/protocol-rollouts/", {"protocol": "prp-9", "reason": "Better evidence."})
    assert unknown.status_code == 400
    assert errors(unknown) == {"protocol": "does_not_exist"}
    assert "“prp-9”" in unknown.content.decode()
    assert errors(manager.post("/protocol-rollouts/", {})) == {"protocol": "required", "reason": "required"}
    assert errors(manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "x" * 501})) == {
        "reason": "max_length"
    }
    nobody = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better evidence."})
    assert (nobody.status_code, errors(nobody)) == (409, {"protocol": "no_running_plans"})
    make_plans(practitioner)
    assert manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better."}).status_code == 201
    twice = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better."})
    assert (twice.status_code, errors(twice)) == (409, {"protocol": "rollout_running"})
    assert ProtocolRollout.objects.count() == 1


def test_a_manager_reads_the_refused_plans_of_their_own_locations_only(location):
    other = factories.make_location("Elsewhere")
    here = factories.make_practitioner(location, modalities=["prp"])
    there = factories.make_practitioner(other, modalities=["prp"])
    (own,), (foreign,) = make_plans(here), make_plans(there)
    rollout = roll_out(next_version(add="exosome"))
    assert rollout.refused == 2
    user = factories.make_user((location, Role.MANAGER))
    rows = Api(user).get(f"/protocol-rollouts/{rollout.pk}/refused-plans/").json()["results"]
    assert [row["plan"] for row in rows] == [str(own.pk)]
    house = House()
    house.clients[Role.MANAGER].force_login(user)
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert str(own.patient) in page
    assert str(foreign.patient) not in page
    assert "1 plan at locations that you do not see." in page
    table = house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]))
    text = b"".join(table.streaming_content).decode()
    assert own.patient.mrn in text
    assert foreign.patient.mrn not in text


def test_lists_take_as_many_queries_with_more_rows(practitioner, location, manager):
    prp_only = factories.make_practitioner(location, modalities=["prp"])

    def add() -> ProtocolRollout:
        make_plans(prp_only)
        return roll_out(next_version(offset_days=ProtocolRollout.objects.count() + 40))

    def refused(rollout: ProtocolRollout, plans: int) -> None:
        for plan in make_plans(practitioner, plans, protocol="exosome"):
            RolloutPlan.objects.create(
                rollout=rollout, plan=plan, status="refused", detail="No.", settled_at=clock.now()
            )

    rollout = add()
    refused(rollout, 1)
    paths = ("/protocol-rollouts/", f"/protocol-rollouts/{rollout.pk}/refused-plans/")

    def queries() -> list[int]:
        numbers = []
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                assert manager.get(path).status_code == 200
            numbers.append(len(captured))
        return numbers

    queries()
    few = queries()
    add()
    refused(rollout, 3)
    assert queries() == few


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


def test_a_worker_sees_it_at_its_next_plan(practitioner, monkeypatch):
    plans = make_plans(practitioner, 3)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    settle = service._settle

    def settle_then_stop(item: RolloutPlan, *args: Any) -> bool:
        done = settle(item, *args)
        rollout_stop(rollout_id=rollout.pk, by=None, reason="Enough.")
        return done

    monkeypatch.setattr(service, "_settle", settle_then_stop)
    progress = rollout_advance(rollout_id=rollout.pk, limit=10)
    assert (progress.settled, progress.is_finished) == (1, True)
    assert [plan.revisions.count() for plan in plans] == [2, 1, 1]
    rollout.refresh_from_db()
    assert (rollout.finished_at, rollout.stop_reason) == (None, "Enough.")


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


def test_who_may_start_one_may_stop_it_over_the_api_and_nobody_else(practitioner, location, manager):
    make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    address = f"/protocol-rollouts/{rollout.pk}/stop/"
    for role in (Role.PRACTITIONER, Role.ASSISTANT, Role.FRONT_DESK):
        assert Api(factories.make_user((location, role))).post(address, {"reason": "No."}).status_code in (403, 404)
    assert errors(manager.post(address, {})) == {"reason": "required"}
    rollout_advance(rollout_id=rollout.pk, limit=1)
    answer = manager.post(address, {"reason": "The wrong version."})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["moved"], body["waiting"], body["finished_at"]) == (1, 1, None)
    assert (body["stopped_at"], body["stop_reason"]) == ("2026-03-02T15:00:00Z", "The wrong version.")
    assert ProtocolRollout.objects.get().stopped_by_id is not None
    again = manager.post(address, {"reason": "Again."})
    assert again.status_code == 409


# In the console


@pytest.fixture
def house():
    return House()


def begin(house: House, protocol: Protocol, **data: Any) -> Any:
    return house.act(Role.MANAGER, protocol, "roll_out", **{"reason": "Better evidence.", **data})


def test_the_protocol_s_page_says_whom_a_roll_out_concerns_and_tries_it_on_a_few(house):
    plans = make_plans(house.practitioner, 3)
    make_plans(house.practitioner, status="proposed")
    newer = next_version(offset_days=42)
    make_plans(house.practitioner)
    assert url(newer, "roll_out") in words(house.get(Role.MANAGER, url(newer)))
    page = words(house.get(Role.MANAGER, url(newer, "roll_out")))
    assert "Move 4 plans" in page
    assert "1 plan that nobody has accepted yet stays as written" in page
    assert "3 running plans of PRP would move to version 2. 1 running plan follows version 2 already" in page
    assert "What would happen: 2 plans tried, of 3 to move" in page
    assert page.count("2 visits would move: 14 to 28 days later.") == 2
    for plan in (plans[2], plans[1]):
        assert f'href="{url(plan)}">{plan.patient}</a>' in page
    assert url(plans[0]) not in page, "the newest stand for the others"
    for text in ("Session 2 of 3 · PRP", "Mon 30 Mar", "Mon 13 Apr", "14 days later", "28 days later"):
        assert page.count(text) >= 2
    assert {plan.protocol.version_number for plan in TreatmentPlan.objects.filter(pk__in=[p.pk for p in plans])} == {1}
    assert not CourseMove.objects.exists()
    assert not RolloutPlan.objects.exists()


def test_the_sample_says_which_booked_visits_would_be_cancelled_or_need_another_time(house):
    (plan,) = make_plans(house.practitioner)
    booked = [
        appointment_book(
            by=None,
            location=house.location,
            practitioner=house.practitioner,
            starts_at=factories.local(house.location, session.target_date, "10:00"),
            session=session,
        )
        for session in plan.sessions.filter(sequence__gt=1).order_by("sequence")
    ]
    page = words(house.get(Role.MANAGER, url(next_version(offset_days=60, repetitions=1), "roll_out")))
    too_early, gone = (page.index(url(visit)) for visit in booked)
    assert page.index("Would be cancelled:") < gone
    assert page.index("Would need another time:") < too_early
    assert "1 visit would move: 32 days later; 1 visit no longer owed." in page
    assert {visit.status for visit in Appointment.objects.all()} == {"booked"}
    assert not CourseMove.objects.exists()


def test_the_sample_names_who_would_be_refused(house):
    make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    page = words(house.get(Role.MANAGER, url(next_version(add="exosome"), "roll_out")))
    assert "Refused: " in page
    assert "is not qualified for" in page


def test_only_a_manager_is_offered_it_and_only_for_the_current_version(house):
    make_plans(house.practitioner)
    old = Protocol.objects.get(code="prp", is_current=True)
    newer = next_version(offset_days=42)
    assert url(old, "roll_out") not in words(house.get(Role.MANAGER, url(old)))
    assert url(newer, "roll_out") not in words(house.get(Role.PRACTITIONER, url(newer)))
    assert house.act(Role.PRACTITIONER, newer, "roll_out", reason="Better.").status_code == 403
    refused = begin(house, old)
    assert refused.status_code == 409
    assert "is not current" in words(refused)
    assert begin(house, newer, reason="").status_code == 200
    assert not ProtocolRollout.objects.exists()


def test_starting_leads_to_a_page_that_asks_again_until_it_has_finished(house):
    make_plans(house.practitioner, 3)
    newer = next_version(offset_days=42)
    answer = begin(house, newer)
    rollout = ProtocolRollout.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, url(rollout))
    assert said(answer) == ["3 plans of PRP will be moved to version 2."]
    rollout_advance(rollout_id=rollout.pk, limit=1)
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert "1 of 3 plans" in page
    assert '<progress class="c-meter" max="3" value="1"' in page
    assert 'hx-trigger="every 2s"' in page
    assert "What moved" not in page
    run(rollout)
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert 'hx-trigger="every' not in page
    assert "Finished today 10:00" in page
    assert "14 to 28 days later" in page
    listed = words(house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_changelist")))
    assert "3 of 3 plans done" in listed


def test_stopping_it_on_its_page_says_by_whom_why_and_how_many_were_left(house):
    make_plans(house.practitioner, 3)
    begin(house, next_version(offset_days=42))
    rollout = ProtocolRollout.objects.get()
    rollout_advance(rollout_id=rollout.pk, limit=1)
    assert url(rollout, "stop") in words(house.get(Role.MANAGER, url(rollout)))
    assert house.act(Role.PRACTITIONER, rollout, "stop", reason="No.").status_code == 403
    answer = house.act(Role.MANAGER, rollout, "stop", reason="The wrong version.")
    assert said(answer) == ["Stopped. 2 plans stay as they are."]
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert url(rollout, "stop") not in page
    assert 'hx-trigger="every' not in page
    assert f"Stopped by {house.users[Role.MANAGER]}: “The wrong version.” 2 plans were left as they were." in page
    assert "Stopped, 2 left as they were" in page
    assert "Version 1" not in page
    assert "version 1: 3 plans" in page
    assert url(TreatmentPlan.objects.earliest("pk")) in page, "the one that moved"
    assert house.act(Role.MANAGER, rollout, "stop", reason="Again.").status_code == 409


def test_a_second_one_is_refused_in_the_console_too(house):
    make_plans(house.practitioner)
    newer = next_version(offset_days=42)
    begin(house, newer)
    assert "are being moved already" in words(house.get(Role.MANAGER, url(newer, "roll_out")))
    again = begin(house, newer)
    assert again.status_code == 409
    assert "are being moved already" in words(again)
    assert ProtocolRollout.objects.count() == 1


def test_a_roll_out_that_stands_still_says_so(house, frozen):
    make_plans(house.practitioner)
    begin(house, next_version(offset_days=42))
    rollout = ProtocolRollout.objects.get()
    assert "Nothing has happened" not in words(house.get(Role.MANAGER, url(rollout)))
    frozen.shift(61)
    assert "Nothing has happened for a minute. Nothing is lost" in words(house.get(Role.MANAGER, url(rollout)))


def test_the_page_names_refused_plans_and_says_where_nothing_moved(house):
    (refused,) = make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    rollout = roll_out(next_version(add="exosome"))
    page = words(house.get(Role.MANAGER, url(rollout)))
    assert url(refused) in page
    assert "is not qualified for" in page
    assert "No date moved" in page
    assert "Finished, 1 refused" in page


def test_the_page_leads_to_the_visits_to_rebook(house):
    (plan,) = make_plans(house.practitioner)
    session = plan.sessions.get(sequence=2)
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=factories.local(house.location, session.target_date, "10:00"),
        session=session,
    )
    page = words(house.get(Role.MANAGER, url(roll_out(next_version(offset_days=60)))))
    link = f"{reverse('admin:plans_followup_changelist')}?state=rebook"
    assert link in page
    assert str(plan.patient) in words(house.get(Role.MANAGER, link))


def test_the_csv_has_a_line_for_each_plan_and_no_formula(house):
    evil = factories.make_patient(house.location, first_name="=HYPERLINK(1)", last_name="+1")
    factories.make_plan(evil, house.practitioner)
    make_plans(factories.make_practitioner(house.location, modalities=["prp"]))
    rollout = roll_out(next_version(add="exosome", offset_days=21))
    answer = house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="prp-v2-2026-03-02.csv"'
    text = b"".join(answer.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"))))
    assert [row["Result"] for row in rows] == ["Moved", "Refused"]
    assert rows[0]["Patient"].startswith("'=HYPERLINK")
    assert (rows[0]["Windows moved"], rows[0]["Moved by"]) == ("2", "7 to 14 days earlier")
    assert "is not qualified for" in rows[1]["Why"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_the_csv_is_for_who_may_see_the_roll_out_and_cannot_be_posted_to(house):
    make_plans(house.practitioner)
    address = reverse("admin:plans_protocolrollout_csv", args=[roll_out(next_version(offset_days=42)).pk])
    assert house.get(Role.FRONT_DESK, address).status_code == 403
    assert house.get(Role.PRACTITIONER, address).status_code == 403
    assert house.post(Role.MANAGER, address).status_code == 405
    unknown = address.replace(address.split("/")[-2], "01890000-0000-7000-8000-000000000000")
    assert house.get(Role.MANAGER, unknown).status_code == 404


@pytest.mark.parametrize("refused", [0, 60])
def test_the_page_takes_as_many_queries_with_more_refused_plans(house, refused):
    plans = make_plans(house.practitioner, 2)
    rollout = roll_out(next_version(offset_days=42))
    RolloutPlan.objects.filter(plan=plans[0]).update(status="refused", detail="No.")
    extra = TreatmentPlan.objects.bulk_create(
        TreatmentPlan(
            **{
                field.attname: getattr(plans[0], field.attname)
                for field in TreatmentPlan._meta.concrete_fields
                if field.attname not in {"id", "version"}
            }
        )
        for _ in range(refused)
    )
    RolloutPlan.objects.bulk_create(
        RolloutPlan(rollout=rollout, plan=plan, status="refused", detail="No.", settled_at=clock.now())
        for plan in extra
    )
    house.get(Role.MANAGER, url(rollout))
    with CaptureQueriesContext(connection) as captured:
        page = words(house.get(Role.MANAGER, url(rollout)))
    assert len(captured) == PAGE_QUERIES + (1 if refused else 0)
    assert ("11 more are in the CSV." in page) is bool(refused)


PAGE_QUERIES = 12


# At the same time


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_somebody_holds_is_left_to_a_later_pass():
    practitioner = factories.make_practitioner(factories.make_location())
    held, free = make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            TreatmentPlan.objects.select_for_update().get(pk=held.pk)
            is_locked.set()
            may_end.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_locked.wait(60)
    try:
        progress = rollout_advance(rollout_id=rollout.pk, limit=10)
    finally:
        may_end.set()
        holder.join()
    assert (progress.settled, progress.is_finished) == (1, False)
    assert (item(held).status, item(free).status) == ("waiting", "moved")
    assert counts_of(run(rollout)).moved == 2


@pytest.mark.django_db(transaction=True)
def test_the_sample_waits_for_nobody_and_passes_over_whom_somebody_works_on():
    house = House()
    free, held = make_plans(house.practitioner, 2)
    newer = next_version(offset_days=42)
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            TreatmentPlan.objects.select_for_update().get(pk=held.pk)
            is_locked.set()
            may_end.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_locked.wait(60)
    try:
        begun = time.monotonic()
        assert rollout_try(plan_id=held.pk, protocol=newer) is None
        assert time.monotonic() - begun < 1
        page = words(house.get(Role.MANAGER, url(newer, "roll_out")))
    finally:
        may_end.set()
        holder.join()
    assert url(free) in page
    assert url(held) not in page
    assert "1 plan that somebody is working on at this moment was passed over." in page


@pytest.mark.django_db(transaction=True)
def test_passes_at_the_same_time_settle_each_plan_once():
    practitioner = factories.make_practitioner(factories.make_location())
    plans = make_plans(practitioner, 8)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    settled: list[int] = []
    together = threading.Barrier(3)

    def advance() -> None:
        together.wait(60)
        settled.append(rollout_advance(rollout_id=rollout.pk, limit=100).settled)
        connection.close()

    threads = [threading.Thread(target=advance) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(settled) == 8
    assert [plan.revisions.count() for plan in plans] == [2] * 8
    assert run(rollout).finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_who_start_at_once_one_is_refused():
    make_plans(factories.make_practitioner(factories.make_location()), 2)
    newer = next_version(offset_days=42)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def start() -> None:
        together.wait(60)
        try:
            rollout_start(by=None, protocol=newer, reason="Better evidence.")
            outcomes.append("started")
        except Conflict as conflict:
            outcomes.append(conflict.code)
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["rollout_running", "started"]
    assert RolloutPlan.objects.count() == 2
