"""What lacks a mail that its location's policy asks for: visits, sessions with their check-ins, follow-ups, offers.

A mail counts in whatever status, but for a nudge about what is overdue: one that never left is owed again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from clinic.places.models import Location
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.messages.agreement import LIFTED
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.policy import DAY, Policy, Timing
from plans.messages.queries import policies_of
from plans.messages.rules import GIVEN
from plans.scheduling.models import VisitKind, WaitlistEntry
from plans.treatment.models import TreatmentPlan

Status = PatientMessage.Status


def visits(after: datetime, before: datetime | None, limit: int) -> list[UUID]:
    """Keys of up to `limit` awaited visits that start between `after` and `before` (None: ever) and whose present
    revision lacks a reminder or a preparation that its policy asks for.

    Visits of a plan on hold are owed none.
    """
    wanted = [
        (location, visit_kind, timing.kind.value, timing.offset)
        for (location, visit_kind), policy in _policies().items()
        for timing in policy.timings
        if timing.kind == MessageKind.REMINDER
        or (timing.kind == MessageKind.PREPARATION and visit_kind == VisitKind.SESSION)
    ]
    return _keys(VISITS, wanted, [after, before, limit])


VISITS = """
    SELECT visit.id
    FROM plans_appointment visit
    LEFT JOIN plans_proceduresession session ON session.id = visit.session_id
    LEFT JOIN plans_followup follow_up ON follow_up.id = visit.follow_up_id
    LEFT JOIN plans_treatmentplan plan ON plan.id = COALESCE(session.plan_id, follow_up.plan_id)
    JOIN unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS wanted (location_id, visit_kind, kind, "offset")
      ON (wanted.location_id, wanted.visit_kind) = (visit.location_id, visit.kind)
    WHERE visit.starts_at > %s
      AND visit.starts_at < coalesce(%s, 'infinity'::timestamptz)
      AND visit.status IN ('booked', 'confirmed')
      AND plan.status IS DISTINCT FROM 'on_hold'
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.appointment_id = visit.id
          AND message.appointment_revision = visit.revision
          AND message.kind = wanted.kind
          AND message."offset" = wanted."offset"
      )
    GROUP BY visit.id
    LIMIT %s
"""


def sessions(now: datetime, limit: int) -> list[UUID]:
    """Keys of up to `limit` sessions that were given and lack advice whose time is to come, or has come within a day;
    or of which an open check-in lacks its questions. What it costs follows what was given and is asked of late."""
    timings = [
        (location, timing)
        for (location, visit_kind), policy in _policies().items()
        if visit_kind == VisitKind.SESSION
        for timing in policy.timings
    ]
    advice = [
        (location, timing.offset, _after(timing))
        for location, timing in timings
        if timing.kind == MessageKind.AFTERCARE
    ]
    asking = [(location,) for location, timing in timings if timing.kind == MessageKind.CHECK_IN]
    longest = max((after for *_, after in advice), default=timedelta(0))
    found = _keys(ADVICE, advice, [now - longest - DAY, now, sorted(GIVEN), now - DAY, limit])
    found += _keys(QUESTIONS, asking, [(now - 3 * DAY).date(), sorted(GIVEN), now, limit])
    return list(dict.fromkeys(found))[:limit]


def _after(timing: Timing) -> timedelta:
    return timedelta(hours=timing.hours_after or 0)


# A day more: quiet hours put it off.
ADVICE = """
    SELECT session.id
    FROM plans_proceduresession session
    JOIN plans_treatmentplan plan ON plan.id = session.plan_id
    JOIN unnest(%s::uuid[], %s::text[], %s::interval[]) AS wanted (location_id, "offset", after)
      ON wanted.location_id = plan.location_id
    WHERE session.performed_at > %s AND session.performed_at <= %s
      AND session.status = ANY(%s)
      AND session.performed_at + wanted.after > %s
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.session_id = session.id
          AND message.kind = 'aftercare' AND message."offset" = wanted."offset"
      )
    GROUP BY session.id
    LIMIT %s
"""
# Bounded by a day in no time zone first, for the index.
QUESTIONS = """
    SELECT session.id
    FROM plans_checkin check_in
    JOIN plans_proceduresession session ON session.id = check_in.session_id
    JOIN plans_treatmentplan plan ON plan.id = session.plan_id
    JOIN clinic_location location ON location.id = plan.location_id
    JOIN unnest(%s::uuid[]) AS wanted (location_id) ON wanted.location_id = location.id
    WHERE check_in.answered_at IS NULL AND check_in.cancelled_at IS NULL
      AND check_in.window_end >= %s
      AND session.status = ANY(%s)
      AND check_in.window_end >= (%s::timestamptz AT TIME ZONE location.timezone)::date - 1
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.check_in_id = check_in.id AND message.kind = 'check_in'
      )
    GROUP BY session.id
    LIMIT %s
"""


def follow_ups(limit: int) -> list[UUID]:
    """Keys of up to `limit` follow-ups that are overdue and of which the patient was not told."""
    nudging = [
        location
        for (location, visit_kind), policy in _policies().items()
        if visit_kind == VisitKind.FOLLOW_UP and policy.of_kind(MessageKind.OVERDUE)
    ]
    may_be_booked = Q(plan=None) | Q(plan__status__in=TreatmentPlan.MAY_BOOK)
    never_left = Q(status=Status.CANCELLED, status_reason__in=LIFTED) | Q(status=Status.EXPIRED)
    told = PatientMessage.objects.filter(~never_left, follow_up=OuterRef("pk"))
    owed = with_state(FollowUp.objects.filter(may_be_booked, ~Exists(told), location__in=nudging))
    return list(owed.filter(state=FollowUp.State.OVERDUE).values_list("pk", flat=True)[:limit])


def offers(now: datetime, limit: int) -> list[UUID]:
    """Keys of up to `limit` waitlist entries whose standing offer of a time to come lacks its mail."""
    told = PatientMessage.objects.filter(waitlist_entry=OuterRef("pk"), offer_number=OuterRef("offers"))
    standing = WaitlistEntry.objects.filter(
        ~Exists(told), status=WaitlistEntry.Status.OFFERED, offers__gt=0, offered_starts_at__gt=now
    )
    telling = {of for of, policy in _policies().items() if policy.of_kind(MessageKind.OFFER)}
    rows = standing.order_by("offered_at").values_list("pk", "location_id", "kind")
    return [pk for pk, *of in rows if tuple(of) in telling][:limit]


def _policies() -> dict[tuple[UUID, str], Policy]:
    return policies_of(Location.objects.all())


def _keys(statement: str, wanted: Sequence[tuple[Any, ...]], bounds: Sequence[Any]) -> list[UUID]:
    if not wanted:
        return []
    columns: list[Any] = [list(column) for column in zip(*wanted, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*columns, *bounds])
        return [row[0] for row in cursor.fetchall()]
