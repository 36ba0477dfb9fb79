"""Roll-outs at the same time as other work: passes, starts, stops, and people who hold a plan."""

import time
from functools import partial

import pytest

from clinic.access.roles import Role
from clinic.errors import Conflict
from plans.treatment.models import RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import counts_of
from plans.treatment.services import (
    rollout_advance,
    rollout_start,
    rollout_stop,
    rollout_try,
)
from tests import factories
from tests.console import House, url, words
from tests.plans.treatment.rollouts import at_once, elsewhere, holding, item, make_plans, run, wait_until
from tests.plans.treatment.versions import next_version

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]


def test_a_plan_that_somebody_holds_is_left_to_a_later_pass():
    practitioner = factories.make_practitioner(factories.make_location())
    held, free = make_plans(practitioner, 2)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    with holding(TreatmentPlan.objects.filter(pk=held.pk)):
        progress = rollout_advance(rollout_id=rollout.pk, limit=10)
    assert (progress.settled, progress.is_finished) == (1, False)
    assert (item(held).status, item(free).status) == ("waiting", "moved")
    assert counts_of(run(rollout)).moved == 2


def test_the_sample_waits_for_nobody_and_passes_over_whom_somebody_works_on():
    house = House()
    free, held = make_plans(house.practitioner, 2)
    newer = next_version(offset_days=42)
    with holding(TreatmentPlan.objects.filter(pk=held.pk)):
        begun = time.monotonic()
        assert rollout_try(plan_id=held.pk, protocol=newer) is None
        assert time.monotonic() - begun < 1
        page = words(house.get(Role.MANAGER, url(newer, "roll_out")))
    assert url(free) in page
    assert url(held) not in page
    assert "1 plan that somebody is working on at this moment was passed over." in page


def test_passes_at_the_same_time_settle_each_plan_once():
    practitioner = factories.make_practitioner(factories.make_location())
    plans = make_plans(practitioner, 8)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    passes = at_once(*[partial(rollout_advance, rollout_id=rollout.pk, limit=100)] * 3)
    assert sum(one.settled for one in passes) == 8
    assert [plan.revisions.count() for plan in plans] == [2] * 8
    assert run(rollout).finished_at is not None


def test_of_two_managers_who_start_at_once_one_is_refused():
    make_plans(factories.make_practitioner(factories.make_location()), 2)
    newer = next_version(offset_days=42)

    def start() -> str:
        try:
            rollout_start(by=None, protocol=newer, reason="Better evidence.")
        except Conflict as conflict:
            return conflict.code
        return "started"

    assert sorted(at_once(start, start)) == ["rollout_running", "started"]
    assert RolloutPlan.objects.count() == 2


def test_a_worker_sees_that_it_was_stopped_at_its_next_plan():
    """It has the second plan in hand when a person stops it: that one is moved still, the third is not."""
    plans = make_plans(factories.make_practitioner(factories.make_location()), 3)
    rollout = rollout_start(by=None, protocol=next_version(offset_days=42), reason="Better evidence.")
    advance = partial(rollout_advance, rollout_id=rollout.pk, limit=10)
    with holding(TreatmentPlan.objects.filter(pk=plans[1].pk)) as let_go, elsewhere(advance) as (going,):
        wait_until(lambda: item(plans[0]).status == "moved", "the first plan is moved")
        rollout_stop(rollout_id=rollout.pk, by=None, reason="Enough.")
        let_go()
    assert (going.result().settled, going.result().is_finished) == (2, True)
    assert [plan.revisions.count() for plan in plans] == [2, 2, 1]
    rollout.refresh_from_db()
    assert (rollout.finished_at, rollout.stop_reason) == (None, "Enough.")
