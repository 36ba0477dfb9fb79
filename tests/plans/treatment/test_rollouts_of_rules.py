"""An interval rule that changes reaches the plans that run: which roll-out starts, what it moves, who is told."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Invalid
from plans.protocols.models import IntervalRule, Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook
from plans.scheduling.services import appointment_book
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import with_counts
from plans.treatment.services import (
    ConsentInput,
    interval_rule_create,
    interval_rule_edit,
    plan_accept,
    plan_discontinue,
    plan_hold,
    rollout_advance,
    rollout_start,
    rollouts_standing_still,
)
from plans.treatment.services import rollouts as service
from plans.treatment.tasks import advance_rollout
from tests import factories
from tests.api import Api
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


@pytest.fixture
def rule() -> IntervalRule:
    return IntervalRule.objects.get(code="prp")


def make_plan(practitioner: Any, **fields: Any) -> TreatmentPlan:
    location = practitioner.user.memberships.get().location
    return factories.make_plan(factories.make_patient(location), practitioner, **fields)


def edit(rule: IntervalRule, **changes: Any) -> ProtocolRollout | None:
    return interval_rule_edit(by=None, rule_id=rule.pk, changes=changes).rollout


def run(rollout: ProtocolRollout) -> Any:
    while not rollout_advance(rollout_id=rollout.pk, limit=3).is_finished:
        pass
    return with_counts(ProtocolRollout.objects.all()).get(pk=rollout.pk)


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


def test_a_pass_that_began_under_the_old_rule_takes_the_new_one_to_each_plan_after_it(practitioner, rule, monkeypatch):
    plans = [make_plan(practitioner) for _ in range(3)]
    rollout = edit(rule, minimum_days=40)
    settle = service._settle

    def settle_then_change(item: RolloutPlan, *args: Any) -> bool:
        done = settle(item, *args)
        IntervalRule.objects.filter(pk=rule.pk).update(minimum_days=60)
        return done

    monkeypatch.setattr(service, "_settle", settle_then_change)
    rollout_advance(rollout_id=rollout.pk, limit=10)
    assert [second(plan) for plan in plans] == [TODAY + timedelta(days) for days in (40, 60, 60)]


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
    together = threading.Barrier(2)

    def advance(rollout: ProtocolRollout) -> None:
        together.wait(60)
        rollout_advance(rollout_id=rollout.pk, limit=100)
        connection.close()

    threads = [threading.Thread(target=advance, args=[rollout]) for rollout in rollouts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for rollout in rollouts:
        assert run(rollout).waiting == 0
    assert {second(plan) for plan in plans} == {clock.today(plans[0].location.zone) + timedelta(50)}


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_accepted_while_a_rule_is_saved_follows_it():
    """Its acceptance has read the old rule and is not committed: saving waits, and finds it running."""
    practitioner = factories.make_practitioner(factories.make_location())
    rule = IntervalRule.objects.get(code="prp")
    accepted, may_end, saved = threading.Event(), threading.Event(), threading.Event()
    made: list[TreatmentPlan] = []
    started: list[ProtocolRollout | None] = []
    proposed = make_plan(practitioner, status="proposed")
    document = factories.make_documents()["prp"]

    def accept() -> None:
        with transaction.atomic():
            consent = ConsentInput("prp", document.version_label, proposed.patient.full_name)
            made.append(plan_accept(plan_id=proposed.pk, by=None, accepted_on=TODAY, consents=[consent]))
            accepted.set()
            may_end.wait(60)
        connection.close()

    def save() -> None:
        accepted.wait(60)
        started.append(edit(rule, minimum_days=40))
        saved.set()
        connection.close()

    threads = [threading.Thread(target=accept), threading.Thread(target=save)]
    for thread in threads:
        thread.start()
    assert accepted.wait(60)
    assert not saved.wait(0.5)
    may_end.set()
    for thread in threads:
        thread.join()
    assert list(started[0].items.values_list("plan", flat=True)) == [made[0].pk]
    run(started[0])
    assert second(made[0]) == TODAY + timedelta(40)


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
