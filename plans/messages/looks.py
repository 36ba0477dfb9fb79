"""How a message's state looks on a screen (pure)."""

from clinic.console.badges import Badge, Tone
from plans.messages.models import MessageKind, PatientMessage

Status = PatientMessage.Status

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


def message_badge(message: PatientMessage) -> Badge:
    return STATES[Status(message.status)]


def message_title(message: PatientMessage) -> str:
    """“Reminder, 1 day before”."""
    kind = str(MessageKind(message.kind).label)
    return f"{kind}, {_before(message.offset)}" if message.offset else kind


def _before(offset: str) -> str:
    number, unit = offset.strip("PTDH"), "hour" if offset.endswith("H") else "day"
    return f"{number} {unit}{'' if number == '1' else 's'} before"
