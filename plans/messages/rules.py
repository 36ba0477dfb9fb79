"""Whether a planned mail may still go out: values in, values out. Asked when it is planned, retried and begun."""

from dataclasses import dataclass
from datetime import datetime

from patients.models import Patient
from plans.messages.models import MessageKind, PatientMessage
from plans.scheduling.models import Appointment

Status = PatientMessage.Status

REPLACED = "The visit has changed since."
NOT_TO_COME = "The visit is not to come any more."
STILL_STANDS = "The visit takes place after all."
LATE = "Its time had passed."
NO_EMAIL_WANTED = "The patient wants no email."
NO_ADDRESS = "There is no usable email address."
AWAITED = frozenset({Appointment.Status.BOOKED, Appointment.Status.CONFIRMED})
"""The patient is still to come."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a mail ends that is not sent, and why, in words for the desk."""

    status: PatientMessage.Status
    reason: str

    def columns(self, now: datetime) -> dict[str, object]:
        """What to write to the row: its lease ends with it."""
        return settled_as(self.status, self.reason, now)


def settled_as(status: PatientMessage.Status, reason: str, now: datetime) -> dict[str, object]:
    """The columns of a row whose outcome is `status`, for `reason`."""
    return {
        "status": status,
        "status_reason": reason[:200],
        "settled_at": now,
        "lease_token": None,
        "leased_until": None,
        "updated_at": now,
    }


def why_unreachable(patient: Patient) -> str:
    """Why no mail may go to `patient`; empty where it may."""
    if patient.email_opt_out:
        return NO_EMAIL_WANTED
    return "" if patient.is_reachable_by_email else NO_ADDRESS


def ending(message: PatientMessage, appointment: Appointment, patient: Patient, now: datetime) -> Ending | None:
    """How `message` ends without being sent, given its visit and patient as they are; None where it may go out."""
    if message.appointment_revision != appointment.revision:
        return Ending(Status.CANCELLED, REPLACED)
    if message.kind == MessageKind.CANCELLED:
        if appointment.status != Appointment.Status.CANCELLED:
            return Ending(Status.CANCELLED, STILL_STANDS)
    elif appointment.status not in AWAITED:
        return Ending(Status.CANCELLED, NOT_TO_COME)
    if message.expires_at <= now:
        return Ending(Status.EXPIRED, LATE)
    unreachable = why_unreachable(patient)
    return Ending(Status.SUPPRESSED, unreachable) if unreachable else None
