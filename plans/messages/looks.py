"""How a message looks on a screen: its state, and what happened to it (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from clinic.console.badges import Badge, Tone
from plans.messages.models import DeliveryEvent, MessageKind, PatientMessage

Status = PatientMessage.Status
Kind = DeliveryEvent.Kind

STATES = {
    Status.PENDING: Badge(Tone.NEUTRAL, "Planned", "schedule_send"),
    Status.SENDING: Badge(Tone.BOOKED, "Leaving now", "outgoing_mail"),
    Status.SENT: Badge(Tone.DONE, "Sent"),
    Status.DELIVERED: Badge(Tone.DONE, "Arrived", "mark_email_read"),
    Status.BOUNCED: Badge(Tone.STOP, "Came back", "mail_off"),
    Status.FAILED: Badge(Tone.STOP, "Not sent"),
    Status.UNKNOWN: Badge(Tone.SOON, "Sent? Nobody knows", "help"),
    Status.CANCELLED: Badge(Tone.NEUTRAL, "Cancelled", "cancel"),
    Status.EXPIRED: Badge(Tone.NEUTRAL, "Too late, not sent", "timer_off"),
    Status.SUPPRESSED: Badge(Tone.SOON, "Not sent: no mail to them", "unsubscribe"),
    Status.HANDLED: Badge(Tone.DONE, "Handled by a person", "person_check"),
}
TRIED_AGAIN = Badge(Tone.SOON, "Is tried again", "schedule_send")
EVENTS = {
    Kind.SENT: ("The provider took it", Tone.DONE),
    Kind.DEFERRED: ("The provider is still trying", Tone.SOON),
    Kind.DELIVERED: ("It arrived", Tone.DONE),
    Kind.BOUNCED: ("It came back", Tone.STOP),
    Kind.REJECTED: ("The provider refused it", Tone.STOP),
    Kind.COMPLAINED: ("Reported as spam", Tone.STOP),
    Kind.UNSUBSCRIBED: ("Unsubscribed at the provider", Tone.SOON),
}


def message_badge(message: PatientMessage) -> Badge:
    if message.status == Status.PENDING and message.attempts:
        return TRIED_AGAIN
    return STATES[Status(message.status)]


def message_title(message: PatientMessage) -> str:
    """“Reminder, 1 day before”, “Aftercare, 1 hour after”."""
    kind = str(MessageKind(message.kind).label)
    return f"{kind}, {in_words(message.kind, message.offset)}" if message.offset else kind


def in_words(kind: str, offset: str) -> str:
    """The offset of a mail of `kind`: “7 days before”, “1 hour after”, “again”; empty for none."""
    if not offset:
        return ""
    if kind == MessageKind.ESCALATION:
        return "again"
    number, unit = offset.strip("PTDH"), "hour" if offset.endswith("H") else "day"
    side = "after" if kind == MessageKind.AFTERCARE else "before"
    return f"{number} {unit}{'' if number == '1' else 's'} {side}"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a message, or will."""

    at: datetime
    what: str
    tone: Tone
    detail: str = ""


def story(message: PatientMessage, events: Iterable[DeliveryEvent]) -> list[Step]:
    """What happened to a message, in order; what is still to come last."""
    steps = sorted(_steps(message, events), key=lambda step: step.at)
    planned_at = min(message.created_at, *(step.at for step in steps)) if steps else message.created_at
    return [Step(planned_at, "Planned", Tone.NEUTRAL), *steps]


def _steps(message: PatientMessage, events: Iterable[DeliveryEvent]) -> Iterator[Step]:
    status, tries = Status(message.status), message.attempts
    if message.sending_at is not None:
        yield Step(message.sending_at, "Began to leave", Tone.BOOKED, f"Try {tries}" if tries > 1 else "")
    if status == Status.PENDING:
        if tries:
            detail = message.failure
            yield Step(
                message.updated_at, "Not taken" if tries == 1 else f"Not taken, {tries} times", Tone.SOON, detail
            )
        again = "Is tried again" if tries else "Is due"
        yield Step(max(message.due_at, message.not_before), again, Tone.NEUTRAL)
    elif status not in (Status.SENDING, Status.DELIVERED, Status.BOUNCED) and message.settled_at is not None:
        word = {
            Status.SENT: "The mail server took it",
            Status.FAILED: "Not sent" if tries < 2 else f"Not sent after {tries} tries",
            Status.UNKNOWN: "No answer: it may have arrived, or not",
        }.get(status, STATES[status].word)
        why = list(dict.fromkeys(filter(None, (message.status_reason, message.failure))))
        yield Step(message.settled_at, word, STATES[status].tone, " ".join(why))
    for event in events:
        what, tone = EVENTS[Kind(event.kind)]
        yield Step(event.happened_at, what, tone, event.detail)
