"""Rows of messages, made, locked and written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from clinic.records import uuid7
from plans.messages import rules
from plans.messages.agreement import COLUMNS
from plans.messages.identifiers import message_id
from plans.messages.models import PatientMessage
from plans.messages.nudge import nudge
from plans.messages.policy import PlannedMail
from plans.messages.rules import Ending, Facts, Recipient, Subject
from plans.scheduling.models import Appointment

Status = PatientMessage.Status

MAY_AGREE = (Status.PENDING, Status.CANCELLED, Status.EXPIRED, Status.SUPPRESSED)
"""What a worker has begun it may be recording just now, together with its next one: nobody else waits for those."""


def fate(mail: PlannedMail, recipient: Recipient, now: datetime, subject: Subject | None = None) -> Ending | None:
    """How a mail ends that is planned now; None where it is to be sent."""
    if mail.is_past(now):
        return Ending(Status.EXPIRED, rules.LATE)
    number = getattr(subject, "revision", None)
    return rules.ending(Facts(mail.kind, number, mail.expires_at, subject, recipient), now)


def about_visit(appointment: Appointment) -> dict[str, Any]:
    """The columns of a row about the visit's present revision."""
    return {
        "patient_id": appointment.patient_id,
        "location_id": appointment.location_id,
        "appointment": appointment,
        "appointment_revision": appointment.revision,
    }


def row_of(mail: PlannedMail, about: Mapping[str, Any], ending: Ending | None, now: datetime) -> PatientMessage:
    """The row of a mail, with the columns that say what it is about; it is not saved."""
    key = uuid7()
    row = PatientMessage(
        id=key,
        kind=mail.kind,
        offset=mail.offset,
        due_at=mail.due_at,
        not_before=mail.due_at,
        expires_at=mail.expires_at,
        message_id=message_id(key),
        **about,
    )
    if ending is not None:
        row.status, row.status_reason, row.settled_at = Status(ending.status), ending.reason, now
    return row


def standing(about: Q) -> list[PatientMessage]:
    """The rows about it, those that may change locked until the transaction ends. Two queries."""
    ours = PatientMessage.objects.filter(about, status__in=MAY_AGREE).order_by("pk")
    list(ours.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    return list(PatientMessage.objects.filter(about))


def write(changed: Sequence[PatientMessage], new: Sequence[PatientMessage]) -> int:
    """Save both, in a statement each, and nudge a worker on commit where one is due soon; returns how many."""
    PatientMessage.objects.bulk_update(changed, COLUMNS)
    PatientMessage.objects.bulk_create(new)
    due = [row.due_at for row in (*changed, *new) if row.status == Status.PENDING]
    if due:
        transaction.on_commit(partial(nudge, min(due)), robust=True)
    return len(changed) + len(new)
