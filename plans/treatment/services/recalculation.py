"""Moves what is still owed to where the facts put it. Called under the plan's lock by whatever changes a fact."""

from collections.abc import Iterable, Sequence

from clinic import clock
from clinic.audit.history import acting_user
from clinic.places.wallclock import local_date
from plans.followups.queries import open_follow_ups
from plans.followups.services import check_ins_put, follow_ups_move
from plans.messages.services import messages_plan_recovery
from plans.protocols.models import ProtocolStep
from plans.protocols.queries import timeline_step
from plans.treatment import timeline
from plans.treatment.comparison import Change, compare
from plans.treatment.models import CourseMove, ProcedureSession, SessionComponent, TreatmentPlan
from plans.treatment.queries import Calendar, GivenTo, facts_of, owed_follow_up, owed_session
from plans.treatment.timeline import Facts, PlannedSession

Act = CourseMove.Act
Status = ProcedureSession.Status


def session_title(step: ProtocolStep, number: int, of: int) -> str:
    """As the front desk says it: “Session 2 of 3 · PRP”; `number` counts within the initial course, or maintenance."""
    if step.kind == ProtocolStep.Kind.MAINTENANCE:
        return f"Maintenance {number} · {step.title}"
    return f"Session {number} of {of} · {step.title}"


def sessions_insert(
    plan: TreatmentPlan, calendar: Calendar, planned: Sequence[PlannedSession], *, of: int
) -> list[ProcedureSession]:
    """Insert a planned session, with its components, for each of `planned`."""
    rows = []
    for item in planned:
        step = calendar.row(item.step)
        row = ProcedureSession(
            plan=plan,
            step=step,
            sequence=item.sequence,
            title=session_title(step, item.number, of),
            duration_minutes=step.visit_minutes,
        )
        row.aim(item.window)
        rows.append(row)
    ProcedureSession.objects.bulk_create(rows)
    components_insert(rows)
    return rows


def components_insert(sessions: Sequence[ProcedureSession]) -> None:
    """Insert the components that the step of each session names."""
    SessionComponent.objects.bulk_create(
        SessionComponent(session=session, modality=component.modality, position=component.position)
        for session in sessions
        for component in session.step.components.all()
    )


def course_recalculate(
    plan: TreatmentPlan, sessions: Sequence[ProcedureSession], act: Act, *, calendar: Calendar | None = None
) -> list[CourseMove]:
    """Bring the course to where the facts put it, and log each move under `act`; returns the moves.

    `sessions` are all sessions of the plan, locked.
    """
    return moves_log(plan, act, course_put(plan, sessions, calendar or Calendar.of(plan.protocol)))


def course_put(
    plan: TreatmentPlan, sessions: Sequence[ProcedureSession], calendar: Calendar, treated: GivenTo | None = None
) -> list[Change]:
    """Move the windows of planned sessions and open follow-ups to where the facts put them; write only what changed.

    Once nothing of the initial course is owed, the next maintenance session is. Returns what is different.
    """
    sessions = [session for session in sessions if not session.fell_away]
    visits = list(open_follow_ups(plan).select_related("step"))
    facts = facts_of(plan, sessions, visits, treated)
    course = calendar.course(plan, facts)
    planned = [session for session in sessions if session.status == Status.PLANNED]
    before = [owed_session(session) for session in planned]
    windows = {item.sequence: item.window for item in course.sessions}
    upkeep = _maintenance(calendar, sessions, facts)
    if upkeep is not None:
        windows[upkeep.sequence] = upkeep.window
    moved = [session for session in planned if session.sequence in windows and session.aim(windows[session.sequence])]
    if moved:
        ProcedureSession.objects.bulk_update(moved, ProcedureSession.WINDOW)
    if upkeep is not None and upkeep.sequence not in {session.sequence for session in planned}:
        planned += sessions_insert(plan, calendar, [upkeep], of=len(course.sessions))
    changes = compare(before, [owed_session(session) for session in planned])
    moved_visits = follow_ups_move(
        plan=plan, windows={calendar.row(item.step).pk: item.window for item in course.visits}
    )
    return changes + compare(
        [owed_follow_up(row, dates) for row, dates in moved_visits], [owed_follow_up(row) for row, _ in moved_visits]
    )


def moves_log(plan: TreatmentPlan, act: Act, changes: Iterable[Change]) -> list[CourseMove]:
    """Write down each change of a date, under what happened."""
    now, by = clock.now(), acting_user()
    rows = [CourseMove.of(plan, act, change, at=now, by_id=by) for change in changes if change.is_of_dates]
    return CourseMove.objects.bulk_create(rows)


def _maintenance(calendar: Calendar, sessions: Sequence[ProcedureSession], facts: Facts) -> PlannedSession | None:
    """The maintenance session that is owed now; None while the initial course goes on, or where it was let go."""
    if not facts.performed_on or not sessions:
        return None
    open_sessions = [session for session in sessions if session.status in ProcedureSession.OPEN]
    latest = max(sessions, key=lambda session: (session.sequence, session.pk))
    if open_sessions:
        (owed, *others) = open_sessions
        if others or not owed.is_maintenance or owed.status == Status.IN_PROGRESS:
            return None
        sequence = owed.sequence
    elif latest.is_maintenance and latest.cancelled_at is not None:
        return None
    else:
        sequence = latest.sequence + 1
    number = 1 + sum(session.is_maintenance and session.performed_at is not None for session in sessions)
    last = max(facts.performed_on.values())
    return timeline.maintenance(calendar.steps, last, sequence, number, facts, calendar.intervals)


def check_ins_owe(plan: TreatmentPlan, session: ProcedureSession) -> None:
    """Owe the recovery check-ins of a performed session, or move those that have no answer yet, with their mail.

    They are those of the protocol version under which it was given, whatever the plan follows by now.
    """
    if session.performed_at is None:
        raise ValueError("only a performed session is followed by check-ins")
    rows = {step.position: step for step in session.step.protocol.steps.prefetch_related("components")}
    day = local_date(session.performed_at, plan.location.zone)
    planned = timeline.check_ins([timeline_step(step) for step in rows.values()], day)
    check_ins = check_ins_put(session=session, visits=[(rows[item.step.position], item.window) for item in planned])
    session.plan = plan
    messages_plan_recovery(session=session, check_ins=check_ins)
