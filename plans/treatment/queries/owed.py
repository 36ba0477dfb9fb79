"""Reads what a plan owes at present, as comparisons take it."""

from collections.abc import Sequence

from plans.followups.models import FollowUp
from plans.followups.queries import open_follow_ups
from plans.treatment.comparison import Dates, OwedVisit
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan

Status = ProcedureSession.Status


def owed_session(session: ProcedureSession, content: tuple[str, ...] = ()) -> OwedVisit:
    """A planned session as the comparison takes it: recognised by its place in the course."""
    return OwedVisit(
        CourseMove.Item.SESSION,
        f"{session.step.kind} {session.sequence}",
        session.pk,
        session.title,
        session.window,
        session.window_because,
        content,
    )


def owed_follow_up(follow_up: FollowUp, dates: Dates | None = None) -> OwedVisit:
    """An open follow-up as comparisons take it, by its place in the course: as it stands, or with the dates it had."""
    return OwedVisit(
        CourseMove.Item.FOLLOW_UP,
        str(follow_up.step.place if follow_up.step else follow_up.pk),
        follow_up.pk,
        follow_up.title,
        dates or follow_up.window,
        follow_up.window_because,
    )


def owed_of(plan: TreatmentPlan, sessions: Sequence[ProcedureSession] | None = None) -> list[OwedVisit]:
    """What the plan owes at present, for comparing it with what it owes later; `sessions` are its own, if read."""
    if sessions is None:
        sessions = list(
            plan.sessions.filter(status=Status.PLANNED).select_related("step").prefetch_related("components")
        )
    planned = [session for session in sessions if session.status == Status.PLANNED]
    return [
        *(owed_session(session, tuple(one.modality for one in session.components.all())) for session in planned),
        *(owed_follow_up(follow_up) for follow_up in open_follow_ups(plan).select_related("step")),
    ]
