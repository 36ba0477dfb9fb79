"""Whether a planned mail may go out: values in, values out. Asked when it is planned, begun and tried again."""

from dataclasses import dataclass
from datetime import datetime

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


def why_unreachable(*, email: str, has_opted_out: bool, has_bounced: bool) -> str:
    """Why no mail may go to a patient; empty where it may."""
    if has_opted_out:
        return NO_EMAIL_WANTED
    return "" if email and not has_bounced else NO_ADDRESS


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a mail may go out: the row, its visit as it is, and whether the patient can be reached."""

    kind: str
    revision: int | None
    """The revision of the visit that the mail tells of."""
    expires_at: datetime
    visit_status: str
    visit_revision: int
    unreachable: str


def ending(facts: Facts, now: datetime) -> Ending | None:
    """How a mail ends without being sent; None where it may go out."""
    if facts.revision != facts.visit_revision:
        return Ending(Status.CANCELLED, REPLACED)
    if facts.kind == MessageKind.CANCELLED:
        if facts.visit_status != Appointment.Status.CANCELLED:
            return Ending(Status.CANCELLED, STILL_STANDS)
    elif facts.visit_status not in AWAITED:
        return Ending(Status.CANCELLED, NOT_TO_COME)
    if facts.expires_at <= now:
        return Ending(Status.EXPIRED, LATE)
    return Ending(Status.SUPPRESSED, facts.unreachable) if facts.unreachable else None
