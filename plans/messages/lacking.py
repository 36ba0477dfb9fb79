"""What lacks a mail that its location's policy asks for, beside visits: sessions with their check-ins, and offers.

A mail counts in whatever status.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from plans.messages.models import MessageKind, PatientMessage
from plans.messages.policy import AFTERCARE_USEFUL_FOR
from plans.messages.queries import policies_everywhere
from plans.messages.rules import GIVEN
from plans.scheduling.models import VisitKind, WaitlistEntry


def sessions(now: datetime, limit: int) -> list[UUID]:
    """Keys of up to `limit` sessions that were given and lack advice which would still be of use, or of which an open
    check-in lacks its questions."""
    wanted = [
        (location.pk, timing.kind.value, timing.offset, timedelta(hours=timing.hours_after or 0))
        for location, policy in policies_everywhere()
        if policy.visit_kind == VisitKind.SESSION
        for timing in (*policy.of_kind(MessageKind.AFTERCARE), *policy.of_kind(MessageKind.CHECK_IN))
    ]
    if not wanted:
        return []
    columns: list[Any] = [list(column) for column in zip(*wanted, strict=True)]
    with connection.cursor() as cursor:
        bounds: list[Any] = [sorted(GIVEN), now, AFTERCARE_USEFUL_FOR, now, now, limit]
        cursor.execute(SESSIONS, columns + bounds)
        return [row[0] for row in cursor.fetchall()]


SESSIONS = """
    WITH wanted AS (
      SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::interval[])
        AS wanted (location_id, kind, "offset", after)
    ), given AS (
      SELECT session.id, session.performed_at, plan.location_id, location.timezone
      FROM plans_proceduresession session
      JOIN plans_treatmentplan plan ON plan.id = session.plan_id
      JOIN clinic_location location ON location.id = plan.location_id
      WHERE session.status = ANY(%s)
    )
    SELECT given.id
    FROM given JOIN wanted ON wanted.location_id = given.location_id
    WHERE wanted.kind = 'aftercare'
      AND given.performed_at + wanted.after > %s - %s
      AND given.performed_at <= %s
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.session_id = given.id AND message.kind = 'aftercare' AND message."offset" = wanted."offset"
      )
    UNION
    SELECT given.id
    FROM plans_checkin check_in
    JOIN given ON given.id = check_in.session_id
    JOIN wanted ON wanted.location_id = given.location_id
    WHERE wanted.kind = 'check_in'
      AND check_in.answered_at IS NULL AND check_in.cancelled_at IS NULL
      AND check_in.window_end >= (%s::timestamptz AT TIME ZONE given.timezone)::date - 1
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.check_in_id = check_in.id AND message.kind = 'check_in'
      )
    LIMIT %s
"""


def offers(now: datetime, limit: int) -> list[UUID]:
    """Keys of up to `limit` waitlist entries whose standing offer of a time to come lacks its mail."""
    wanted = [
        (location.pk, policy.visit_kind)
        for location, policy in policies_everywhere()
        if policy.of_kind(MessageKind.OFFER)
    ]
    told = PatientMessage.objects.filter(waitlist_entry=OuterRef("pk"), offer_number=OuterRef("offers"))
    standing = WaitlistEntry.objects.filter(
        ~Exists(told), status=WaitlistEntry.Status.OFFERED, offers__gt=0, offered_starts_at__gt=now
    )
    rows = standing.order_by("offered_at").values_list("pk", "location_id", "kind")
    return [pk for pk, *of in rows if tuple(of) in wanted][:limit]


def locations_nudging() -> list[UUID]:
    """Where patients are told of what is overdue."""
    return [
        location.pk
        for location, policy in policies_everywhere()
        if policy.visit_kind == VisitKind.FOLLOW_UP and policy.of_kind(MessageKind.OVERDUE)
    ]
