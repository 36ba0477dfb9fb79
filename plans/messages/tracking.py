"""What the mail provider says became of a mail: each event once, in whatever order they come.

The row ends where the strongest of its events puts it: came back, before arrived, before taken. So two events that
overtake each other leave the same row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock
from clinic.mailboxes import is_same_mailbox
from patients.models import Patient
from patients.services import patient_choose_mail, patient_lock, patient_mail_bounced
from plans.messages import rules
from plans.messages.models import DeliveryEvent, PatientMessage

Kind = DeliveryEvent.Kind
Status = PatientMessage.Status

SAYS: Mapping[Kind, PatientMessage.Status] = {
    Kind.SENT: Status.SENT,
    Kind.DEFERRED: Status.SENT,
    Kind.DELIVERED: Status.DELIVERED,
    Kind.COMPLAINED: Status.DELIVERED,
    Kind.UNSUBSCRIBED: Status.DELIVERED,
    Kind.BOUNCED: Status.BOUNCED,
    Kind.REJECTED: Status.BOUNCED,
}
"""What each event says at least."""
STRENGTH: Mapping[Status, int] = {
    Status.PENDING: 0,
    Status.SENDING: 0,
    Status.UNKNOWN: 0,
    Status.SENT: 1,
    Status.DELIVERED: 2,
    Status.BOUNCED: 3,
}
"""A stronger one takes the place of a weaker one. What is not here was settled by a person or never went out."""
CAME_BACK = "It came back."
TAKES_NO_MAIL = "It came back: the address takes no mail."
CLOCKS_DIFFER = timedelta(minutes=5)
"""By at most so much: ours and a provider's."""
UNWANTED: Mapping[Kind, str] = {
    Kind.COMPLAINED: "Reported as spam at the mail provider",
    Kind.UNSUBSCRIBED: "Unsubscribed at the mail provider",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a provider, in our words."""

    provider: str
    id: str
    message: UUID
    kind: DeliveryEvent.Kind
    is_hard: bool
    """The address takes no mail, today or ever."""
    recipient: str
    """Empty where the provider does not say."""
    detail: str
    happened_at: datetime


def delivery_event_record(*, event: Event) -> DeliveryEvent | None:
    """Keep an event and do what follows from it; None where it was told before, or is about no mail that we began.

    A mail of unknown outcome is settled by it. A hard bounce marks the address, if it is still the one that mail goes
    to; a complaint or an unsubscription ends optional mail. Raises `Conflict` (`merged`) where the patient's record
    is being merged: the provider tells it again.
    """
    with recorded(f"Word from {event.provider}"):
        patients = PatientMessage.objects.filter(pk=event.message, sending_at__isnull=False)
        found = patients.values_list("patient", "staff").first()
        if found is None:
            return None
        patient = patient_lock(patient_id=found[0]) if found[0] is not None else None
        message = lock(PatientMessage.objects.all(), event.message)
        if event.recipient and not is_same_mailbox(event.recipient, message.to_address):
            return None
        if DeliveryEvent.objects.filter(provider=event.provider, event_id=event.id).exists():
            return None
        kept = DeliveryEvent.objects.create(
            provider=event.provider,
            event_id=event.id,
            message=message,
            kind=event.kind,
            is_hard=event.is_hard,
            detail=event.detail[:200],
            happened_at=_happened_at(event, message),
        )
        _settle(message, event)
        if patient is not None and message.staff_id is None:
            _follow(patient, message.to_address, event)
        return kept


def _happened_at(event: Event, message: PatientMessage) -> datetime:
    """When it happened, as the provider says; now where that cannot be: nothing became of a mail before it was planned,
    nor will."""
    now = clock.now()
    is_possible = message.created_at - CLOCKS_DIFFER <= event.happened_at <= now + CLOCKS_DIFFER
    return event.happened_at if is_possible else now


def _settle(message: PatientMessage, event: Event) -> None:
    status, said = Status(message.status), SAYS[event.kind]
    if status not in STRENGTH or STRENGTH[said] <= STRENGTH[status]:
        return
    reason = ""
    if said == Status.BOUNCED:
        reason = TAKES_NO_MAIL if event.is_hard else CAME_BACK
    for column, value in rules.settled_as(said, reason, clock.now()).items():
        setattr(message, column, value)
    message.failure = event.detail[:300] if said == Status.BOUNCED else ""
    message.save()


def _follow(patient: Patient, address: str, event: Event) -> None:
    if event.is_hard:
        # From now on the call list names them, so what counts is when we knew.
        patient_mail_bounced(patient_id=patient.pk, address=address, at=clock.now())
    elif event.kind in UNWANTED and is_same_mailbox(patient.mail_address, address):
        patient_choose_mail(patient_id=patient.pk, unwanted_mail=Patient.OptionalMail.values)
