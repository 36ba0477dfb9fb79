"""Whether a planned mail may go out: values in, values out. Asked when it is planned, begun and tried again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plans.messages.models import BEFORE_A_VISIT, STAFF_KINDS, MessageKind, PatientMessage
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.treatment.models import ProcedureSession, TreatmentPlan

Status = PatientMessage.Status

REPLACED = "The visit has changed since."
NOT_TO_COME = "The visit is not to come any more."
STILL_STANDS = "The visit takes place after all."
NOT_GIVEN = "The session did not take place."
ANSWERED = "The check-in is answered or no longer asked for."
NOT_OWED = "The follow-up is booked, attended or cancelled."
ON_HOLD = "The course of care is on hold."
NOT_OFFERED = "The offer no longer stands."
SEEN_TO = "Somebody has seen to it."
NOT_SENT_HERE = "The location does not send it any more."
TOLD_ALREADY = "The patient was told already."
LATE = "Its time had passed."
NO_EMAIL_WANTED = "The patient wants no email."
NOT_THIS_KIND = "The patient wants no mail of this kind."
NO_ADDRESS = "There is no usable email address."
NOT_IN_SERVICE = "The colleague no longer works here."
TOLD = PatientMessage.BEGUN | {Status.HANDLED}
"""The patient may know: the mail may have arrived, or a person saw to it."""
AWAITED = frozenset({Appointment.Status.BOOKED, Appointment.Status.CONFIRMED})
"""The patient is still to come."""
GIVEN = frozenset(ProcedureSession.Status) & {"performed", "signed", "amended"}
ASKED_FOR_ALL_THE_SAME = frozenset({MessageKind.LINK})
"""What a patient has just asked for reaches them whatever they do not want otherwise."""


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


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, as it is."""

    id: UUID
    kind: str
    status: str
    revision: int
    starts_at: datetime
    ends_at: datetime
    is_on_hold: bool = False
    """Its course of care is."""

    def against(self, kind: str, number: int | None) -> str:
        """Why a mail of `kind` about its revision `number` would not be true any more; empty where it is."""
        if number != self.revision:
            return REPLACED
        if kind == MessageKind.CANCELLED:
            return "" if self.status == Appointment.Status.CANCELLED else STILL_STANDS
        if self.status not in AWAITED:
            return NOT_TO_COME
        return ON_HOLD if self.is_on_hold and kind in BEFORE_A_VISIT else ""


@dataclass(frozen=True, slots=True)
class Treatment:
    """A session that was given."""

    id: UUID
    status: str
    performed_at: datetime | None

    def against(self, kind: str, number: int | None) -> str:
        return "" if self.performed_at is not None and self.status in GIVEN else NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Recovery:
    """A check-in, and whether it is still asked for, or its red flags still wait."""

    id: UUID
    is_open: bool
    acknowledge_by: datetime | None = None
    """Until when somebody has to see to its red flags; None: it has none, or somebody has."""

    def against(self, kind: str, number: int | None) -> str:
        if kind == MessageKind.ESCALATION:
            return "" if self.acknowledge_by is not None else SEEN_TO
        return "" if self.is_open else ANSWERED


@dataclass(frozen=True, slots=True)
class Debt:
    """A follow-up, and whether it is still to be booked."""

    id: UUID
    is_open: bool
    plan_status: str | None

    def against(self, kind: str, number: int | None) -> str:
        if not self.is_open:
            return NOT_OWED
        return ON_HOLD if self.plan_status == TreatmentPlan.Status.ON_HOLD else ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A time that somebody on the waitlist was told of."""

    id: UUID
    status: str
    number: int
    starts_at: datetime | None
    gives_up: datetime | None = None
    """When the visit is that they have for the same; it moves where they take the offer."""

    def against(self, kind: str, number: int | None) -> str:
        return "" if self.status == WaitlistEntry.Status.OFFERED and number == self.number else NOT_OFFERED


Subject = Visit | Treatment | Recovery | Debt | Offer


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to, and what they do not want."""

    name: str
    address: str
    language: str
    has_opted_out: bool = False
    has_bounced: bool = False
    unwanted: Collection[str] = ()
    """Kinds of mail."""
    is_in_service: bool = True
    """Of a colleague: may still sign in."""

    def why_unreachable(self, kind: str) -> str:
        """Why no mail of `kind` may go to them; empty where it may."""
        if kind in STAFF_KINDS and not self.is_in_service:
            return NOT_IN_SERVICE
        if kind not in ASKED_FOR_ALL_THE_SAME:
            if self.has_opted_out:
                return NO_EMAIL_WANTED
            if kind in self.unwanted:
                return NOT_THIS_KIND
        return "" if self.address and not self.has_bounced else NO_ADDRESS


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a mail may go out: the row, what it is about as it is now, and to whom it goes."""

    kind: str
    number: int | None
    """Of the visit's revision, or of the offer, that the mail tells of."""
    expires_at: datetime
    subject: Subject | None
    recipient: Recipient


def ending(facts: Facts, now: datetime) -> Ending | None:
    """How a mail ends without being sent; None where it may go out."""
    untrue = facts.subject.against(facts.kind, facts.number) if facts.subject is not None else ""
    if untrue:
        return Ending(Status.CANCELLED, untrue)
    if facts.expires_at <= now:
        return Ending(Status.EXPIRED, LATE)
    unreachable = facts.recipient.why_unreachable(facts.kind)
    return Ending(Status.SUPPRESSED, unreachable) if unreachable else None
