"""A mail as it would be written now, to look at: nobody can act by it as the patient. What was sent is `SentMail`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import connection

from clinic import clock
from plans.messages import queries
from plans.messages.links import blanked
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.places import places_of
from plans.messages.render import Mail, RenderedMail, render
from plans.messages.rules import Offer, Subject, Visit
from plans.messages.subjects import read_subject
from plans.scheduling.models import Appointment, AppointmentRevision, WaitlistEntry

REVOKED = 0
"""No patient's links are of this generation, so even a link that slipped through opens nothing."""


class NotKept(ValueError):
    """What the mail told of is not known any more."""


def preview(message: PatientMessage) -> RenderedMail:
    """What `message` says, with the facts it was or will be written from. `message` has its relations loaded.

    Its links open nothing. Raises `NotKept` or another `ValueError` where the mail cannot be written.
    """
    recipient = queries.recipient_of(message)
    if message.to_address:
        recipient = replace(recipient, address=message.to_address)
    now = clock.now()
    mail = Mail(
        id=message.pk,
        kind=MessageKind(message.kind),
        message_id=message.message_id,
        recipient=recipient,
        subject=_subject(message),
        link_generation=REVOKED,
        place=places_of([message.location])[message.location_id],
        from_address=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        written_at=message.sending_at or max(now, message.due_at),
        patient_id=message.patient_id,
    )
    written = render(mail)
    return replace(written, html=blanked(written.html), text=blanked(written.text))


def _subject(message: PatientMessage) -> Subject | None:
    if message.subject is None:
        return None
    column, key = message.subject
    with connection.cursor() as cursor:
        found = read_subject(cursor, column, key)
    as_told = AS_TOLD.get(type(found))
    return as_told(found, message) if as_told is not None else found


def _visit(found: Visit, message: PatientMessage) -> Visit:
    """The visit as the revision had it that the mail tells of."""
    number = message.appointment_revision or found.revision
    told = AppointmentRevision.objects.filter(appointment=found.id, number=number).first()
    if told is None:
        return found
    is_off = message.kind == MessageKind.CANCELLED
    return replace(
        found,
        revision=told.number,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        status=Appointment.Status.CANCELLED if is_off else Appointment.Status.BOOKED,
    )


def _offer(found: Offer, message: PatientMessage) -> Offer:
    """The offer as it stood. An entry knows the time of its last offer alone, and until it is answered."""
    if found.number != message.offer_number or found.starts_at is None:
        raise NotKept("the time that was offered")
    return replace(found, status=WaitlistEntry.Status.OFFERED)


AS_TOLD: Mapping[type[Any], Callable[[Any, PatientMessage], Subject]] = {Visit: _visit, Offer: _offer}
