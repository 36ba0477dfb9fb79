"""What holds after every act and on every day of any course."""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from uuid import UUID

from clinic import clock
from clinic.places.wallclock import local_date
from patients.models import Patient
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.rules import AWAITED
from plans.scheduling.models import Appointment
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan

Status = ProcedureSession.Status


class Always:
    """Remembers of one patient what must not change any more."""

    def __init__(self) -> None:
        self.settled: dict[UUID, tuple[date, date, date]] = {}

    def check(self, patient: Patient) -> None:
        """Each move is explained, what is over has not moved, order is kept, and no mail says what is not so."""
        for move in CourseMove.objects.filter(plan__patient=patient):
            assert move.because or move.target_after is None, f"{move} is not explained"
            assert move.moved_at <= clock.now()
        sessions = ProcedureSession.objects.filter(plan__patient=patient).select_related("plan__location")
        by_plan: dict[UUID, list[ProcedureSession]] = {}
        for session in sessions.order_by("plan", "sequence", "pk"):
            by_plan.setdefault(session.plan_id, []).append(session)
        for of_plan in by_plan.values():
            self._check_course(of_plan)
        for message in PatientMessage.objects.filter(patient=patient, status="pending").select_related("appointment"):
            _check_pending(message)

    def _check_course(self, sessions: Iterable[ProcedureSession]) -> None:
        done: list[date] = []
        planned = []
        for session in sessions:
            if session.status == Status.PLANNED:
                planned.append(session)
                assert session.window_start >= max(done, default=session.plan.start_date), session
            elif session.status != Status.IN_PROGRESS:
                assert self.settled.setdefault(session.pk, session.window) == session.window, session
            if session.performed_at is not None:
                done.append(local_date(session.performed_at, session.plan.location.zone))
        for first, second in pairwise(planned):
            assert first.target_date <= second.target_date, (first, second)


def _check_pending(message: PatientMessage) -> None:
    visit = message.appointment
    if visit is None:
        return
    assert message.appointment_revision == visit.revision, f"{message} tells of what is not so any more"
    if message.kind == MessageKind.CANCELLED:
        assert visit.status == Appointment.Status.CANCELLED, message
        return
    assert visit.status in AWAITED, f"{message} is pending for a visit that is {visit.status}"
    obligation = visit.session or visit.follow_up
    if message.kind == MessageKind.REMINDER and obligation is not None and obligation.plan is not None:
        assert obligation.plan.status != TreatmentPlan.Status.ON_HOLD, f"{message} reminds of a plan on hold"
