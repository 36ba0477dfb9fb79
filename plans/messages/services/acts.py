"""What a person may do with a message."""

from functools import partial
from uuid import UUID

from django.db import connection, transaction

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import User
from patients.services import patient_lock
from plans.messages import queries, rules
from plans.messages.models import PatientMessage
from plans.messages.nudge import nudge
from plans.messages.subjects import lock_subject

Status = PatientMessage.Status


def message_retry(*, message: PatientMessage) -> PatientMessage:
    """Send a failed or unknown mail again, on a person's word; returns it, pending.

    Raises `InvalidTransition` in any other state, and `Conflict` where it would no longer tell the patient the truth
    or cannot reach them.
    """
    with recorded("Send again"):
        found = message.subject
        with connection.cursor() as cursor:
            subject = lock_subject(cursor, *found) if found is not None else None
        message = lock(PatientMessage.objects.select_related("patient", "staff", "location"), message.pk)
        check_allowed("The message", message.status, "sending it again", PatientMessage.MAY_RETRY)
        now = clock.now()
        facts = rules.Facts(
            kind=message.kind,
            number=message.appointment_revision or message.offer_number,
            expires_at=message.expires_at,
            subject=subject,
            recipient=queries.recipient_of(message),
        )
        ending = rules.ending(facts, now)
        if ending is not None:
            raise Conflict(f"It cannot be sent again. {ending.reason}", code="message_obsolete")
        message.status = Status.PENDING
        message.status_reason = ""
        message.settled_at = None
        message.attempts = 0
        message.not_before = now
        message.save()
        transaction.on_commit(partial(nudge, now), robust=True)
        return message


def message_cancel(*, message: PatientMessage, by: User | None = None, reason: str = "") -> PatientMessage:
    """Do not send a pending mail after all; returns it, cancelled. Raises `InvalidTransition` in any other state.

    It says who did, whatever the reason: so none can read like one of `rules`, which may be lifted later.
    """
    with recorded(reason):
        message = lock(PatientMessage.objects.all(), message.pk)
        check_allowed("The message", message.status, "cancelling it", PatientMessage.MAY_CANCEL)
        said = " ".join(reason.split())
        return _settle(message, Status.CANCELLED, f"Cancelled by {by or 'a person'}{f': {said}' if said else '.'}")


def message_mark_handled(*, message: PatientMessage, note: str = "") -> PatientMessage:
    """Take a failed or unknown mail off the list: somebody saw to it, by phone say. Returns it.

    Raises `InvalidTransition` in any other state.
    """
    with recorded(note):
        message = lock(PatientMessage.objects.all(), message.pk)
        check_allowed("The message", message.status, "marking it as handled", PatientMessage.MAY_HANDLE)
        return _settle(message, Status.HANDLED, note or "Handled by a person.")


def messages_mark_handled(*, patient_id: UUID, note: str = "") -> list[PatientMessage]:
    """Take whatever failed or may not have arrived off the list: somebody told the patient. Returns these messages."""
    with recorded(note):
        patient_lock(patient_id=patient_id)
        waiting = PatientMessage.objects.filter(patient=patient_id, staff=None, status__in=PatientMessage.MAY_HANDLE)
        return [_settle(row, Status.HANDLED, note or "Handled by a person.") for row in lock_all(waiting)]


def _settle(message: PatientMessage, status: PatientMessage.Status, reason: str) -> PatientMessage:
    for column, value in rules.settled_as(status, reason, clock.now()).items():
        setattr(message, column, value)
    message.save()
    return message
