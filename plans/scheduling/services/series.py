"""Books the next visits of a plan in one step: all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinic.audit.history import recorded
from clinic.errors import DoesNotExist, Invalid, Refusal
from clinic.locking import hold, lock
from clinic.people.models import Practitioner, User
from clinic.places.models import Room
from plans.scheduling.models import Appointment
from plans.scheduling.series import Series, SeriesWishes, named, propose
from plans.scheduling.services.booking import appointment_book
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.subjects import lock_plans_of
from plans.treatment.models import ProcedureSession, TreatmentPlan

IN_FULL = TreatmentPlan.objects.select_related("patient", "location", "lead_practitioner__user")


@dataclass(frozen=True, slots=True)
class SeriesVisit:
    """One visit of a series, as it was chosen; without a practitioner with whoever is in charge of the plan."""

    session: ProcedureSession
    starts_at: datetime
    practitioner: Practitioner | None = None
    room: Room | None = None


@retried
def plan_preview_series(*, plan_id: UUID, wishes: SeriesWishes) -> Series:
    """What `plan_book_series` would book now; nothing is written."""
    with recorded("Preview"):
        return propose(_lock(plan_id), wishes)


@retried
def plan_book_series(
    *, plan_id: UUID, by: User | None, visits: Sequence[SeriesVisit] | None = None, wishes: SeriesWishes | None = None
) -> list[Appointment]:
    """Book these visits of a plan's sessions, or the best times that `propose` finds; returns them, in their order.

    All or none, in one transaction; each plans its own messages. Refuses as `appointment_book` does, naming the session
    in `detail` and `extra`, and its place among `visits` in `attr`; without `visits` as `propose` does.
    """
    with recorded():
        plan = _lock(plan_id)
        if visits is None:
            chosen = [
                SeriesVisit(one.session, one.starts_at, one.practitioner, one.room)
                for one in propose(plan, wishes or SeriesWishes()).visits
            ]
        else:
            _check(plan, visits)
            chosen = sorted(visits, key=lambda one: one.session.sequence)
        _hold(plan, chosen)
        return [_book(plan, one, by, visits) for one in chosen]


def _hold(plan: TreatmentPlan, chosen: Sequence[SeriesVisit]) -> None:
    """Take the advisory locks of every visit at once: one after the other they would not be in the one order."""
    practitioners = {one.practitioner.pk for one in chosen if one.practitioner is not None}
    rooms = Room.objects.filter(location=plan.location, is_bookable=True).values_list("pk", flat=True)
    hold(plan.patient_id, plan.lead_practitioner_id, *practitioners, others=rooms, shared=[plan.location_id])


def _lock(plan_id: UUID) -> TreatmentPlan:
    """Lock every plan of the patient, as the booking of a session does, and return this one."""
    lock_plans_of(TreatmentPlan.objects.filter(pk=plan_id).values("patient"))
    return lock(IN_FULL, plan_id)


def _check(plan: TreatmentPlan, visits: Sequence[SeriesVisit]) -> None:
    if not visits:
        raise Invalid("Name at least one visit.", code="required", attr="visits")
    seen: set[UUID] = set()
    for place, visit in enumerate(visits):
        if visit.session.plan_id != plan.pk:
            raise DoesNotExist(visit.session.pk, attr=f"visits.{place}.session")
        if visit.session.pk in seen:
            raise Invalid(f"{visit.session.title} stands here twice.", code="unique", attr=f"visits.{place}.session")
        seen.add(visit.session.pk)


def _book(plan: TreatmentPlan, visit: SeriesVisit, by: User | None, asked: Sequence[SeriesVisit] | None) -> Appointment:
    try:
        return appointment_book(
            by=by,
            location=plan.location,
            practitioner=visit.practitioner or plan.lead_practitioner,
            starts_at=visit.starts_at,
            session=visit.session,
            room=visit.room,
        )
    except Refusal as refusal:
        if refusal.attr is not None:
            refusal.attr = f"visits.{asked.index(visit)}.{refusal.attr}" if asked is not None else None
        raise named(refusal, visit.session) from None
