"""A made-up mail of each kind, as a location would send it: for previews, test mails and tests (pure)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from plans.messages.identifiers import message_id
from plans.messages.models import MessageKind
from plans.messages.render import Mail, Place
from plans.messages.rules import Debt, Offer, Recipient, Recovery, Subject, Treatment, Visit

NOBODY = UUID("00000000-0000-7000-8000-000000000001")
"""The links of a sample are well made and open nothing."""
NAME, ADDRESS = "Mock", "mock@example.com"
HALF_AN_HOUR = timedelta(minutes=30)


def _visit(kind: MessageKind, at: datetime) -> Subject:
    status = "cancelled" if kind == MessageKind.CANCELLED else "booked"
    return Visit(NOBODY, "follow_up", status, 1, at, at + HALF_AN_HOUR)


SUBJECTS: Mapping[MessageKind, Callable[[MessageKind, datetime], Subject | None]] = {
    MessageKind.CONFIRMATION: _visit,
    MessageKind.REMINDER: _visit,
    MessageKind.CHANGED: _visit,
    MessageKind.CANCELLED: _visit,
    MessageKind.PREPARATION: _visit,
    MessageKind.AFTERCARE: lambda kind, at: Treatment(NOBODY, "performed", at),
    MessageKind.CHECK_IN: lambda kind, at: Recovery(NOBODY, is_open=True),
    MessageKind.OVERDUE: lambda kind, at: Debt(NOBODY, is_open=True, plan_status="active"),
    MessageKind.OFFER: lambda kind, at: Offer(NOBODY, "offered", 1, at),
    MessageKind.LINK: lambda kind, at: None,
    MessageKind.ESCALATION: lambda kind, at: Recovery(NOBODY, is_open=False, acknowledge_by=at),
    MessageKind.STUCK: lambda kind, at: None,
    MessageKind.UNSEEN: lambda kind, at: None,
}


def sample_mail(
    kind: MessageKind,
    place: Place,
    *,
    now: datetime,
    language: str = "en",
    name: str = NAME,
    address: str = ADDRESS,
    from_address: str = ADDRESS,
) -> Mail:
    """A mail of `kind` about next week at 09:30 there, from and to these addresses."""
    local = (now.astimezone(place.zone) + timedelta(days=7)).replace(hour=9, minute=30, second=0, microsecond=0)
    return Mail(
        id=NOBODY,
        kind=kind,
        message_id=message_id(NOBODY),
        recipient=Recipient(name, address, language),
        subject=SUBJECTS[kind](kind, local.astimezone(UTC)),
        link_generation=0,
        place=place,
        from_address=from_address,
        written_at=now,
        patient_id=NOBODY,
    )
