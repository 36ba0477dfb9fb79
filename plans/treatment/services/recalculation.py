"""Moves what is still owed to where the facts put it. Called under the plan's lock by whatever changes a fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clinic.places.wallclock import local_date
from plans.followups.services import check_ins_put, follow_ups_move
from plans.protocols.models import ProtocolStep
from plans.protocols.queries import timeline_step
from plans.treatment import timeline
from plans.treatment.models import ProcedureSession, SessionComponent, TreatmentPlan
from plans.treatment.timeline import Facts, PlannedSession, PlannedVisit, Step


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a plan's protocol version, as rows and as the calendar takes them."""

    rows: dict[int, ProtocolStep]
    timeline: list[Step]

    @classmethod
    def of(cls, plan: TreatmentPlan) -> "Steps":
        rows = {step.position: step for step in plan.protocol.steps.prefetch_related("components")}
        return cls(rows, [timeline_step(step) for step in rows.values()])

    def row(self, step: Step) -> ProtocolStep:
        return self.rows[step.position]


def facts_of(plan: TreatmentPlan, sessions: Sequence[ProcedureSession]) -> Facts:
    """What the plan's sessions say happened, in local dates."""
    zone = plan.location.zone
    performed: dict[int, date] = {}
    given: dict[int, date] = {}
    retry: dict[int, date] = {}
    pins: dict[int, date] = {}
    owed: set[int] = set()
    for session in sessions:
        number = session.sequence
        if session.performed_at is not None:
            performed[number] = local_date(session.performed_at, zone)
        elif session.aborted_at is not None:
            retry[number] = local_date(session.aborted_at, zone)
            if session.was_anything_given:
                given[number] = retry[number]
        elif session.cancelled_at is None:
            owed.add(number)
            if session.pinned_on is not None:
                pins[number] = session.pinned_on
    known = {session.sequence for session in sessions}
    dropped = known - owed - performed.keys()
    return Facts(performed, given, retry, pins, frozenset(dropped), plan.resumed_on)


def course_of(plan: TreatmentPlan, steps: Steps, facts: Facts) -> tuple[list[PlannedSession], list[PlannedVisit]]:
    """The sessions and assessments of the plan where the facts put them."""
    course = timeline.sessions(steps.timeline, plan.start_date, facts)
    return course, timeline.follow_ups(steps.timeline, plan.start_date, course, facts)


def session_title(steps: Steps, planned: PlannedSession, of: int) -> str:
    """As the front desk says it: “Session 2 of 3 · PRP”."""
    name = steps.row(planned.step).title
    if planned.step.kind == timeline.MAINTENANCE:
        return f"Maintenance {planned.number} · {name}"
    return f"Session {planned.number} of {of} · {name}"


def sessions_insert(
    plan: TreatmentPlan, steps: Steps, planned: Sequence[PlannedSession], *, of: int
) -> list[ProcedureSession]:
    """Insert a planned session, with its components, for each of `planned`."""
    rows = [
        ProcedureSession(
            plan=plan,
            step=steps.row(item.step),
            sequence=item.sequence,
            title=session_title(steps, item, of),
            duration_minutes=steps.row(item.step).visit_minutes,
            target_date=item.window.target,
            window_start=item.window.earliest,
            window_end=item.window.latest,
        )
        for item in planned
    ]
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


def course_recalculate(plan: TreatmentPlan, sessions: Sequence[ProcedureSession]) -> None:
    """Move the windows of planned sessions and open follow-ups to where the facts put them; write only what changed.

    Once nothing of the initial course is owed, the next maintenance session is. `sessions` are all sessions of the
    plan, locked.
    """
    steps = Steps.of(plan)
    facts = facts_of(plan, sessions)
    course, visits = course_of(plan, steps, facts)
    windows = {item.sequence: item.window for item in course}
    upkeep = _maintenance(steps, sessions, facts)
    if upkeep is not None:
        windows[upkeep.sequence] = upkeep.window
    planned = [session for session in sessions if session.status == ProcedureSession.Status.PLANNED]
    moved = []
    for session in planned:
        window = windows.get(session.sequence)
        if window is None:
            continue
        dates = (window.earliest, window.target, window.latest)
        if dates != (session.window_start, session.target_date, session.window_end):
            session.window_start, session.target_date, session.window_end = dates
            moved.append(session)
    ProcedureSession.objects.bulk_update(moved, ["window_start", "target_date", "window_end"])
    if upkeep is not None and upkeep.sequence not in {session.sequence for session in planned}:
        sessions_insert(plan, steps, [upkeep], of=len(course))
    follow_ups_move(plan=plan, windows={steps.row(item.step).pk: item.window for item in visits})


def _maintenance(steps: Steps, sessions: Sequence[ProcedureSession], facts: Facts) -> PlannedSession | None:
    """The maintenance session that is owed now; None while the initial course goes on, or where it was let go."""
    if not facts.performed_on or not sessions:
        return None
    is_open = (ProcedureSession.Status.PLANNED, ProcedureSession.Status.IN_PROGRESS)
    open_sessions = [session for session in sessions if session.status in is_open]
    latest = max(sessions, key=lambda session: (session.sequence, session.pk))
    if open_sessions:
        (owed, *others) = open_sessions
        if others or not _is_maintenance(owed) or owed.status == ProcedureSession.Status.IN_PROGRESS:
            return None
        sequence = owed.sequence
    elif _is_maintenance(latest) and latest.cancelled_at is not None:
        return None
    else:
        sequence = latest.sequence + 1
    return timeline.maintenance(
        steps.timeline,
        max(facts.performed_on.values()),
        sequence,
        1 + sum(_is_maintenance(session) and session.performed_at is not None for session in sessions),
        last_given=max(facts.given_on.values(), default=None),
        not_before=facts.resumed_on,
    )


def _is_maintenance(session: ProcedureSession) -> bool:
    return session.step.kind == ProtocolStep.Kind.MAINTENANCE


def session_check_ins(plan: TreatmentPlan, session: ProcedureSession) -> None:
    """Owe the recovery check-ins of a performed session, or move those that have no answer yet."""
    if session.performed_at is None:
        raise ValueError("only a performed session is followed by check-ins")
    steps = Steps.of(plan)
    day = local_date(session.performed_at, plan.location.zone)
    visits = [(steps.row(item.step), item.window) for item in timeline.check_ins(steps.timeline, day)]
    check_ins_put(session=session, visits=visits)
