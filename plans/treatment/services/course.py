"""A plan's course as a whole: made, made anew under other steps, and closed. Called under the plan's lock."""

from collections.abc import Sequence

from clinic import clock
from clinic.errors import Conflict
from clinic.locking import lock_all
from clinic.people.models import User
from plans.followups.queries import open_follow_ups
from plans.followups.services import follow_ups_close, follow_ups_create, follow_ups_revise
from plans.protocols.models import ProtocolStep
from plans.scheduling.models import Appointment
from plans.scheduling.services import NO_LONGER_OWED, appointments_close
from plans.treatment.comparison import compare
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.queries import Calendar, facts_of, given_to, owed_of
from plans.treatment.services.recalculation import course_put, moves_log, session_title, sessions_insert
from plans.treatment.timeline import PlannedSession

Status = ProcedureSession.Status


def course_insert(plan: TreatmentPlan) -> None:
    """Insert the sessions and follow-ups of a new plan where its protocol puts them."""
    calendar = Calendar.of(plan.protocol)
    course = calendar.course(plan, facts_of(plan, []))
    sessions_insert(plan, calendar, course.sessions, of=len(course.sessions))
    follow_ups_create(plan=plan, visits=[(calendar.row(item.step), item.window) for item in course.visits])


def course_remake(plan: TreatmentPlan) -> None:
    """Of a plan that nobody accepted: nothing of it is booked or done."""
    plan.follow_ups.all().delete()
    plan.sessions.all().delete()
    course_insert(plan)


def course_replace(
    plan: TreatmentPlan,
    sessions: Sequence[ProcedureSession],
    reason: str,
    by: User | None,
    *,
    calendar: Calendar,
    revives: bool,
) -> list[Appointment]:
    """Bring the course under the steps of `calendar`, which the plan now follows; returns the visits it cancelled.

    `sessions` are all of the plan, locked. What was performed stays. A session still owed keeps its row, its visit and
    its pin where the new step gives the same treatments; otherwise it is cancelled with its visit and made anew. With
    `revives`, the sessions that a person cancelled earlier are owed again. Once maintenance was given, the initial
    course is over: nothing is added to it. A maintenance session that was only planned gives way to what is added.
    """
    planned = {session.sequence: session for session in sessions if session.status == Status.PLANNED}
    settled = [session for session in sessions if session.status != Status.PLANNED]
    if revives:
        settled = [session for session in settled if session.status != Status.CANCELLED]
    treated = given_to(plan)
    facts = facts_of(plan, [*settled, *planned.values()], open_follow_ups(plan).select_related("step"), treated)
    course = calendar.course(plan, facts)
    given = [session for session in settled if not session.is_maintenance and session.status != Status.CANCELLED]
    of = max([len(course.sessions), *(session.sequence for session in given)])
    _number_anew(given, of)
    is_over = any(session.is_maintenance and session.started_at is not None for session in settled)
    kept: list[ProcedureSession] = []
    added: list[PlannedSession] = []
    for item in course.sessions:
        if item.sequence in facts.performed_on or item.sequence in facts.cancelled:
            continue
        session = planned.get(item.sequence)
        if session is not None and not session.is_maintenance and _gives_the_same(session, calendar.row(item.step)):
            _follow(session, calendar.row(item.step), session_title(calendar.row(item.step), item.number, of))
            kept.append(session)
        elif not is_over:
            added.append(item)
    upkeep = next((step for step in calendar.rows.values() if step.kind == ProtocolStep.Kind.MAINTENANCE), None)
    for session in planned.values():
        if session.is_maintenance and upkeep is not None and not added and _gives_the_same(session, upkeep):
            _follow(session, upkeep, session.title)
            kept.append(session)
    falling_away = [session for session in planned.values() if session not in kept]
    dropped = sessions_cancel(falling_away, reason, fell_away=True)
    ProcedureSession.objects.bulk_update(kept, ["step", "title", "duration_minutes"])
    made = sessions_insert(plan, calendar, added, of=of)
    visits = [(calendar.row(item.step), item.window) for item in course.visits]
    closed = follow_ups_revise(plan=plan, visits=visits, by=by)
    cancelled = appointments_close(sessions=dropped, follow_ups=closed, reason=NO_LONGER_OWED, by=by)
    course_put(plan, [*settled, *kept, *made], calendar, treated)
    return cancelled


def course_close(plan: TreatmentPlan, reason: str, *, by: User | None, keeps_check_ins: bool = False) -> None:
    """Cancel every planned session, open follow-up and check-in of the plan, and the visits booked for them.

    What is not owed any more is logged as dropped. With `keeps_check_ins` those worth asking for stay.
    """
    sessions = lock_all(plan.sessions.all())
    check_none_in_progress(sessions)
    moves_log(plan, CourseMove.Act.ENDED, compare(owed_of(plan), []))
    dropped = sessions_cancel([session for session in sessions if session.status == Status.PLANNED], reason)
    closed = follow_ups_close(plan=plan, by=by, keeps_check_ins=keeps_check_ins)
    appointments_close(sessions=dropped, follow_ups=closed, reason=NO_LONGER_OWED, by=by)


def check_none_in_progress(sessions: Sequence[ProcedureSession]) -> None:
    """Raises `Conflict` where a session is being given at this moment."""
    if any(session.status == Status.IN_PROGRESS for session in sessions):
        raise Conflict("A session of this plan is in progress; finish it first.", code="session_in_progress")


def sessions_cancel(
    sessions: Sequence[ProcedureSession], reason: str, *, fell_away: bool = False
) -> list[ProcedureSession]:
    """Cancel these planned sessions; returns them. One that `fell_away` comes back with a version that asks for it."""
    for session in sessions:
        session.status, session.cancelled_at, session.cancel_reason = Status.CANCELLED, clock.now(), reason
        session.fell_away = fell_away
    ProcedureSession.objects.bulk_update(sessions, ["status", "cancelled_at", "cancel_reason", "fell_away"])
    return list(sessions)


def _gives_the_same(session: ProcedureSession, step: ProtocolStep) -> bool:
    return {one.modality for one in session.components.all()} == {one.modality for one in step.components.all()}


def _number_anew(sessions: Sequence[ProcedureSession], of: int) -> None:
    """Say of these sessions of the initial course how many there are now.

    A title is the plan's name for a session, and no part of its record: signed ones are renamed too.
    """
    renamed = []
    for session in sessions:
        before, session.title = session.title, session_title(session.step, session.sequence, of)
        if session.title != before:
            renamed.append(session)
    ProcedureSession.objects.bulk_update(renamed, ["title"])


def _follow(session: ProcedureSession, step: ProtocolStep, title: str) -> None:
    session.step, session.title, session.duration_minutes = step, title, step.visit_minutes
