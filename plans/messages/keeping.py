"""What mails said, as long as it is kept."""

from datetime import datetime, timedelta

from plans.messages.models import PatientMessage, SentMail

Status = PatientMessage.Status

KEPT_FOR = timedelta(days=365)
AT_ONCE = 5000
LEFT = PatientMessage.BEGUN | {Status.HANDLED}
"""With a time at which it began: it may have arrived."""


def has_left(message: PatientMessage) -> bool:
    """Whether the patient may have got it."""
    return message.sending_at is not None and message.status in LEFT


def what_was_sent(message: PatientMessage) -> SentMail | None:
    """What `message` said when it left; None where it did not, or that is no longer kept. One query."""
    return SentMail.objects.filter(message=message).first() if has_left(message) else None


def sent_mails_forget(*, now: datetime) -> int:
    """Delete what has been kept for long enough, a part of it where there is much; returns how many there were."""
    old = SentMail.objects.filter(sent_at__lt=now - KEPT_FOR).order_by("sent_at").values("pk")[:AT_ONCE]
    return SentMail.objects.filter(pk__in=old).delete()[0]
