"""Roll-outs: bring every running plan of a protocol to one version, in batches that a restart takes up again.

Each plan is moved in a transaction of its own, which settles its row of the roll-out too: a killed process leaves each
plan either as it was and waiting, or moved and settled. The broker only nudges; the beat finds what stands still.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q

from clinic import clock
from clinic.audit.history import Actor, acting, recorded
from clinic.constraints import refusal_of
from clinic.errors import Conflict, Refusal, require_reason
from clinic.locking import is_contention, lock, lock_all
from clinic.nudging import Nudger
from clinic.people.models import User
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook
from plans.treatment.models import CourseMove, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries import Calendar
from plans.treatment.services.recalculation import course_recalculate
from plans.treatment.services.revising import IN_FULL, Revised, plan_bring

Status = RolloutPlan.Status
logger = logging.getLogger(__name__)
nudge = Nudger("plans.treatment.tasks.advance_rollout")

AT_A_TIME = 2
"""Workers that one roll-out keeps busy: mail finds another one, or waits for a batch."""
ENDED = "The plan has ended meanwhile."
IN_PLACE = "The plan followed this version already, and nothing had to move."
STANDS_STILL_AFTER = timedelta(seconds=15)


@dataclass(slots=True)
class Progress:
    """What one pass of a roll-out did, in plans."""

    settled: int = 0
    is_finished: bool = False


def rollout_start(*, by: User | None, protocol: Protocol, reason: str) -> ProtocolRollout:
    """Ask for every running plan of this protocol to follow this version, and to be worked out anew.

    Plans that nobody has accepted are left alone: they keep the version that was proposed. Raises `Conflict`:
    `not_current` for a version that new plans do not take, `rollout_running` while the last one of this protocol goes
    on, `no_running_plans` where there is nothing to move.
    """
    require_reason(reason)
    with recorded(reason):
        protocol = lock(Protocol.objects.all(), protocol.pk)
        if not protocol.is_current:
            raise Conflict(
                f"{protocol} is not current; plans move to the current version.", code="not_current", attr="protocol"
            )
        if ProtocolRollout.objects.filter(protocol__code=protocol.code, finished_at__isnull=True).exists():
            raise Conflict(
                "Plans of this protocol are being moved already; wait until that has finished.",
                code="rollout_running",
                attr="protocol",
            )
        plans = TreatmentPlan.objects.filter(protocol__code=protocol.code, status__in=TreatmentPlan.MAY_MOVE)
        keys = list(plans.order_by("pk").values_list("pk", flat=True))
        if not keys:
            raise Conflict(
                f"No running plan follows {protocol.title}: there is nothing to move.",
                code="no_running_plans",
                attr="protocol",
            )
        rollout = ProtocolRollout.objects.create(
            protocol=protocol, reason=reason, requested_at=clock.now(), requested_by=by
        )
        RolloutPlan.objects.bulk_create((RolloutPlan(rollout=rollout, plan_id=key) for key in keys), batch_size=2000)
        transaction.on_commit(partial(rollout_nudge, rollout.pk), robust=True)
    return rollout


def rollout_nudge(rollout_id: UUID) -> None:
    """Tell workers that this roll-out has plans to settle."""
    for _ in range(AT_A_TIME):
        nudge(None, str(rollout_id))


def rollout_advance(*, rollout_id: UUID, limit: int) -> Progress:
    """Settle up to `limit` waiting plans of a roll-out; safe to run any number of times at once, and after a kill.

    A plan that somebody is working on is left to a later pass.
    """
    rollout = ProtocolRollout.objects.select_related("protocol", "requested_by").get(pk=rollout_id)
    progress = Progress(is_finished=rollout.finished_at is not None)
    if progress.is_finished:
        return progress
    calendar = Calendar.of(rollout.protocol)
    asked_by = str(rollout.requested_by_id) if rollout.requested_by_id else None
    left: list[int] = []
    with acting(Actor("roll-out", lambda: asked_by)):
        while progress.settled < limit:
            with recorded(rollout.reason):
                item = _next(rollout, left)
                if item is not None and _settle(item, rollout, calendar):
                    progress.settled += 1
                elif item is not None:
                    left.append(item.pk)
            if item is None:
                progress.is_finished = _finish(rollout_id)
                break
    return progress


def rollouts_standing_still() -> list[UUID]:
    """The keys of the unfinished roll-outs of which no plan was settled lately, the oldest first."""
    since = clock.now() - STANDS_STILL_AFTER
    moving = RolloutPlan.objects.filter(rollout=OuterRef("pk"), settled_at__gt=since)
    unfinished = ProtocolRollout.objects.filter(finished_at__isnull=True, requested_at__lte=since)
    return list(unfinished.exclude(Exists(moving)).order_by("pk").values_list("pk", flat=True))


def _next(rollout: ProtocolRollout, left: Sequence[int]) -> RolloutPlan | None:
    """A waiting plan that no other pass has in hand, its row locked."""
    waiting = RolloutPlan.objects.filter(rollout=rollout, status=Status.WAITING).exclude(pk__in=left)
    return waiting.order_by("id").select_for_update(skip_locked=True, no_key=True).first()


def _settle(item: RolloutPlan, rollout: ProtocolRollout, calendar: Calendar) -> bool:
    """Move the plan and say so in its row, or why not; False, and nothing is written, where somebody works on it."""
    try:
        with transaction.atomic():
            outcome = _move(item.plan_id, rollout, calendar)
    except (OperationalError, InterfaceError) as error:
        if not is_contention(error):
            if not connection.is_usable():
                raise
            logger.warning("A roll-out leaves plan %s to a later pass", item.plan_id, exc_info=error)
        return False
    except Exception as error:  # noqa: BLE001 one plan's trouble stops no other plan
        outcome = {"status": Status.REFUSED, "detail": _why(error, item.plan_id)[:300]}
    for name, value in outcome.items():
        setattr(item, name, value)
    item.settled_at = clock.now()
    item.save()
    return True


def _move(plan_id: UUID, rollout: ProtocolRollout, calendar: Calendar) -> dict[str, Any]:
    """Bring the plan to the version, or work it out anew if it is there; returns what its row then says."""
    plan = lock(IN_FULL, plan_id)
    if plan.status not in TreatmentPlan.MAY_MOVE:
        return {"status": Status.UNCHANGED, "detail": ENDED}
    if plan.protocol_id == rollout.protocol_id:
        sessions = lock_all(plan.sessions.select_related("step"))
        did = Revised(course_recalculate(plan, sessions, CourseMove.Act.RECALCULATED, calendar=calendar))
        if not did.moves:
            return {"status": Status.UNCHANGED, "detail": IN_PLACE}
    else:
        did = plan_bring(
            plan=plan, by=rollout.requested_by, reason=rollout.reason, protocol=rollout.protocol, calendar=calendar
        )
    visits = Appointment.objects.filter(Q(session__plan=plan) | Q(follow_up__plan=plan))
    return {
        "status": Status.MOVED,
        "shifts_days": [
            (move.target_after - move.target_before).days
            for move in did.moves
            if move.target_before and move.target_after
        ],
        "added_visits": sum(move.target_before is None for move in did.moves),
        "dropped_visits": sum(move.target_after is None for move in did.moves),
        "cancelled_visits": len(did.cancelled),
        "rebook_visits": visits_to_rebook(visits).count(),
    }


def _why(error: Exception, plan_id: UUID) -> str:
    """Why a plan was not moved, for the report; what is a defect is logged too."""
    refusal = refusal_of(error) if isinstance(error, IntegrityError) else error
    if isinstance(refusal, Refusal):
        return refusal.detail
    logger.error("A roll-out could not move plan %s", plan_id, exc_info=error)
    return f"Something unforeseen went wrong ({type(error).__name__}). The plan is as it was; the log says more."


def _finish(rollout_id: UUID) -> bool:
    """Close the roll-out if nothing waits; False where others are still at work on the last plans."""
    with recorded("Roll-out finished"):
        rollout = lock(ProtocolRollout.objects.all(), rollout_id)
        if RolloutPlan.objects.filter(rollout=rollout, status=Status.WAITING).exists():
            return False
        if rollout.finished_at is None:
            rollout.finished_at = clock.now()
            rollout.save(update_fields=["finished_at", "updated_at"])
    return True
