"""Reads procedure sessions."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession


def with_scheduled(sessions: QuerySet[ProcedureSession]) -> QuerySet[Any]:
    """Annotate `is_scheduled`: whether a live appointment exists for the session."""
    live = Appointment.objects.filter(session=OuterRef("pk"), status__in=LIVE_STATUSES)
    return sessions.annotate(is_scheduled=Exists(live))


def shown_status(session: Any) -> str:
    """The status as people see it: *scheduled* for a planned session with a live appointment.

    Takes a row of `with_scheduled`.
    """
    if session.status == ProcedureSession.Status.PLANNED and session.is_scheduled:
        return "scheduled"
    return str(session.status)


def sessions_in_full() -> QuerySet[Any]:
    """Sessions with plan, components, typed records, spins and warnings: a fixed number of queries."""
    return (
        with_scheduled(ProcedureSession.objects.all())
        .select_related("plan__patient", "plan__location", "plan__protocol", "operator__user")
        .prefetch_related(
            "components__prp__spins",
            "components__stem_cell",
            "components__microneedling",
            "components__exosome",
            "components__warnings",
        )
    )


def with_visit(sessions: QuerySet[ProcedureSession]) -> QuerySet[Any]:
    """Annotate the live visit of each session: `visit_id`, `visit_at`, beside `is_scheduled`; and `early_because`, why
    a visit of it is, or was, before the earliest date."""
    visits = Appointment.objects.filter(session=OuterRef("pk"))
    live = visits.filter(status__in=LIVE_STATUSES)
    early = visits.filter(is_early=True, status__in=[*LIVE_STATUSES, Appointment.Status.FULFILLED])
    return with_scheduled(sessions).annotate(
        visit_id=Subquery(live.values("pk")[:1]),
        visit_at=Subquery(live.values("starts_at")[:1]),
        early_because=Subquery(early.values("override_reason")[:1]),
    )
