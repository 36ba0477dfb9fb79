"""Plans to move together, roll-outs that run to their end, and rows that another connection holds, for tests."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from django.db import connection, transaction

from plans.protocols.models import Protocol
from plans.treatment.models import ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries.rollouts import with_counts
from plans.treatment.services import rollout_advance, rollout_start
from tests import factories

TODAY = date(2026, 3, 2)
"""Of the frozen clock."""
LONG_ENOUGH = 240.0


def make_plans(practitioner: Any, count: int = 1, **fields: Any) -> list[TreatmentPlan]:
    """Plans of as many new patients, where the practitioner works."""
    location = practitioner.user.memberships.get().location
    return [factories.make_plan(factories.make_patient(location), practitioner, **fields) for _ in range(count)]


def run(rollout: ProtocolRollout) -> Any:
    """Settle everything; returns the roll-out with its counts. Fails where passes do not end it."""
    passes = rollout.items.count() + 2
    for _ in range(passes):
        if rollout_advance(rollout_id=rollout.pk, limit=2).is_finished:
            return with_counts(ProtocolRollout.objects.all()).get(pk=rollout.pk)
    raise AssertionError(f"after {passes} passes the roll-out has not finished")


def roll_out(protocol: Protocol, **fields: Any) -> Any:
    """Start one to this version and run it."""
    return run(rollout_start(**{"by": None, "protocol": protocol, "reason": "Better evidence.", **fields}))


def item(plan: TreatmentPlan) -> RolloutPlan:
    """The plan's row of the only roll-out that it is in."""
    return RolloutPlan.objects.get(plan=plan)


def targets(plan: TreatmentPlan) -> list[date]:
    """The best days of the sessions still to come."""
    return list(plan.sessions.filter(status="planned").order_by("sequence").values_list("target_date", flat=True))


def wait_until(holds: Callable[[], bool], what: str, seconds: float = LONG_ENOUGH) -> None:
    """Fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.02)


def is_waited_for() -> bool:
    """Whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        (is_blocking,) = cursor.fetchone()
    return bool(is_blocking)


@contextmanager
def elsewhere(*acts: Callable[[], Any]) -> Iterator[list[Future[Any]]]:
    """Each act goes on in a thread and a connection of its own; at the end of the block all have ended, or it fails."""

    def go(act: Callable[[], Any]) -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        going = [pool.submit(go, act) for act in acts]
        yield going
    for one in going:
        one.result()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act returned; each began at the same moment, in a connection of its own."""
    together = threading.Barrier(len(acts))

    def after_all_are_here(act: Callable[[], Any]) -> Any:
        together.wait(LONG_ENOUGH)
        return act()

    with elsewhere(*(partial(after_all_are_here, act) for act in acts)) as going:
        pass
    return [one.result() for one in going]


@contextmanager
def holding(rows: Any) -> Iterator[Callable[[], None]]:
    """Another connection holds these rows, as services do, until the end of the block or what this yields is called."""
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(rows.select_for_update(no_key=True))
            is_locked.set()
            may_end.wait(LONG_ENOUGH)

    with elsewhere(hold):
        try:
            assert is_locked.wait(LONG_ENOUGH)
            yield may_end.set
        finally:
            may_end.set()
