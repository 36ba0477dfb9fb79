"""Revise a plan: follow another protocol, a newer version of it, or another practitioner; and see beforehand what that
would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.locking import lock, lock_all
from clinic.people.models import Modality, Practitioner, User
from clinic.people.queries import missing_qualifications
from plans.protocols.models import Protocol, StepComponent
from plans.scheduling.models import Appointment
from plans.treatment.comparison import compare
from plans.treatment.models import CourseMove, PlanRevision, TreatmentPlan
from plans.treatment.queries import Calendar, owed_of
from plans.treatment.services.course import check_none_in_progress, course_remake, course_replace
from plans.treatment.services.recalculation import moves_log

Status = TreatmentPlan.Status
IN_FULL = TreatmentPlan.objects.select_related("location", "protocol", "lead_practitioner__user")
"""Plans with what a revision asks of them."""


@dataclass(frozen=True, slots=True)
class Revised:
    """What a revision did to the course, beside the revision itself."""

    moves: Sequence[CourseMove] = ()
    cancelled: Sequence[Appointment] = ()
    """Booked visits of what is not owed any more."""


def plan_revise(
    *,
    plan_id: UUID,
    by: User | None,
    reason: str,
    protocol: Protocol | None = None,
    lead_practitioner: Practitioner | None = None,
) -> TreatmentPlan:
    """Change what the plan follows; what was performed stays, what is still owed follows the new steps.

    A proposed plan goes back to draft. A plan already accepted keeps its state and gets a new revision, which keeps
    what changed; a modality that it adds needs a consent before its sessions can be booked. Booked visits of sessions
    that fall away are cancelled; those whose window moved stay, and want rebooking.
    """
    require_reason(reason)
    with recorded(reason):
        plan = lock(IN_FULL, plan_id)
        _revise(plan, by, reason, protocol, lead_practitioner, TreatmentPlan.MAY_REVISE, revives=True)
    return plan


def plan_move(*, plan_id: UUID, by: User | None, reason: str, protocol: Protocol) -> TreatmentPlan:
    """Move a running plan to another version of the protocol that it follows; nothing that was cancelled comes back.

    Raises `Conflict` (`other_protocol`) for a version of another protocol, and what `plan_revise` raises.
    """
    require_reason(reason)
    with recorded(reason):
        plan = lock(IN_FULL, plan_id)
        plan_bring(plan=plan, by=by, reason=reason, protocol=protocol, calendar=Calendar.of(protocol))
    return plan


def plan_bring(*, plan: TreatmentPlan, by: User | None, reason: str, protocol: Protocol, calendar: Calendar) -> Revised:
    """`plan_move` for a plan of `IN_FULL` that the caller has locked; `calendar` is of `protocol`."""
    if plan.protocol.code != protocol.code:
        raise Conflict(
            f"The plan follows {plan.protocol}, not {protocol.title}.", code="other_protocol", attr="protocol"
        )
    return _revise(plan, by, reason, protocol, None, TreatmentPlan.MAY_MOVE, revives=False, calendar=calendar)


def plan_preview(
    *, plan_id: UUID, protocol: Protocol | None = None, lead_practitioner: Practitioner | None = None
) -> list[dict[str, Any]]:
    """What revising the plan so would change, as `PlanRevision.changes` would keep it; nothing is written.

    It is the revision itself, taken back: it says what will happen, and refuses what `plan_revise` refuses.
    """
    with recorded("Preview"), transaction.atomic():
        plan = lock(IN_FULL, plan_id)
        _revise(plan, None, "Preview", protocol, lead_practitioner, TreatmentPlan.MAY_REVISE, revives=True)
        return _taken_back(plan)


def plan_move_preview(*, plan_id: UUID, protocol: Protocol) -> list[dict[str, Any]]:
    """What `plan_move` would change, as `plan_preview` says it of a revision."""
    with recorded("Preview"), transaction.atomic():
        plan = lock(IN_FULL, plan_id)
        plan_bring(plan=plan, by=None, reason="Preview", protocol=protocol, calendar=Calendar.of(protocol))
        return _taken_back(plan)


def _taken_back(plan: TreatmentPlan) -> list[dict[str, Any]]:
    """The changes of the revision that this transaction made; the transaction ends without it."""
    changes: list[dict[str, Any]] = plan.revisions.get(number=plan.revision).changes
    transaction.set_rollback(True)
    return changes


def check_qualified(practitioner: Practitioner, protocol: Protocol, on: date) -> None:
    """Raises `Invalid` where the practitioner may not give every modality of the protocol on this date."""
    needed = {
        Modality(modality)
        for modality in StepComponent.objects.filter(step__protocol=protocol).values_list("modality", flat=True)
    }
    missing = missing_qualifications(practitioner, needed, on)
    if missing:
        names = ", ".join(sorted(modality.label for modality in missing))
        raise Invalid(
            f"{practitioner} is not qualified for {names} on {on}.", code="not_qualified", attr="lead_practitioner"
        )


def _revise(
    plan: TreatmentPlan,
    by: User | None,
    reason: str,
    protocol: Protocol | None,
    lead_practitioner: Practitioner | None,
    allowed: frozenset[str],
    *,
    revives: bool,
    calendar: Calendar | None = None,
) -> Revised:
    check_allowed("The plan", plan.status, "revising", allowed)
    sessions = lock_all(plan.sessions.select_related("step").prefetch_related("components"))
    check_none_in_progress(sessions)
    before, owed_before = (plan.protocol, plan.lead_practitioner), owed_of(plan, sessions)
    if plan.status == Status.PROPOSED:
        plan.status, plan.proposed_at = Status.DRAFT, None
    plan.protocol = protocol or plan.protocol
    plan.lead_practitioner = lead_practitioner or plan.lead_practitioner
    check_qualified(plan.lead_practitioner, plan.protocol, clock.today(plan.location.zone))
    plan.revision += 1
    plan.save()
    cancelled: Sequence[Appointment] = ()
    if plan.protocol != before[0]:
        if plan.status == Status.DRAFT:
            course_remake(plan)
        else:
            calendar = calendar or Calendar.of(plan.protocol)
            cancelled = course_replace(plan, sessions, reason, by, revives=revives, calendar=calendar)
    changes = compare(owed_before, owed_of(plan))
    moves = moves_log(plan, CourseMove.Act.REVISED, changes)
    headlines = [
        {"what": what, "item": "plan", "title": title, "before": str(was), "after": str(now), "because": ""}
        for what, title, was, now in (
            ("protocol", "Protocol", before[0], plan.protocol),
            ("lead_practitioner", "In charge", before[1], plan.lead_practitioner),
        )
        if was != now
    ]
    PlanRevision.objects.create(
        plan=plan,
        number=plan.revision,
        protocol=plan.protocol,
        lead_practitioner=plan.lead_practitioner,
        reason=reason,
        changes=headlines + [change.as_document() for change in changes],
        revised_at=clock.now(),
        revised_by=by,
    )
    return Revised(moves, cancelled)
