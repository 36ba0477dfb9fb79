"""What the board reads: the visits of some days, who is busy elsewhere, and whether anything changed since."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.places.models import Location
from plans.scheduling.admin.board.asked import Asked
from plans.scheduling.admin.rows import with_gates
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.queries import in_full
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

    It changes with every visit in `period`, with what a visit says of its patient, session, follow-up and plan, with
    the visits that the practitioners of the location have elsewhere, with hours, rooms and people; and, as states are
    late by the minute, with the minute where the present is in it.
    """
    start, end = period
    with connection.cursor() as cursor:
        cursor.execute(
            _TOKEN_SQL,
            {"location": asked.location.pk, "start": start, "reach": start - MAX_DURATION, "end": end},
        )
        (state,) = cursor.fetchone()
    minute = int(now.timestamp() // 60) if start <= now < end + timedelta(days=1) else 0
    looks: tuple[Any, ...] = (asked.location.pk, asked.view, asked.day, asked.by, asked.who, asked.span, minute)
    return blake2b(f"{state}|{looks}".encode(), digest_size=12).hexdigest()


_TOKEN_SQL = """
SELECT concat_ws('|',
    (SELECT concat(count(*), ':', sum(hashtextextended(concat_ws(
        ' ', a.id, a.version, p.version, s.version, f.version, t.version), 0)))
     FROM plans_appointment a JOIN patients_patient p ON p.id = a.patient_id
     LEFT JOIN plans_proceduresession s ON s.id = a.session_id LEFT JOIN plans_followup f ON f.id = a.follow_up_id
     LEFT JOIN plans_treatmentplan t ON t.id = COALESCE(s.plan_id, f.plan_id)
     WHERE a.location_id = %(location)s AND a.starts_at >= %(reach)s AND a.starts_at < %(end)s),
    (SELECT concat(count(*), ':', sum(hashtextextended(concat_ws(' ', a.id, a.version), 0)))
     FROM plans_appointment a
     WHERE a.location_id <> %(location)s AND a.starts_at >= %(reach)s AND a.starts_at < %(end)s
         AND a.practitioner_id IN (
            SELECT p.id FROM clinic_practitioner p JOIN clinic_membership m ON m.user_id = p.user_id
            WHERE m.location_id = %(location)s)),
    (SELECT version FROM clinic_location WHERE id = %(location)s),
    (SELECT sum(hashtextextended(concat(id, ' ', version), 0)) FROM clinic_room WHERE location_id = %(location)s),
    (SELECT sum(hashtextextended(concat(id, ' ', version), 0)) FROM clinic_openinghours
     WHERE location_id = %(location)s),
    (SELECT sum(hashtextextended(concat(id, ' ', version), 0)) FROM clinic_break WHERE location_id = %(location)s),
    (SELECT sum(hashtextextended(concat(id, ' ', version), 0)) FROM clinic_extrahours
     WHERE location_id = %(location)s),
    (SELECT sum(hashtextextended(concat(id, ' ', version), 0)) FROM clinic_closure
     WHERE location_id = %(location)s AND starts_at < %(end)s AND ends_at > %(start)s),
    (SELECT sum(hashtextextended(concat(o.id, ' ', o.version), 0)) FROM clinic_timeoff o
     JOIN clinic_practitioner p ON p.id = o.practitioner_id JOIN clinic_membership m ON m.user_id = p.user_id
     WHERE m.location_id = %(location)s AND o.starts_at < %(end)s AND o.ends_at > %(start)s),
    (SELECT sum(hashtextextended(concat(p.id, ' ', p.version), 0)) FROM clinic_practitioner p
     JOIN clinic_membership m ON m.user_id = p.user_id WHERE m.location_id = %(location)s))
"""
