"""Reads messages: what a user may see, what a visit asks for, what a patient was last told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from clinic.places.models import Location
from plans.messages.models import MessageKind, MessagePolicy, PatientMessage
from plans.messages.policy import DEFAULT_REMINDERS, Reminder
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind

NOTICES = (MessageKind.CONFIRMATION, MessageKind.CHANGED, MessageKind.CANCELLED)
TOLD = PatientMessage.BEGUN | {PatientMessage.Status.HANDLED}
"""The patient may know: the mail may have arrived, or a person saw to it."""


def reminders_of(location_id: UUID, visit_kind: str) -> Sequence[Reminder]:
    """The reminders that a location sends before this kind of visit: its rows for the kind, else its general rows,
    else the default policy. A disabled row counts as a row: a location may send none."""
    return _chosen(MessagePolicy.objects.filter(location=location_id), visit_kind)


def reminders_everywhere() -> Mapping[tuple[UUID, str], Sequence[Reminder]]:
    """The reminders of every location and kind of visit, in two queries."""
    rows: dict[UUID, list[MessagePolicy]] = {key: [] for key in Location.objects.values_list("pk", flat=True)}
    for row in MessagePolicy.objects.all():
        rows[row.location_id].append(row)
    return {(location, kind): _chosen(own, kind) for location, own in rows.items() for kind in VisitKind.values}


def _chosen(policies: Iterable[MessagePolicy], visit_kind: str) -> Sequence[Reminder]:
    own: dict[str, list[MessagePolicy]] = {}
    for row in policies:
        own.setdefault(row.visit_kind, []).append(row)
    chosen = own.get(visit_kind) or own.get("")
    if chosen is None:
        return DEFAULT_REMINDERS
    return [Reminder(row.days_before, row.send_at, row.hours_before) for row in chosen if row.is_enabled]


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient believes about a visit: the newest notice that may have reached them."""

    is_cancelled: bool
    starts_at: datetime
    ends_at: datetime


def last_told(appointment: Appointment) -> Told | None:
    """What the newest notice that has begun to go out said about `appointment`; None where none has."""
    newest = (
        PatientMessage.objects.filter(appointment=appointment, kind__in=NOTICES, status__in=TOLD)
        .order_by("-appointment_revision")
        .values("kind", "appointment_revision")[:1]
    )
    revision = (
        AppointmentRevision.objects.filter(appointment=appointment, number=newest.values("appointment_revision"))
        .annotate(told=newest.values("kind"))
        .values_list("told", "starts_at", "ends_at")
        .first()
    )
    if revision is None:
        return None
    kind, starts_at, ends_at = revision
    return Told(kind == MessageKind.CANCELLED, starts_at, ends_at)


def visits_lacking_reminders(after: datetime, before: datetime | None, limit: int) -> list[UUID]:
    """Keys of up to `limit` awaited visits that start between `after` and `before` (None: ever) and whose present
    revision lacks a reminder that its policy asks for.

    A reminder counts in whatever status; visits of a plan on hold are owed none.
    """
    wanted = [
        (location, kind, reminder.offset)
        for (location, kind), reminders in reminders_everywhere().items()
        for reminder in reminders
    ]
    if not wanted:
        return []
    locations, kinds, offsets = zip(*wanted, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(LACKING, [list(locations), list(kinds), list(offsets), after, before, limit])
        return [row[0] for row in cursor.fetchall()]


LACKING = """
    SELECT visit.id
    FROM plans_appointment visit
    LEFT JOIN plans_proceduresession session ON session.id = visit.session_id
    LEFT JOIN plans_followup follow_up ON follow_up.id = visit.follow_up_id
    LEFT JOIN plans_treatmentplan plan ON plan.id = COALESCE(session.plan_id, follow_up.plan_id)
    JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS wanted (location_id, kind, "offset")
      ON (wanted.location_id, wanted.kind) = (visit.location_id, visit.kind)
    WHERE visit.starts_at > %s
      AND visit.starts_at < coalesce(%s, 'infinity'::timestamptz)
      AND visit.status IN ('booked', 'confirmed')
      AND plan.status IS DISTINCT FROM 'on_hold'
      AND NOT EXISTS (
        SELECT FROM plans_patientmessage message
        WHERE message.appointment_id = visit.id
          AND message.appointment_revision = visit.revision
          AND message.kind = 'reminder'
          AND message."offset" = wanted."offset"
      )
    GROUP BY visit.id
    LIMIT %s
"""
