"""What the board reads: the visits of some days, who is busy elsewhere, and whether anything changed since."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.places.models import Location
from plans.scheduling.admin.board.asked import Asked
from plans.scheduling.admin.rows import with_gates
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.queries import in_full
from plans.scheduling.queries.board import state_of_board
from plans.scheduling.rules import MAX_DURATION, Period


def visits_between(
    who: Reader, location: Location, period: Period, *, with_cancelled: bool = False
) -> QuerySet[Appointment]:
    """The visits at `location` that take place in `period`, in order of time: one query."""
    start, end = period
    rows = Appointment.objects.filter(
        location=location, starts_at__gte=start - MAX_DURATION, starts_at__lt=end, ends_at__gt=start
    )
    if not with_cancelled:
        rows = rows.exclude(status=Appointment.Status.CANCELLED)
    return with_gates(in_full(visible(rows.order_by("starts_at", "id"), who.user)).prefetch_related(None))


def busy_elsewhere(location: Location, practitioners: Sequence[UUID], period: Period) -> list[tuple[UUID, Period]]:
    """When these practitioners are taken at other locations: one query."""
    rows = Appointment.objects.filter(
        practitioner__in=practitioners,
        practitioner_busy__overlap=DateTimeTZRange(*period, "[)"),
        status__in=LIVE_STATUSES,
    ).exclude(location=location)
    return [(who, (busy.lower, busy.upper)) for who, busy in rows.values_list("practitioner_id", "practitioner_busy")]


def token_of(asked: Asked, period: Period, now: datetime) -> str:
    """Says whether a board shows what it showed before: the same token, the same board. One query.

    It changes with what `state_of_board` looks at and, as states are late by the minute, with the minute where the
    present is in `period`.
    """
    start, end = period
    state = state_of_board(asked.location.pk, period)
    minute = int(now.timestamp() // 60) if start <= now < end + timedelta(days=1) else 0
    looks: tuple[Any, ...] = (asked.location.pk, asked.view, asked.day, asked.by, asked.who, asked.span, minute)
    return blake2b(f"{state}|{looks}".encode(), digest_size=12).hexdigest()
