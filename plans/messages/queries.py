"""Reads messages: what a user may see, what a visit asks for, what a patient was last told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from clinic.people.models import User
from plans.messages.models import MessageKind, MessagePolicy, PatientMessage
from plans.messages.policy import DEFAULT_REMINDERS, Reminder
from plans.scheduling.models import Appointment, AppointmentRevision

NOTICES = (MessageKind.CONFIRMATION, MessageKind.CHANGED, MessageKind.CANCELLED)
TOLD = PatientMessage.BEGUN | {PatientMessage.Status.HANDLED}
"""The patient may know: the mail may have arrived, or a person saw to it."""


def visible_to(user: User) -> QuerySet[PatientMessage]:
    """The messages of locations where `user` may see messages."""
    messages = PatientMessage.objects.all()
    if user.is_superuser:
        return messages
    return messages.filter(location__in=user.locations_where("plans.patientmessage", "view"))


def reminders_of(location_id: UUID, visit_kind: str) -> Sequence[Reminder]:
    """The reminders that a location sends before this kind of visit: its rows for the kind, else its general rows,
    else the default policy. A disabled row counts as a row: a location may send none."""
    rows = MessagePolicy.objects.filter(location=location_id, visit_kind__in=[visit_kind, ""])
    own: dict[str, list[MessagePolicy]] = {}
    for row in rows:
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
