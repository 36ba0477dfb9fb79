"""An interval rule that changes reaches the plans that run: which roll-out starts, what it moves, who is told."""

import threading
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid
from plans.protocols.models import IntervalRule, Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook
from plans.scheduling.services import appointment_book
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.services import (
    ConsentInput,
    interval_rule_create,
    interval_rule_edit,
    interval_rule_roll_out,
    plan_accept,
    plan_discontinue,
    plan_hold,
    plan_propose,
    rollout_advance,
    rollout_start,
    rollout_stop,
    rollouts_standing_still,
)
from plans.treatment.services import rollouts as service
from plans.treatment.tasks import advance_rollout
from tests import factories
from tests.api import Api, errors
from tests.console import House, said, url, words
from tests.plans.treatment.rollouts import (
    LONG_ENOUGH,
    TODAY,
    at_once,
    elsewhere,
    holding,
    is_waited_for,
    make_plans,
    run,
    wait_until,
)
from tests.plans.treatment.versions import next_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def rule() -> IntervalRule:
    return IntervalRule.objects.get(code="prp")


def make_plan(practitioner: Any, **fields: Any) -> TreatmentPlan:
    (plan,) = make_plans(practitioner, **fields)
    return plan


def edit(rule: IntervalRule, **changes: Any) -> ProtocolRollout | None:
    return interval_rule_edit(by=None, rule_id=rule.pk, changes=changes).rollout


def second(plan: TreatmentPlan) -> date:
    return plan.sessions.get(sequence=2).target_date


# What reaches whom


def test_a_stricter_rule_moves_the_running_plans_of_every_protocol_and_nobody_else(practitioner, rule):
    prp, both = make_plan(practitioner), make_plan(practitioner, protocol="prp-microneedling")
    held, unmoved = make_plan(practitioner), make_plan(practitioner, protocol="exosome")
    factories.perform(held.sessions.get(sequence=1), practitioner)
    plan_hold(plan_id=held.pk, reason="Travels.")
    proposed, ended = make_plan(practitioner, status="proposed"), make_plan(practitioner)
    plan_discontinue(plan_id=ended.pk, by=None, reason="Moved away.")
    ruled = interval_rule_edit(by=practitioner.user, rule_id=rule.pk, changes={"minimum_days": 40})
    rollout = ruled.rollout
    assert (rollout.protocol, rollout.interval_rule, rollout.requested_by) == (None, rule, practitioner.user)
    assert rollout.what == "Interval rule “PRP after PRP”"
    assert rollout.reason == "Interval rule “PRP after PRP”: 14 → 40 days"
    assert set(rollout.items.values_list("plan", flat=True)) == {prp.pk, both.pk, held.pk, unmoved.pk}
    assert second(prp) == TODAY + timedelta(28), "not before a worker comes to it"
    over = run(rollout)
    assert (over.moved, over.unchanged, over.refused, over.waiting) == (3, 1, 0, 0)
    for plan in (prp, both, held):
        assert second(plan) == TODAY + timedelta(40)
        assert plan.sessions.get(sequence=2).window_start == TODAY + timedelta(40)
        assert set(plan.moves.values_list("act", flat=True)) >= {"recalculated"}
        plan.refresh_from_db()
        assert (plan.protocol.version_number, plan.revision) == (1, 1), "it keeps its version, and no revision is made"
    assert RolloutPlan.objects.get(plan=unmoved).detail == service.AS_RULED
    for plan in (proposed, ended):
        assert not RolloutPlan.objects.filter(plan=plan).exists()


def test_a_booked_visit_that_comes_too_early_by_then_stays_and_is_on_the_list_to_rebook(rule):
    house = House()
    plan = make_plan(house.practitioner)
    session = plan.sessions.get(sequence=2)
    starts_at = factories.local(house.location, session.target_date, "10:00")
    visit = appointment_book(
        by=None, location=house.location, practitioner=house.practitioner, starts_at=starts_at, session=session
    )
    link = f"{reverse('admin:plans_followup_changelist')}?state=rebook"
    assert str(plan.patient) not in words(house.get(Role.FRONT_DESK, link))
    rollout = run(edit(rule, minimum_days=40))
    visit.refresh_from_db()
    assert (visit.status, visit.starts_at) == ("booked", starts_at)
    assert list(visits_to_rebook(Appointment.objects.all())) == [visit]
    assert rollout.items.get().rebook_visits == 1
    assert str(plan.patient) in words(house.get(Role.FRONT_DESK, link))


def test_a_rule_that_asks_for_less_lets_the_plans_come_earlier_again(practitioner, rule):
    plan = make_plan(practitioner)
    run(edit(rule, minimum_days=40))
    assert second(plan) == TODAY + timedelta(40)
    assert run(edit(rule, minimum_days=14)).moved == 1
    assert second(plan) == TODAY + timedelta(28)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minimum_days": 28}, "14 → 28 days"),
        ({"is_in_force": False}, "no longer in force (it was 14 days)"),
        ({"is_in_force": False, "minimum_days": 20}, "no longer in force (it was 14 days)"),
        ({"before_modality": ""}, "before PRP → any treatment"),
        (
            {"after_modality": "microneedling", "needle_over_mm": "0.50", "minimum_days": 15},
            "14 → 15 days; after PRP → Microneedling; needles over any length → 0.5 mm",
        ),
        ({"before_modality": "exosome", "is_across": True, "title": "Apart"}, "before PRP → Exosome; between"),
    ],
)
def test_the_reason_says_in_words_what_is_different(practitioner, rule, changes, said):
    make_plan(practitioner)
    rollout = edit(rule, **changes)
    assert rollout.reason.startswith(f"Interval rule “{changes.get('title', 'PRP after PRP')}”: {said}")


def test_a_new_rule_and_one_put_back_into_force_reach_the_plans_too(practitioner, rule):
    plan = make_plan(practitioner)
    fields = {"title": "PRP slowly", "minimum_days": 50, "after_modality": "prp", "before_modality": "prp"}
    idle = interval_rule_create(by=None, code="idle", is_in_force=False, **fields)
    assert idle.rollout is None
    back = edit(idle.rule, is_in_force=True)
    assert back.reason == "Interval rule “PRP slowly”: in force again, 50 days"
    run(back)
    assert second(plan) == TODAY + timedelta(50)
    new = interval_rule_create(by=None, code="new", **{**fields, "minimum_days": 60}).rollout
    assert new.reason == "Interval rule “PRP slowly”: new, 60 days"
    run(new)
    assert second(plan) == TODAY + timedelta(60)


@pytest.mark.parametrize("changes", [{}, {"title": "PRP, then PRP"}, {"minimum_days": 14, "is_in_force": True}])
def test_a_change_that_asks_for_nothing_else_starts_nothing(practitioner, rule, changes):
    make_plan(practitioner)
    assert edit(rule, **changes) is None
    out_of_force = edit(rule, is_in_force=False)
    run(out_of_force)
    assert edit(rule, minimum_days=20) is None, "it is not in force, and was not"
    assert list(ProtocolRollout.objects.all()) == [out_of_force]


def test_without_running_plans_nothing_starts(practitioner, rule):
    make_plan(practitioner, status="proposed")
    assert edit(rule, minimum_days=40) is None
    assert not ProtocolRollout.objects.exists()


def test_a_rule_that_is_refused_starts_nothing(practitioner, rule):
    make_plan(practitioner)
    for changes in ({"minimum_days": 0}, {"source": "adipose"}, {"after_modality": "leeches"}):
        with pytest.raises(Invalid):
            edit(rule, **changes)
    assert not ProtocolRollout.objects.exists()
    rule.refresh_from_db()
    assert rule.minimum_days == 14


# Several at once


def test_several_go_on_at_once_and_beside_one_of_a_protocol(practitioner, rule, frozen):
    plans = [make_plan(practitioner) for _ in range(4)]
    first = edit(rule, minimum_days=40)
    of_version = rollout_start(by=None, protocol=next_version(offset_days=45), reason="Better evidence.")
    last = edit(rule, minimum_days=50)
    assert {one.pk for one in (first, of_version, last)} == set(
        ProtocolRollout.objects.filter(ProtocolRollout.UNDER_WAY).values_list("pk", flat=True)
    )
    frozen.shift(service.STANDS_STILL_AFTER)
    assert rollouts_standing_still() == [first.pk, of_version.pk, last.pk]
    rollout_advance(rollout_id=last.pk, limit=2)
    rollout_advance(rollout_id=first.pk, limit=2)
    for rollout in (of_version, first, last):
        assert run(rollout).finished_at is not None
    assert [second(plan) for plan in plans] == [TODAY + timedelta(50)] * 4
    again = edit(rule, minimum_days=51)
    advance_rollout(str(again.pk))
    assert [second(plan) for plan in plans] == [TODAY + timedelta(51)] * 4


@pytest.mark.django_db(transaction=True)
def test_a_pass_that_began_under_the_old_rule_takes_the_new_one_to_each_plan_after_it():
    """It has moved the first plan and waits for the second when the rule changes again."""
    practitioner = factories.make_practitioner(factories.make_location())
    rule = IntervalRule.objects.get(code="prp")
    plans = make_plans(practitioner, 3)
    rollout = edit(rule, minimum_days=40)
    advance = partial(rollout_advance, rollout_id=rollout.pk, limit=10)
    with holding(TreatmentPlan.objects.filter(pk=plans[1].pk)) as let_go, elsewhere(advance) as (going,):
        wait_until(lambda: rollout.items.get(plan=plans[0]).status == "moved", "the first plan is moved")
        last = edit(rule, minimum_days=60)
        assert rollout.items.get(plan=plans[1]).status == "waiting"
        let_go()
    assert (going.result().settled, going.result().is_finished) == (3, True)
    assert [second(plan) for plan in plans] == [TODAY + timedelta(days) for days in (40, 60, 60)]
    over = run(last)
    assert (over.moved, over.unchanged) == (1, 2)
    assert [second(plan) for plan in plans] == [TODAY + timedelta(60)] * 3


def test_working_a_plan_out_anew_takes_as_many_statements_however_many_there_are(practitioner, rule):
    for _ in range(6):
        make_plan(practitioner)
    rollout = edit(rule, minimum_days=40)

    def statements(plans: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert rollout_advance(rollout_id=rollout.pk, limit=plans).settled == plans
        return len(captured)

    one, four = statements(1), statements(4)
    assert (four - one) / 3 == STATEMENTS_A_PLAN


STATEMENTS_A_PLAN = 18


@pytest.mark.django_db(transaction=True)
def test_passes_of_two_roll_outs_at_the_same_time_leave_every_plan_under_the_rules_in_force():
    practitioner = factories.make_practitioner(factories.make_location())
    plans = [make_plan(practitioner) for _ in range(8)]
    rule = IntervalRule.objects.get(code="prp")
    rollouts = [edit(rule, minimum_days=days) for days in (40, 50)]
    at_once(*(partial(rollout_advance, rollout_id=rollout.pk, limit=100) for rollout in rollouts))
    for rollout in rollouts:
        assert run(rollout).waiting == 0
    assert {second(plan) for plan in plans} == {clock.today(plans[0].location.zone) + timedelta(50)}


def accept(plan: TreatmentPlan) -> TreatmentPlan:
    document = factories.make_documents()["prp"]
    consent = ConsentInput("prp", document.version_label, plan.patient.full_name)
    return plan_accept(plan_id=plan.pk, by=None, accepted_on=TODAY, consents=[consent])


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_being_accepted_when_a_rule_is_saved_is_among_those_that_follow_it():
    """Its acceptance has read the old rule and is not committed: saving waits, and finds it running."""
    practitioner = factories.make_practitioner(factories.make_location())
    rule = IntervalRule.objects.get(code="prp")
    plan = make_plan(practitioner, status="proposed")
    accepted = threading.Event()

    def save() -> ProtocolRollout | None:
        assert accepted.wait(LONG_ENOUGH)
        return edit(rule, minimum_days=40)

    with elsewhere(save) as (saving,), transaction.atomic():
        accept(plan)
        accepted.set()
        wait_until(is_waited_for, "saving waits for the acceptance", 30)
    rollout = saving.result()
    assert list(rollout.items.values_list("plan", flat=True)) == [plan.pk]
    run(rollout)
    assert second(plan) == TODAY + timedelta(40)


@pytest.mark.parametrize("status", ["draft", "proposed"])
@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_accepted_after_a_rule_was_saved_waits_for_the_commit_and_follows_it(status):
    """A draft too: it could be proposed and accepted, under the old rule, before the commit."""
    practitioner = factories.make_practitioner(factories.make_location())
    rule = IntervalRule.objects.get(code="prp")
    running, plan = make_plan(practitioner), make_plan(practitioner, status=status)
    saved = threading.Event()

    def bring_to_run() -> None:
        assert saved.wait(LONG_ENOUGH)
        if status == "draft":
            plan_propose(plan_id=plan.pk)
        accept(plan)

    with elsewhere(bring_to_run), transaction.atomic():
        rollout = edit(rule, minimum_days=40)
        saved.set()
        wait_until(is_waited_for, "the acceptance waits for the rule", 30)
    assert list(rollout.items.values_list("plan", flat=True)) == [running.pk]
    assert second(plan) == TODAY + timedelta(40)


# Anew though nothing has changed


def again(rule: IntervalRule, reason: str = "Those that were left.") -> ProtocolRollout:
    return interval_rule_roll_out(by=None, rule_id=rule.pk, reason=reason)


def test_what_a_stopped_roll_out_left_is_worked_out_by_another_one(practitioner, rule):
    plans = make_plans(practitioner, 3)
    stopped = edit(rule, minimum_days=40)
    rollout_advance(rollout_id=stopped.pk, limit=1)
    rollout_stop(rollout_id=stopped.pk, by=None, reason="Not in the morning.")
    rule.refresh_from_db()
    as_it_was = rule.version
    rollout = interval_rule_roll_out(by=practitioner.user, rule_id=rule.pk, reason="In the evening.")
    assert (rollout.interval_rule, rollout.protocol, rollout.requested_by) == (rule, None, practitioner.user)
    assert (rollout.what, rollout.reason) == ("Interval rule “PRP after PRP”", "In the evening.")
    over = run(rollout)
    assert (over.moved, over.unchanged) == (2, 1)
    assert [second(plan) for plan in plans] == [TODAY + timedelta(40)] * 3
    rule.refresh_from_db()
    assert rule.version == as_it_was
    stopped.refresh_from_db()
    assert stopped.items.filter(status="waiting").count() == 2, "it stays stopped"


def test_a_plan_that_was_refused_is_worked_out_by_another_one(practitioner, rule, monkeypatch):
    """A defect stood in the way, which was mended since."""
    plan = make_plan(practitioner)

    def fails(*args: Any, **fields: Any) -> Any:
        raise TypeError("as if it were ours")

    with monkeypatch.context() as broken:
        broken.setattr(service, "course_recalculate", fails)
        assert run(edit(rule, minimum_days=40)).refused == 1
    assert second(plan) == TODAY + timedelta(28)
    assert run(again(rule)).moved == 1
    assert second(plan) == TODAY + timedelta(40)


def test_a_rule_out_of_force_can_be_worked_out_anew_too(practitioner, rule):
    plan = make_plan(practitioner)
    run(edit(rule, minimum_days=40))
    rollout_stop(rollout_id=edit(rule, is_in_force=False).pk, by=None, reason="Later.")
    assert second(plan) == TODAY + timedelta(40)
    assert run(again(rule)).moved == 1
    assert second(plan) == TODAY + timedelta(28)


def test_it_needs_a_reason_somebody_to_move_and_no_other_one_of_the_rule_under_way(practitioner, rule):
    with pytest.raises(Conflict) as nobody:
        again(rule)
    assert nobody.value.code == "no_running_plans"
    make_plan(practitioner)
    with pytest.raises(Invalid) as unexplained:
        again(rule, "  ")
    assert unexplained.value.attr == "reason"
    first = edit(rule, minimum_days=40)
    with pytest.raises(Conflict) as twice:
        again(rule)
    assert twice.value.code == "rollout_running"
    assert list(ProtocolRollout.objects.all()) == [first]
    other = IntervalRule.objects.get(code="across")
    assert again(other).is_under_way, "of another rule one may go on beside it"
    run(first)
    assert again(rule).is_under_way


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_who_ask_at_once_one_is_refused():
    make_plan(factories.make_practitioner(factories.make_location()))
    rule = IntervalRule.objects.get(code="prp")

    def ask() -> str:
        try:
            again(rule)
        except Conflict as conflict:
            return conflict.code
        return "started"

    assert sorted(at_once(ask, ask)) == ["rollout_running", "started"]
    assert ProtocolRollout.objects.count() == 1


# Over HTTP and in the console


def test_the_api_says_how_many_plans_a_changed_rule_works_out_anew(practitioner, location, rule):
    manager = Api(factories.make_user((location, Role.MANAGER)))
    assert manager.get(f"/interval-rules/{rule.pk}/").json()["rollout"] is None
    make_plan(practitioner)
    make_plan(practitioner)
    answer = manager.patch(f"/interval-rules/{rule.pk}/", {"minimum_days": 40}).json()
    rollout = ProtocolRollout.objects.get()
    assert answer["rollout"] == {"id": str(rollout.pk), "plans": 2, "waiting": 2, "is_under_way": True}
    shown = manager.get(f"/protocol-rollouts/{rollout.pk}/").json()
    assert (shown["protocol"], shown["protocol_version"], shown["interval_rule"]) == (None, None, str(rule.pk))
    assert (shown["title"], shown["reason"]) == (rollout.what, "Interval rule “PRP after PRP”: 14 → 40 days")
    assert (shown["plans"], shown["waiting"], shown["requested_by"]) == (2, 2, str(rollout.requested_by_id))
    run(rollout)
    assert manager.get(f"/protocol-rollouts/{rollout.pk}/").json()["report"]["moved_windows"] == 4
    listed = {one["code"]: one["rollout"] for one in manager.get("/interval-rules/").json()["results"]}
    assert listed["prp"] == {"id": str(rollout.pk), "plans": 2, "waiting": 0, "is_under_way": False}
    assert listed["across"] is None
    body = {"code": "slow", "title": "Slowly", "minimum_days": 45, "after_modality": "prp", "before_modality": "prp"}
    assert manager.post("/interval-rules/", body).json()["rollout"]["plans"] == 2


def test_who_may_start_a_roll_out_may_have_the_plans_worked_out_anew_over_the_api(practitioner, location, rule):
    manager = Api(factories.make_user((location, Role.MANAGER)))
    make_plans(practitioner, 2)
    address = f"/interval-rules/{rule.pk}/roll-out/"
    for role in (Role.PRACTITIONER, Role.ASSISTANT, Role.FRONT_DESK):
        assert Api(factories.make_user((location, role))).post(address, {"reason": "No."}).status_code == 403
    assert errors(manager.post(address, {})) == {"reason": "required"}
    assert errors(manager.post(address, {"reason": "x" * 501})) == {"reason": "max_length"}
    assert not ProtocolRollout.objects.exists()
    answer = manager.post(address, {"reason": "Those that were left."})
    assert answer.status_code == 200, answer.content
    rollout = ProtocolRollout.objects.get()
    assert answer.json()["rollout"] == {"id": str(rollout.pk), "plans": 2, "waiting": 2, "is_under_way": True}
    assert (rollout.reason, rollout.requested_by_id is not None) == ("Those that were left.", True)
    twice = manager.post(address, {"reason": "Again."})
    assert (twice.status_code, errors(twice)) == (409, {None: "rollout_running"})
    assert "PRP after PRP" in twice.json()["errors"][0]["detail"]


def test_the_list_of_rules_takes_as_many_queries_with_more_roll_outs(practitioner, location, rule):
    manager = Api(factories.make_user((location, Role.MANAGER)))
    make_plan(practitioner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager.get("/interval-rules/").status_code == 200
        return len(captured)

    queries()
    none = queries()
    for one in IntervalRule.objects.all():
        edit(one, minimum_days=one.minimum_days + 1)
    assert queries() == none


def test_the_rule_s_page_says_whom_saving_concerns_and_then_how_far_that_is(rule):
    house = House()
    make_plan(house.practitioner)
    before = words(house.get(Role.MANAGER, url(rule)))
    assert "Saving anything but the title works 1 running plan out anew." in before
    assert "worked out anew</h2>" not in before
    sent = {"title": rule.title, "minimum_days": 40, "is_in_force": "on", "after_modality": "prp"}
    answer = house.post(Role.MANAGER, url(rule), **sent, before_modality="prp", source="", _version=rule.version)
    assert (answer.status_code, answer.headers["Location"]) == (303, url(rule))
    assert any("1 running plan will be worked out anew." in message for message in said(answer))
    rollout = ProtocolRollout.objects.get()
    assert rollout.requested_by == house.users[Role.MANAGER]
    page = words(house.get(Role.MANAGER, url(rule)))
    assert "Interval rule “PRP after PRP”: 14 → 40 days" in page
    assert "0 of 1 plan done" in page
    assert url(rollout) in page
    for_others = words(house.get(Role.PRACTITIONER, url(rule)))
    assert "0 of 1 plan done" in for_others
    assert url(rollout) not in for_others
    assert "Saving anything" not in for_others
    own = words(house.get(Role.MANAGER, url(rollout)))
    assert "Every running plan, worked out anew under the" in own
    assert url(rule) in own
    assert "Interval rule “PRP after PRP”: every running plan anew" in own
    run(rollout)
    own = words(house.get(Role.MANAGER, url(rollout)))
    assert "12 to 24 days later" in own
    assert "Interval rule “PRP after PRP”: every running plan anew" in words(
        house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_changelist"))
    )
    table = house.get(Role.MANAGER, reverse("admin:plans_protocolrollout_csv", args=[rollout.pk]))
    assert table.headers["Content-Disposition"] == 'attachment; filename="interval-rule-prp-after-prp-2026-03-02.csv"'


def test_a_title_alone_leads_back_to_the_list_and_starts_nothing(rule):
    house = House()
    make_plan(house.practitioner)
    sent = {"title": "PRP, then PRP", "minimum_days": 14, "is_in_force": "on", "after_modality": "prp"}
    answer = house.post(Role.MANAGER, url(rule), **sent, before_modality="prp", source="", _version=rule.version)
    assert answer.headers["Location"] == reverse("admin:plans_intervalrule_changelist")
    assert not ProtocolRollout.objects.exists()
    assert Protocol.objects.filter(rollouts__isnull=False).count() == 0


def test_a_dialog_on_the_rule_s_page_works_the_plans_out_anew(rule):
    house = House()
    make_plans(house.practitioner, 2)
    stopped = edit(rule, minimum_days=40)
    assert url(rule, "roll_out") not in words(house.get(Role.MANAGER, url(rule))), "it goes on"
    rollout_stop(rollout_id=stopped.pk, by=None, reason="Not in the morning.")
    assert "when they are worked out anew from the interval’s page" in words(house.get(Role.MANAGER, url(stopped)))
    assert url(rule, "roll_out") in words(house.get(Role.MANAGER, url(rule)))
    assert url(rule, "roll_out") not in words(house.get(Role.PRACTITIONER, url(rule)))
    assert house.act(Role.PRACTITIONER, rule, "roll_out", reason="No.").status_code == 403
    dialog = words(house.get(Role.MANAGER, url(rule, "roll_out")))
    assert "2 running plans will be worked out anew under the intervals in force." in dialog
    assert house.act(Role.MANAGER, rule, "roll_out", reason="").status_code == 200
    assert list(ProtocolRollout.objects.all()) == [stopped]
    answer = house.act(Role.MANAGER, rule, "roll_out", reason="In the evening.")
    assert (answer.status_code, answer.headers["Location"]) == (303, url(rule))
    assert said(answer) == ["2 running plans will be worked out anew. This page says how far that is."]
    rollout = ProtocolRollout.objects.latest("pk")
    assert (rollout.interval_rule, rollout.requested_by) == (rule, house.users[Role.MANAGER])
    page = words(house.get(Role.MANAGER, url(rule)))
    assert "In the evening." in page
    assert url(rule, "roll_out") not in page
    refused = house.act(Role.MANAGER, rule, "roll_out", reason="Again.")
    assert refused.status_code == 409
    assert "already; wait until that has finished" in words(refused)
