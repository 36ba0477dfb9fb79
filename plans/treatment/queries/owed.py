"""Reads what a plan owes at present: as comparisons take it, and what keeps it from being complete."""

from collections.abc import Sequence

from clinic.errors import SoftWarning
from plans.followups.models import FollowUp
from plans.followups.queries import check_ins_of_use, open_follow_ups
from plans.treatment.comparison import Dates, OwedVisit
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.queries.sessions import with_scheduled

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


def in_the_way_of_completion(plan: TreatmentPlan) -> list[str]:
    """What the plan still owes, in words: two queries.

    Maintenance is offered, not owed: only a booked visit of it, or one in progress, stands in the way.
    """
    found = []
    for session in with_scheduled(plan.sessions.select_related("step").order_by("sequence", "id")):
        is_open = session.status == Status.PLANNED and (session.is_scheduled or not session.is_maintenance)
        if is_open or session.status == Status.IN_PROGRESS:
            found.append(session.title)
    return found + [follow_up.title for follow_up in open_follow_ups(plan).order_by("target_date", "id")]


def left_by_completion(plan: TreatmentPlan) -> list[SoftWarning]:
    """What stays to be done once the plan is complete: records to sign, check-ins to ask. Two queries."""
    unsigned = plan.sessions.filter(status__in=ProcedureSession.MAY_SIGN).order_by("sequence", "id")
    asked = check_ins_of_use().filter(session__plan=plan).order_by("target_date", "id")
    return [
        *(SoftWarning("sessions", "unsigned", f"{session.title} is not signed.") for session in unsigned),
        *(
            SoftWarning("check_ins", "unanswered", f"{one.title} after {one.session.title} is still to be answered.")
            for one in asked
        ),
    ]
