"""Reads the course of a plan: every step of it with where it stands, for timelines, progress, lists and drawings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
)

from clinic import clock
from clinic.people.models import Modality
from clinic.places.wallclock import local_date
from patients.models import Consent
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import with_check_in_state, with_state
from plans.protocols.models import ProtocolStep
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.progress import Kind, Progress, State, Step, progress
from plans.treatment.queries.sessions import shown_status, with_visit

Planned = ProcedureSession | FollowUp | CheckIn


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One step of a plan's course: where it stands, and the record behind it."""

    step: Step
    record: Planned
    status: str
    """The record's own word for where it stands, as its lists say it."""
    visit_id: UUID | None = None
    """The live appointment."""

    @property
    def pinned_on(self) -> date | None:
        """A check-in follows its session and cannot be pinned."""
        return None if isinstance(self.record, CheckIn) else self.record.pinned_on

    @property
    def pin_reason(self) -> str:
        return "" if isinstance(self.record, CheckIn) else self.record.pin_reason

    @property
    def pin_conflict(self) -> str:
        return "" if isinstance(self.record, CheckIn) else self.record.pin_conflict


def with_course(plans: QuerySet[TreatmentPlan]) -> QuerySet[Any]:
    """Plans with everything that `course_of` and `progress_of` take: four more queries, however many plans."""
    sessions = with_visit(ProcedureSession.objects.select_related("step")).order_by("sequence", "id")
    check_ins = Prefetch("check_ins", with_check_in_state(CheckIn.objects.order_by("target_date", "id")))
    consented = Consent.objects.filter(patient=OuterRef("patient"), status=Consent.Status.GIVEN)
    return (
        plans.select_related("location")
        .annotate(consented=ArraySubquery(consented.exclude(document__modality="").values("document__modality")))
        .prefetch_related(
            Prefetch("sessions", sessions.prefetch_related("components", check_ins), to_attr="course_sessions"),
            Prefetch("follow_ups", _follow_ups_with_visits(), to_attr="course_follow_ups"),
        )
    )


def course_of(plan: Any) -> list[CourseRow]:
    """Every session, follow-up and check-in of a plan of `with_course`, by target date. No query."""
    zone = plan.location.zone
    today = clock.today(zone)
    is_owed = plan.status in TreatmentPlan.MAY_BOOK
    rows = []
    for session in plan.course_sessions:
        rows.append(_session_row(session, zone, today, is_owed=is_owed))
        is_owed = is_owed and session.status not in ProcedureSession.OPEN
    rows += [_follow_up_row(follow_up, zone) for follow_up in plan.course_follow_ups]
    rows += [
        _check_in_row(check_in, session.sequence, zone)
        for session in plan.course_sessions
        for check_in in session.check_ins.all()
    ]
    return sorted(rows, key=lambda row: row.step.place)


def progress_of(plan: Any, rows: Iterable[CourseRow] | None = None) -> Progress:
    """The progress of a plan of `with_course`; `rows` if they are known already. No query."""
    steps = [row.step for row in (course_of(plan) if rows is None else rows)]
    return progress(steps, plan.status, clock.today(plan.location.zone), [Modality(one) for one in plan.consented])


def moves_of(plan: TreatmentPlan) -> QuerySet[CourseMove]:
    """What moved in the plan, the latest first."""
    return plan.moves.select_related("moved_by").order_by("-moved_at", "-id")


FULFILLED = Appointment.Status.FULFILLED


def _follow_ups_with_visits() -> QuerySet[Any]:
    """With state, `visit_id` and `visit_at` of the live visit, and `attended_at`."""
    visits = Appointment.objects.filter(follow_up=OuterRef("pk"))
    live, attended = visits.filter(status__in=LIVE_STATUSES), visits.filter(status=FULFILLED)
    return (
        with_state(FollowUp.objects.select_related("location"))
        .annotate(
            visit_id=Subquery(live.values("pk")[:1]),
            visit_at=Subquery(live.values("starts_at")[:1]),
            attended_at=Subquery(attended.order_by("starts_at").values("starts_at")[:1]),
        )
        .order_by("target_date", "id")
    )


def _session_row(session: Any, zone: ZoneInfo, today: date, *, is_owed: bool) -> CourseRow:
    is_upkeep = session.step.kind == ProtocolStep.Kind.MAINTENANCE
    over = session.performed_at or session.aborted_at
    step = Step(
        kind=Kind.MAINTENANCE if is_upkeep else Kind.SESSION,
        id=session.pk,
        title=session.title,
        sequence=session.sequence,
        earliest=session.window_start,
        target=session.target_date,
        latest=session.window_end,
        state=_session_state(session, today, is_owed=is_owed),
        done_on=local_date(session.performed_at, zone) if session.performed_at else None,
        booked_at=session.visit_at,
        modalities=frozenset(Modality(component.modality) for component in session.components.all()),
        is_unsigned=over is not None and session.signed_at is None,
    )
    return CourseRow(step, session, shown_status(session), session.visit_id)


def _session_state(session: Any, today: date, *, is_owed: bool) -> State:
    """Of a plan of which nothing is owed at present nothing falls due, nor does what comes after an open session."""
    if session.cancelled_at is not None:
        return State.CANCELLED
    if session.aborted_at is not None:
        return State.ABORTED
    if session.performed_at is not None:
        return State.DONE
    if session.started_at is not None:
        return State.IN_PROGRESS
    if session.is_scheduled:
        return State.SCHEDULED
    if not is_owed or today < session.window_start:
        return State.PENDING
    return State.OVERDUE if today > session.window_end else State.DUE


def _follow_up_row(follow_up: Any, zone: ZoneInfo) -> CourseRow:
    step = Step(
        kind=Kind.FOLLOW_UP,
        id=follow_up.pk,
        title=follow_up.title,
        sequence=follow_up.sequence,
        earliest=follow_up.window_start,
        target=follow_up.target_date,
        latest=follow_up.window_end,
        state=State.DONE if follow_up.state == FollowUp.State.ATTENDED else State(follow_up.state),
        done_on=local_date(follow_up.attended_at, zone) if follow_up.attended_at else None,
        booked_at=follow_up.visit_at,
    )
    return CourseRow(step, follow_up, follow_up.state, follow_up.visit_id)


def _check_in_row(check_in: Any, sequence: int, zone: ZoneInfo) -> CourseRow:
    step = Step(
        kind=Kind.CHECK_IN,
        id=check_in.pk,
        title=check_in.title,
        sequence=sequence,
        earliest=check_in.window_start,
        target=check_in.target_date,
        latest=check_in.window_end,
        state=State.DONE if check_in.state == CheckIn.State.ANSWERED else State(check_in.state),
        done_on=local_date(check_in.answered_at, zone) if check_in.answered_at else None,
    )
    return CourseRow(step, check_in, check_in.state)
