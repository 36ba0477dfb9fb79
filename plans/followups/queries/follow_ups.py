"""Reads follow-ups, with their derived state computed in SQL."""

from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from clinic import clock
from clinic.places.localtime import LocalDate
from plans.followups.models import FollowUp
from plans.followups.queries.dates import days_after
from plans.followups.rules import MISSED_AFTER_NO_SHOW, MISSED_AFTER_OVERDUE
from plans.protocols.models import ProtocolStep
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan

State = FollowUp.State
DORMANT_PLANS = (TreatmentPlan.Status.DRAFT, TreatmentPlan.Status.PROPOSED, TreatmentPlan.Status.ON_HOLD)
"""While its plan is so, nothing of it is due."""


def with_state(follow_ups: QuerySet[FollowUp], now: datetime | None = None) -> QuerySet[Any]:
    """Annotate `today` (local) and `state`, as `rules.state` defines it. Rows are `FollowUp`s with both."""
    appointments = Appointment.objects.filter(follow_up=OuterRef("pk"))
    last_no_show = (
        appointments.filter(status=Appointment.Status.NO_SHOW)
        .order_by("-starts_at")
        .values(day=LocalDate("starts_at", "location__timezone"))[:1]
    )
    instant = Value(now or clock.now())
    return follow_ups.annotate(
        today=LocalDate(instant, "location__timezone"),
        last_no_show_on=Subquery(last_no_show),
    ).annotate(
        state=Case(
            When(cancelled_at__isnull=False, then=Value(State.CANCELLED)),
            When(Exists(appointments.filter(status=Appointment.Status.FULFILLED)), then=Value(State.ATTENDED)),
            When(Exists(appointments.filter(status__in=LIVE_STATUSES)), then=Value(State.SCHEDULED)),
            When(plan__status__in=DORMANT_PLANS, then=Value(State.PENDING)),
            When(
                Q(today__gt=days_after("window_end", MISSED_AFTER_OVERDUE))
                | Q(today__gt=days_after("last_no_show_on", MISSED_AFTER_NO_SHOW)),
                then=Value(State.MISSED),
            ),
            When(today__gt=F("window_end"), then=Value(State.OVERDUE)),
            When(today__gte=F("window_start"), then=Value(State.DUE)),
            default=Value(State.PENDING),
            output_field=CharField(),
        )
    )


def follow_ups_in_full() -> QuerySet[Any]:
    """Follow-ups with state, patient, plan and practitioner: one query."""
    return with_state(
        FollowUp.objects.select_related("patient", "location", "plan__protocol", "plan__lead_practitioner__user")
    )


def open_follow_ups(plan: TreatmentPlan) -> QuerySet[FollowUp]:
    """The plan's follow-ups that are neither attended nor cancelled."""
    attended = Appointment.objects.filter(follow_up=OuterRef("pk"), status=Appointment.Status.FULFILLED)
    return FollowUp.objects.filter(~Exists(attended), plan=plan, cancelled_at__isnull=True)


def counts_from(follow_up: FollowUp) -> ProcedureSession | None:
    """The session from which its protocol step counts, as the calendar has it; None where it counts from another day.

    Where the session of that number was cancelled, the next one, or else the last.
    """
    step = follow_up.step
    if step is None or follow_up.plan_id is None or step.anchor == ProtocolStep.Anchor.PLAN_START:
        return None
    standing = ProcedureSession.objects.filter(
        plan=follow_up.plan_id, step__kind=ProtocolStep.Kind.SESSION, cancelled_at=None, aborted_at=None
    ).order_by("sequence")
    if step.anchor == ProtocolStep.Anchor.SESSION:
        return standing.filter(sequence__gte=step.anchor_session).first() or standing.last()
    return standing.last()


def state_of(follow_up: FollowUp) -> FollowUp.State:
    """The follow-up's state now."""
    row = with_state(FollowUp.objects.filter(pk=follow_up.pk)).get()
    return FollowUp.State(row.state)
