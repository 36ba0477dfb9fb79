"""Reads procedure sessions."""

from typing import Any

from django.db.models import CharField, Exists, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import NullIf

from clinic.errors import SoftWarning
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.treatment.models import ProcedureSession

DECIDED_BECAUSE = Func(
    Value("; "),
    *(NullIf(name, Value("")) for name in ("override_reason", "kept_because")),
    function="concat_ws",
    output_field=CharField(),
)
"""`Appointment.decided_because` as SQL."""


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


def early_warning(session: ProcedureSession) -> list[SoftWarning]:
    """That the session was performed before its window opened, and what set that; empty where it was not."""
    if (
        session.performed_at is None
        or local_date(session.performed_at, session.plan.location.zone) >= session.window_start
    ):
        return []
    detail = f"Before its window, which opens on {date_in_full(session.window_start)}. {session.window_because}".strip()
    return [SoftWarning("performed_at", "early", detail)]


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
    """Annotate the live visit of each session: `visit_id`, `visit_at` and `is_here` (the patient came to it), beside
    `is_scheduled`; and `early_because`, why a visit of it is, or was, before the earliest date."""
    visits = Appointment.objects.filter(session=OuterRef("pk"))
    live = visits.filter(status__in=LIVE_STATUSES)
    early = visits.filter(is_early=True, status__in=[*LIVE_STATUSES, Appointment.Status.FULFILLED])
    return with_scheduled(sessions).annotate(
        visit_id=Subquery(live.values("pk")[:1]),
        visit_at=Subquery(live.values("starts_at")[:1]),
        is_here=Exists(visits.filter(status=Appointment.Status.ARRIVED)),
        early_because=Subquery(early.values(because=DECIDED_BECAUSE)[:1]),
    )
