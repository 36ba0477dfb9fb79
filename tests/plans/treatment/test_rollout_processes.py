"""Roll-outs among real processes: workers, beat, one that is killed amid a plan, a broker that forgets."""

import os
import signal
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from clinic import clock
from clinic.access.roles import Role
from clinic.local.application import Beat, Worker
from clinic.local.process import Process
from plans.followups.models import FollowUp
from plans.protocols.models import Protocol
from plans.treatment.models import ProcedureSession, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.services import plan_hold, rollout_advance, rollout_start, session_pin
from plans.treatment.services.rollouts import nudge
from plans.treatment.tasks import resume_rollouts
from tests import factories
from tests.api import Api
from tests.plans.treatment.rollouts import holding, wait_until
from tests.plans.treatment.versions import next_version
from tests.servers import Broker, servers

pytestmark = pytest.mark.django_db(transaction=True)

PLANS = 16
Start = Callable[[Process], Process]


@pytest.fixture
def plans() -> list[TreatmentPlan]:
    """Of all kinds: some begun, some pinned, some on hold, and some whose practitioner cannot follow."""
    location = factories.make_location()
    practitioner = factories.make_practitioner(location)
    prp_only = factories.make_practitioner(location, modalities=["prp"])
    today = clock.today(location.zone)
    made = []
    for number in range(PLANS):
        plan = factories.make_plan(
            factories.make_patient(location),
            prp_only if number % 20 == 7 else practitioner,
            start_date=today + timedelta(days=number % 5),
        )
        first, second, _ = plan.sessions.order_by("sequence")
        if number % 4 == 1:
            factories.perform(first, plan.lead_practitioner)
        if number % 6 == 3:
            session_pin(
                session_id=second.pk, by=None, pinned_on=today + timedelta(days=50 + number), reason="She travels."
            )
        if number % 12 == 5:
            plan_hold(plan_id=plan.pk, reason="Away.")
        made.append(plan)
    return made


@pytest.fixture
def newer(plans: list[TreatmentPlan]) -> Protocol:
    return next_version(add="exosome", offset_days=42, repetitions=3)


def state() -> dict[str, list[tuple[Any, ...]]]:
    """Every window of every plan, which version it follows, and what the roll-out says of it; no keys made anew."""
    windows = ("window_start", "target_date", "window_end", "window_rule", "window_because")
    return {
        "plans": list(TreatmentPlan.objects.order_by("pk").values_list("pk", "protocol", "revision", "status")),
        "sessions": list(
            ProcedureSession.objects.order_by("plan", "sequence", "status", "target_date").values_list(
                "plan", "step", "sequence", "title", "status", "duration_minutes", "pinned_on", "pin_conflict", *windows
            )
        ),
        "follow-ups": list(
            FollowUp.objects.order_by("plan", "sequence", "title").values_list(
                "plan", "step", "sequence", "title", "cancel_reason", "duration_minutes", "pinned_on", *windows
            )
        ),
        "roll-out": list(
            RolloutPlan.objects.order_by("plan").values_list(
                "plan", "status", "shifts_days", "added_visits", "dropped_visits", "cancelled_visits", "detail"
            )
        ),
    }


def undisturbed(newer: Protocol) -> dict[str, list[tuple[Any, ...]]]:
    """What one pass in one process makes of it, taken back."""
    with transaction.atomic():
        rollout = rollout_start(by=None, protocol=newer, reason="Better evidence.")
        assert rollout_advance(rollout_id=rollout.pk, limit=PLANS + 1).is_finished
        made = state()
        transaction.set_rollback(True)
    return made


def settled() -> int:
    return RolloutPlan.objects.exclude(status="waiting").count()


def is_finished() -> bool:
    return ProtocolRollout.objects.filter(finished_at__isnull=False).exists()


def a_minute_passes() -> None:
    """For what tells a roll-out that stands still from one that goes on."""
    ProtocolRollout.objects.update(requested_at=F("requested_at") - timedelta(minutes=1))
    RolloutPlan.objects.filter(settled_at__isnull=False).update(settled_at=F("settled_at") - timedelta(minutes=1))


@pytest.fixture(autouse=True)
def fresh_nudge() -> None:
    """What one test made of this process's line to the broker does not reach the next."""
    nudge.silent_until = nudge.last_nudged_for = 0.0


def a_worker(environment: dict[str, str]) -> Worker:
    return Worker(servers.home, uuid.uuid4().hex, children=1, env=environment)


def test_a_worker_killed_amid_a_plan_and_a_restart_end_as_if_nothing_had_happened(
    plans: list[TreatmentPlan],
    newer: Protocol,
    child_environment: dict[str, str],
    start_process: Start,
    broker: Broker,
) -> None:
    """Kill -9 while it has written half of a plan and waits for the other half's rows."""
    expected = undisturbed(newer)
    assert {row[1] for row in expected["roll-out"]} == {"moved", "refused"}
    worker = start_process(a_worker(child_environment))
    middle = PLANS // 2
    with holding(FollowUp.objects.filter(plan=plans[middle])):
        rollout_start(by=None, protocol=newer, reason="Better evidence.")
        wait_until(lambda: settled() >= middle, "half of the plans are settled")
        os.killpg(worker.pid, signal.SIGKILL)
        wait_until(lambda: not worker.alive, "the worker is dead")
    left = RolloutPlan.objects.filter(status="waiting").count()
    assert 0 < left < PLANS
    halfway = TreatmentPlan.objects.filter(protocol=newer).count()
    assert halfway == RolloutPlan.objects.filter(status="moved").count(), "moved and settled are one"
    broker.flush()
    a_minute_passes()
    start_process(a_worker(child_environment))
    start_process(Beat(servers.home, env=child_environment))
    wait_until(is_finished, "the roll-out has finished")
    assert state() == expected


def test_two_workers_do_what_one_does_though_the_broker_had_forgotten_it(
    plans: list[TreatmentPlan],
    newer: Protocol,
    child_environment: dict[str, str],
    start_process: Start,
    broker: Broker,
) -> None:
    expected = undisturbed(newer)
    rollout_start(by=None, protocol=newer, reason="Better evidence.")
    broker.flush()
    assert settled() == 0
    a_minute_passes()
    for _ in range(2):
        start_process(a_worker(child_environment))
    resume_rollouts()  # as the beat does
    wait_until(is_finished, "the roll-out has finished")
    assert state() == expected
    assert not TreatmentPlan.objects.filter(protocol=newer, revision__gt=2).exists(), "no plan was moved twice"


def test_a_roll_out_begun_over_the_api_needs_no_beat(celery_worker_process: Process) -> None:
    """Begin → commit → nudge → worker, batch after batch."""
    location = factories.make_location()
    practitioner = factories.make_practitioner(location)
    for _ in range(3):
        factories.make_plan(factories.make_patient(location), practitioner, start_date=date(2026, 12, 1))
    next_version(offset_days=42)
    manager = Api(factories.make_user((location, Role.MANAGER)))
    answer = manager.post("/protocol-rollouts/", {"protocol": "prp", "reason": "Better evidence."})
    assert answer.status_code == 201, answer.content
    wait_until(is_finished, "the roll-out has finished")
    detail = manager.get(f"/protocol-rollouts/{answer.json()['id']}/").json()
    assert (detail["moved"], detail["waiting"], detail["report"]["moved_windows"]) == (3, 0, 6)
