"""What an act would do to a plan's course and its booked visits: the act itself, taken back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from clinic.audit.history import recorded
from clinic.locking import lock
from clinic.people.models import Practitioner
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.queries import in_full, visits_to_rebook, why_rebook
from plans.treatment.comparison import compare, documents
from plans.treatment.models import ProcedureSession
from plans.treatment.queries import live_appointment_ids, owed_of
from plans.treatment.services.pins import session_pin
from plans.treatment.services.plans import plan_hold, plan_resume
from plans.treatment.services.revising import IN_FULL, headlines, plan_revise

WHY = "Preview"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rebooking:
    """A booked visit that would want another time, and why."""

    visit: Appointment
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be different. `changes` as `PlanRevision.changes` keeps them."""

    changes: Sequence[dict[str, Any]]
    cancelled: Sequence[Appointment]
    """Booked visits of what is not owed any more."""
    rebook: Sequence[Rebooking]
    """Only those that do not want another time already."""
    conflict: str = ""
    """Why a pin could not be met; the target would be later then."""


def plan_preview(
    *, plan_id: UUID, protocol: Protocol | None = None, lead_practitioner: Practitioner | None = None
) -> Preview:
    """What revising the plan so would do; refuses what `plan_revise` refuses."""
    return _preview(
        plan_id,
        lambda: plan_revise(
            plan_id=plan_id, by=None, reason=WHY, protocol=protocol, lead_practitioner=lead_practitioner
        ),
    )


def plan_hold_preview(*, plan_id: UUID) -> Preview:
    """What a hold would do."""
    return _preview(plan_id, lambda: plan_hold(plan_id=plan_id, reason=WHY))


def plan_resume_preview(*, plan_id: UUID) -> Preview:
    """What resuming the plan today would move."""
    return _preview(plan_id, lambda: plan_resume(plan_id=plan_id))


def session_pin_preview(*, session_id: UUID, pinned_on: date | None) -> Preview:
    """What pinning the session to this date, or taking its pin away, would move."""
    plan_id = ProcedureSession.objects.values_list("plan_id", flat=True).get(pk=session_id)
    return _preview(
        plan_id,
        lambda: session_pin(session_id=session_id, by=None, pinned_on=pinned_on, reason=WHY),
        conflict_of=lambda session: session.pin_conflict,
    )


def _preview(plan_id: UUID, act: Callable[[], T], conflict_of: Callable[[T], str] = lambda done: "") -> Preview:
    """Do it, see what is different, and take it back. `conflict_of` says of what it returned what stands against it."""
    with recorded(WHY), transaction.atomic():
        plan = lock(IN_FULL, plan_id)
        visits = Appointment.objects.filter(Q(session__plan=plan) | Q(follow_up__plan=plan))
        owed, live = owed_of(plan), live_appointment_ids(plan)
        known = set(visits_to_rebook(visits).values_list("pk", flat=True))
        done = act()
        preview = Preview(
            documents(headlines(plan, IN_FULL.get(pk=plan_id)), compare(owed, owed_of(plan))),
            list(in_full(visits.filter(pk__in=live, status=Appointment.Status.CANCELLED)).order_by("starts_at", "id")),
            [
                Rebooking(visit, why_rebook(visit) or "")
                for visit in visits_to_rebook(visits.exclude(pk__in=known)).order_by("starts_at", "id")
            ],
            conflict_of(done),
        )
        transaction.set_rollback(True)
    return preview
