"""Roll-outs: bring the running plans of a protocol to one version, or work all running plans out anew under the
interval rules in force; in batches that a restart takes up again.

Each plan is moved in a transaction of its own, which settles its row of the roll-out too: a killed process leaves each
plan either as it was and waiting, or moved and settled. The broker only nudges; the beat finds what stands still.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic import clock
from clinic.audit.history import Actor, acting, recorded
from clinic.constraints import refusal_of
from clinic.errors import Conflict, Refusal, require_reason
from clinic.locking import is_contention, lock, lock_all
from clinic.nudging import Nudger
from clinic.people.models import User
from plans.protocols.models import IntervalRule, Protocol
from plans.protocols.queries import intervals_in_force
from plans.scheduling.models import Appointment
from plans.scheduling.queries import visits_to_rebook
from plans.treatment.intervals import Intervals
from plans.treatment.models import CourseMove, ProtocolRollout, RolloutPlan, TreatmentPlan
from plans.treatment.queries import Calendar
from plans.treatment.queries.rollouts import running_plans
from plans.treatment.services.previews import WHY, Preview, plan_preview
from plans.treatment.services.recalculation import course_recalculate
from plans.treatment.services.revising import IN_FULL, Revised, plan_bring

Status = RolloutPlan.Status
logger = logging.getLogger(__name__)
nudge = Nudger("plans.treatment.tasks.advance_rollout")

AT_A_TIME = 2
"""Workers that one roll-out keeps busy: mail finds another one, or waits for a batch."""
ABOUT_TO_RUN = TreatmentPlan.MAY_PROPOSE | TreatmentPlan.MAY_ACCEPT
"""States from which a plan may be running a moment later."""
ENDED = "The plan has ended meanwhile."
OVERTAKEN = "The plan follows version {} meanwhile, which is newer: it stays there."
IN_PLACE = "The plan followed this version already, and nothing had to move."
AS_RULED = "Every date keeps the intervals already: nothing had to move."
STANDS_STILL_AFTER = timedelta(seconds=15)


@dataclass(slots=True)
class Progress:
    """What one pass of a roll-out did, in plans."""

    settled: int = 0
    is_finished: bool = False
    """Whether nothing more is to be done: all is settled, or a person stopped it."""


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
        if ProtocolRollout.objects.filter(ProtocolRollout.UNDER_WAY, protocol__code=protocol.code).exists():
            raise Conflict(
                "Plans of this protocol are being moved already; wait until that has finished.",
                code="rollout_running",
                attr="protocol",
            )
        plans = running_plans().filter(protocol__code=protocol.code)
        rollout = _ask(plans, ProtocolRollout(protocol=protocol, reason=reason, requested_by=by))
        if rollout is None:
            raise Conflict(
                f"No running plan follows {protocol.title}: there is nothing to move.",
                code="no_running_plans",
                attr="protocol",
            )
    return rollout


def rollout_start_of_rule(*, by: User | None, rule: IntervalRule, reason: str) -> ProtocolRollout | None:
    """Ask for every running plan to be worked out anew under the interval rules as they are now; None without plans.

    Several may go on at once: each works a plan out under the rules that are in force when it has the plan's lock.
    """
    require_reason(reason)
    with recorded(reason):
        # Who accepts a plan at this moment may have read the rules as they were: it is running then, and among them.
        # Who does so later, or proposes a draft, waits for the new ones.
        about_to_run = TreatmentPlan.objects.filter(status__in=ABOUT_TO_RUN).order_by("pk")
        list(about_to_run.select_for_update(no_key=True).values_list("pk", flat=True))
        return _ask(
            running_plans(),
            ProtocolRollout(interval_rule=rule, what=f"Interval rule “{rule.title}”", reason=reason, requested_by=by),
        )


def rollout_stop(*, rollout_id: UUID, by: User | None, reason: str) -> ProtocolRollout:
    """Stop a roll-out before its next plan: what is moved stays, what waits stays as it is.

    Raises `Conflict` (`rollout_over`) where it has finished or was stopped already.
    """
    require_reason(reason)
    with recorded(reason):
        rollout = lock(ProtocolRollout.objects.all(), rollout_id)
        if not rollout.is_under_way:
            over = "has finished" if rollout.finished_at is not None else "was stopped already"
            raise Conflict(f"It {over}: there is nothing to stop.", code="rollout_over")
        rollout.stopped_at, rollout.stopped_by, rollout.stop_reason = clock.now(), by, reason
        rollout.save(update_fields=["stopped_at", "stopped_by", "stop_reason", "updated_at"])
    return rollout


def rollout_try(*, plan_id: UUID, protocol: Protocol) -> Preview | None:
    """What bringing a running plan to this version of its protocol does; None, at once, where somebody works on it.

    Tried as a person's revision (`plan_revise`) and taken back. It does to the plan what the roll-out does with
    `plan_bring`, and refuses what that refuses, and a version that is not current besides.
    """
    try:
        with recorded(WHY), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1ms'")
            preview = plan_preview(plan_id=plan_id, protocol=protocol)
            transaction.set_rollback(True)
            return preview
    except OperationalError as error:
        if not is_contention(error):
            raise
        return None


def rollout_nudge(rollout_id: UUID) -> None:
    """Tell workers that this roll-out has plans to settle."""
    for _ in range(AT_A_TIME):
        nudge(None, str(rollout_id))


def rollout_advance(*, rollout_id: UUID, limit: int) -> Progress:
    """Settle up to `limit` waiting plans of a roll-out; safe to run any number of times at once, and after a kill.

    A plan that somebody is working on is left to a later pass.
    """
    rollout = ProtocolRollout.objects.select_related("protocol", "requested_by").get(pk=rollout_id)
    progress = Progress(is_finished=not rollout.is_under_way)
    if progress.is_finished:
        return progress
    calendars = _Calendars()
    asked_by = str(rollout.requested_by_id) if rollout.requested_by_id else None
    left: list[int] = []
    with acting(Actor("roll-out", lambda: asked_by)):
        while progress.settled < limit:
            with recorded(rollout.reason):
                item = _next(rollout, left)
                if item is not None and _settle(item, rollout, calendars):
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
    unfinished = ProtocolRollout.objects.filter(ProtocolRollout.UNDER_WAY, requested_at__lte=since)
    return list(unfinished.exclude(Exists(moving)).order_by("pk").values_list("pk", flat=True))


class _Calendars:
    """The calendars of the versions that plans follow, each with the interval rules as they are when it is asked for.

    Asked for under a plan's lock: whoever changes a rule later finds that plan waiting in the roll-out which the change
    asks for, and whoever did so before is heeded.
    """

    def __init__(self) -> None:
        self.known: dict[UUID, Calendar] = {}
        self.intervals = Intervals()

    def of(self, protocol: Protocol) -> Calendar:
        intervals = intervals_in_force()
        if intervals.rules != self.intervals.rules:
            self.intervals = intervals
        calendar = self.known.get(protocol.pk) or Calendar.of(protocol)
        if calendar.intervals is not self.intervals:
            calendar = self.known[protocol.pk] = replace(calendar, intervals=self.intervals)
        return calendar


def _ask(plans: QuerySet[TreatmentPlan], rollout: ProtocolRollout) -> ProtocolRollout | None:
    """Save the roll-out with a row for each of `plans`, and tell the workers; None, unsaved, where there are none."""
    rows = [
        RolloutPlan(rollout=rollout, plan_id=plan_id, protocol_before_id=protocol_id)
        for plan_id, protocol_id in plans.order_by("pk").values_list("pk", "protocol_id")
    ]
    if not rows:
        return None
    rollout.requested_at = clock.now()
    rollout.save()
    RolloutPlan.objects.bulk_create(rows, batch_size=2000)
    transaction.on_commit(partial(rollout_nudge, rollout.pk), robust=True)
    return rollout


def _next(rollout: ProtocolRollout, left: Sequence[int]) -> RolloutPlan | None:
    """A waiting plan that no other pass has in hand, its row locked; None too once the roll-out was stopped."""
    waiting = RolloutPlan.objects.filter(rollout=rollout, rollout__stopped_at=None, status=Status.WAITING)
    rows = waiting.exclude(pk__in=left).order_by("id")
    return rows.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()


def _settle(item: RolloutPlan, rollout: ProtocolRollout, calendars: _Calendars) -> bool:
    """Move the plan and say so in its row, or why not; False, and nothing is written, where somebody works on it."""
    try:
        with transaction.atomic():
            outcome = _move(item.plan_id, rollout, calendars)
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


def _move(plan_id: UUID, rollout: ProtocolRollout, calendars: _Calendars) -> dict[str, Any]:
    """Bring the plan to the version, or work it out anew where it is there; returns what its row then says.

    A plan that was brought to a newer version since the roll-out was asked for stays there.
    """
    plan = lock(IN_FULL, plan_id)
    if plan.status not in TreatmentPlan.MAY_MOVE:
        return {"status": Status.UNCHANGED, "detail": ENDED}
    to = rollout.protocol or plan.protocol
    if plan.protocol.code == to.code and plan.protocol.version_number > to.version_number:
        return {"status": Status.UNCHANGED, "detail": OVERTAKEN.format(plan.protocol.version_number)}
    calendar = calendars.of(to)
    if plan.protocol_id == to.pk:
        sessions = lock_all(plan.sessions.select_related("step"))
        did = Revised(course_recalculate(plan, sessions, CourseMove.Act.RECALCULATED, calendar=calendar))
        if not did.moves:
            return {"status": Status.UNCHANGED, "detail": IN_PLACE if rollout.protocol is not None else AS_RULED}
    else:
        did = plan_bring(plan=plan, by=rollout.requested_by, reason=rollout.reason, protocol=to, calendar=calendar)
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
    """Close the roll-out if nothing waits; False where others are still at work on the last plans.

    One that was stopped is over, and stays stopped.
    """
    with recorded("Roll-out finished"):
        rollout = lock(ProtocolRollout.objects.all(), rollout_id)
        if rollout.stopped_at is not None:
            return True
        if RolloutPlan.objects.filter(rollout=rollout, status=Status.WAITING).exists():
            return False
        if rollout.finished_at is None:
            rollout.finished_at = clock.now()
            rollout.save(update_fields=["finished_at", "updated_at"])
    return True
