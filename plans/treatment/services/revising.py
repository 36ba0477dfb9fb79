"""Revise a plan: follow another protocol, a newer version of it, or another practitioner."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed, require_reason
from clinic.locking import lock, lock_all
from clinic.people.models import Modality, Practitioner, User
from clinic.people.queries import missing_qualifications
from clinic.words import date_in_full
from plans.protocols.models import Protocol, StepComponent
from plans.scheduling.models import Appointment
from plans.treatment.comparison import Headline, compare, documents
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
    that fall away are cancelled; those whose window moved stay, and want rebooking. Sessions that a person cancelled
    stay so with another version of the same protocol; another protocol owes them again.
    """
    require_reason(reason)
    with recorded(reason):
        plan = lock(IN_FULL, plan_id)
        check_allowed("The plan", plan.status, "revising", TreatmentPlan.MAY_REVISE)
        if protocol is not None and protocol != plan.protocol:
            check_current(protocol)
        _revise(plan, by=by, reason=reason, protocol=protocol, lead_practitioner=lead_practitioner)
    return plan


def plan_bring(*, plan: TreatmentPlan, by: User | None, reason: str, protocol: Protocol, calendar: Calendar) -> Revised:
    """Bring a running plan of `IN_FULL`, locked by the caller, to another version of its protocol.

    `calendar` is of `protocol`. Raises `Conflict` (`other_protocol`) for a version of another protocol, and what
    `plan_revise` raises.
    """
    check_allowed("The plan", plan.status, "revising", TreatmentPlan.MAY_MOVE)
    if plan.protocol.code != protocol.code:
        raise Conflict(
            f"The plan follows {plan.protocol}, not {protocol.title}.", code="other_protocol", attr="protocol"
        )
    return _revise(plan, by=by, reason=reason, protocol=protocol, calendar=calendar)


def headlines(before: TreatmentPlan, after: TreatmentPlan) -> list[Headline]:
    """What is different of the plan itself; both of `IN_FULL`."""
    found = [
        Headline("protocol", "Protocol", str(before.protocol), str(after.protocol)),
        Headline("lead_practitioner", "In charge", str(before.lead_practitioner), str(after.lead_practitioner)),
    ]
    return [line for line in found if line.before != line.after]


def check_current(protocol: Protocol) -> None:
    """Raises `Conflict` (`not_current`) for a version that plans do not take any more."""
    if not protocol.is_current:
        raise Conflict(
            f"{protocol} is not current; plans take the current version.", code="not_current", attr="protocol"
        )


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
            f"{practitioner} is not qualified for {names} on {date_in_full(on)}.",
            code="not_qualified",
            attr="lead_practitioner",
        )


def _revise(
    plan: TreatmentPlan,
    *,
    by: User | None,
    reason: str,
    protocol: Protocol | None,
    lead_practitioner: Practitioner | None = None,
    calendar: Calendar | None = None,
) -> Revised:
    sessions = lock_all(plan.sessions.select_related("step").prefetch_related("components"))
    check_none_in_progress(sessions)
    before, owed_before = copy(plan), owed_of(plan, sessions)
    if plan.status == Status.PROPOSED:
        plan.status, plan.proposed_at = Status.DRAFT, None
    plan.protocol = protocol or plan.protocol
    plan.lead_practitioner = lead_practitioner or plan.lead_practitioner
    check_qualified(plan.lead_practitioner, plan.protocol, clock.today(plan.location.zone))
    plan.revision += 1
    plan.save()
    cancelled: Sequence[Appointment] = ()
    if plan.protocol != before.protocol:
        if plan.status == Status.DRAFT:
            course_remake(plan)
        else:
            calendar = calendar or Calendar.of(plan.protocol)
            revives = plan.protocol.code != before.protocol.code
            cancelled = course_replace(plan, sessions, reason, by, revives=revives, calendar=calendar)
    changes = compare(owed_before, owed_of(plan))
    moves = moves_log(plan, CourseMove.Act.REVISED, changes)
    PlanRevision.objects.create(
        plan=plan,
        number=plan.revision,
        protocol=plan.protocol,
        lead_practitioner=plan.lead_practitioner,
        reason=reason,
        changes=documents(headlines(before, plan), changes),
        revised_at=clock.now(),
        revised_by=by,
    )
    return Revised(moves, cancelled)
