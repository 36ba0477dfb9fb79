"""Pin a session to a date: a person's decision, which recalculation keeps."""

from datetime import date
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed, require_reason
from clinic.locking import lock, lock_all
from clinic.people.models import User
from clinic.text import trimmed
from plans.treatment.gates import check_pin
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.services.recalculation import course_recalculate


def session_pin(*, session_id: UUID, by: User | None, pinned_on: date | None, reason: str) -> ProcedureSession:
    """Aim a planned session at `pinned_on`, or where the protocol puts it again with None; what follows it moves.

    A pin that an interval forbids is kept and flagged (`pin_conflict`); the target is then the first day allowed.
    Raises `Invalid` for a date before the plan's start, past, or more than two years ahead, `Conflict` (not_pinned).
    """
    require_reason(reason)
    with recorded(reason):
        plan_id = ProcedureSession.objects.values_list("plan_id", flat=True).get(pk=session_id)
        plan = lock(TreatmentPlan.objects.select_related("location", "protocol"), plan_id)
        sessions = lock_all(plan.sessions.select_related("step"))
        session = lock(ProcedureSession.objects.select_related("step"), session_id)
        check_allowed("The plan", plan.status, "pinning a date", TreatmentPlan.MAY_PIN)
        check_allowed("The session", session.status, "pinning it", ProcedureSession.MAY_PIN)
        if pinned_on is not None:
            check_pin(pinned_on, plan.start_date, clock.today(plan.location.zone))
        if pinned_on is None and session.pinned_on is None:
            raise Conflict("This session is not pinned to a date.", code="not_pinned")
        session.pinned_on, session.pin_reason = pinned_on, trimmed(reason)[:300] if pinned_on else ""
        session.pinned_by = by if pinned_on else None
        session.save(update_fields=["pinned_on", "pin_reason", "pinned_by", "updated_at"])
        sessions = [session if other.pk == session.pk else other for other in sessions]
        act = CourseMove.Act.PINNED if pinned_on else CourseMove.Act.UNPINNED
        course_recalculate(plan, sessions, act)
        session.refresh_from_db()
    return session
