"""Picks plans out of a list by how their course goes: `progress.flags`, in SQL."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from clinic import clock
from clinic.places.localtime import LocalDate
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.progress import BOOK_AHEAD, Flag

FULFILLED = Appointment.Status.FULFILLED


def with_flags(plans: QuerySet[TreatmentPlan], now: datetime | None = None) -> QuerySet[Any]:
    """Annotate `is_slipping` and `is_waiting`, as `progress.flags` defines them."""
    today = LocalDate(Value(now or clock.now()), "plan__location__timezone")
    sessions = ProcedureSession.objects.filter(plan=OuterRef("pk"))
    booked = Exists(Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES))
    planned = sessions.filter(status=ProcedureSession.Status.PLANNED)
    first_session = planned.annotate(waits=_waits(today) & ~booked).order_by("target_date", "sequence", "id")
    of_visit = Appointment.objects.filter(follow_up=OuterRef("pk"))
    follow_ups = FollowUp.objects.filter(plan=OuterRef("pk"))
    open_visits = follow_ups.filter(~Exists(of_visit.filter(status=FULFILLED)), cancelled_at__isnull=True)
    first_visit = open_visits.annotate(
        waits=_waits(today) & ~Exists(of_visit.filter(status__in=LIVE_STATUSES))
    ).order_by("target_date", "sequence", "id")
    late_visits = with_state(follow_ups, now).filter(state__in=[FollowUp.State.OVERDUE, FollowUp.State.MISSED])
    before = ProcedureSession.objects.filter(
        plan=OuterRef("plan"), sequence__lt=OuterRef("sequence"), status__in=ProcedureSession.OPEN
    )
    late_sessions = planned.filter(~booked, ~Exists(before), window_end__lt=today)
    return plans.alias(
        is_owed=ExpressionWrapper(Q(status__in=TreatmentPlan.MAY_BOOK), BooleanField()),
        is_running=Exists(sessions.filter(status=ProcedureSession.Status.IN_PROGRESS)),
        session_target=Subquery(first_session.values("target_date")[:1]),
        session_waits=Subquery(first_session.values("waits")[:1], output_field=BooleanField()),
        visit_target=Subquery(first_visit.values("target_date")[:1]),
        visit_waits=Subquery(first_visit.values("waits")[:1], output_field=BooleanField()),
    ).annotate(
        is_slipping=_whether(Q(is_owed=True) & (Q(Exists(late_sessions)) | Q(Exists(late_visits))), Value(True)),
        is_waiting=_whether(
            Q(is_owed=True, is_running=False),
            Case(
                When(Q(visit_target=None) | Q(session_target__lte=F("visit_target")), then="session_waits"),
                default="visit_waits",
            ),
        ),
    )


def flagged(plans: QuerySet[TreatmentPlan], wanted: Iterable[str]) -> QuerySet[Any]:
    """The plans that one of these `Flag`s finds; other words find none."""
    conditions = {
        Flag.SLIPPING: Q(is_slipping=True),
        Flag.WAITING: Q(is_waiting=True),
        Flag.ON_HOLD: Q(status=TreatmentPlan.Status.ON_HOLD),
    }
    asked = Q(pk__in=[])
    for flag in wanted:
        asked |= conditions[Flag(flag)]
    return with_flags(plans).filter(asked)


def _waits(today: Combinable) -> Q:
    """Whether the window is open, or opens soon."""
    soon = ExpressionWrapper(today + Value(BOOK_AHEAD.days), output_field=DateField())
    return Q(window_start__lte=soon, window_end__gte=today)


def _whether(condition: Q, then: Any) -> Coalesce:
    """`then` where the condition holds; False where it does not, and for NULL."""
    return Coalesce(Case(When(condition, then=then), output_field=BooleanField()), Value(False))
