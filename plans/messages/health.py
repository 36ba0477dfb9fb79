"""Whether mail flows: how old the oldest due message and the last pass are, and whether broker and mail server answer.

Liveness is the age of the last delivery pass, not a ping. None of this takes the web offline: it has its own address.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Count, Min
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from clinic import clock
from clinic.doctor import Finding
from clinic.health import gauge
from clinic.nudging import impatient_connection
from plans.messages.delivery import LONGEST_BACKOFF_SECONDS
from plans.messages.models import DeliveryPass, PatientMessage
from plans.messages.queries import STUCK_AFTER
from plans.messages.smtp import MailServer, Unreachable

Status = PatientMessage.Status

OLDEST_DUE_ALARM_SECONDS = STUCK_AFTER.total_seconds()
LAST_PASS_ALARM_SECONDS = 60.0
BROKER_PATIENCE_SECONDS = 1.0
SMTP_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """What was found; `problems` in words, none where all is well. Ages in seconds, None where there is nothing."""

    oldest_due_seconds: float | None
    last_pass_seconds: float | None
    failed: int
    unknown: int
    broker: bool
    smtp: bool
    problems: list[str]

    @property
    def is_well(self) -> bool:
        return not self.problems

    def as_document(self) -> dict[str, object]:
        """The same for `/health/delivery`."""
        return {"status": "ok" if self.is_well else "failing", **asdict(self)}


def measure() -> Health:
    """Look at all of it now. Takes a few seconds at most, when broker and mail server both hang."""
    oldest, last = oldest_due_seconds(), last_pass_seconds()
    counts = needing_a_person()
    broker, smtp = is_broker_reachable(), is_smtp_reachable()
    problems = []
    if oldest is not None and oldest > OLDEST_DUE_ALARM_SECONDS:
        problems.append(f"The oldest message has been due for {oldest:.0f} s.")
    if last is None:
        problems.append("No delivery pass has ever ended.")
    elif last > LAST_PASS_ALARM_SECONDS:
        problems.append(f"The last delivery pass ended {last:.0f} s ago.")
    if not broker:
        problems.append("The broker does not answer.")
    if not smtp:
        problems.append("The mail server cannot be used.")
    return Health(oldest, last, counts[Status.FAILED], counts[Status.UNKNOWN], broker, smtp, problems)


def doctors_finding() -> Finding:
    """What `manage.py doctor` says about delivery; worker and beat are alive if passes end."""
    try:
        last, oldest = last_pass_seconds(), oldest_due_seconds()
    except DatabaseError:
        return Finding("delivery", "unknown: the messages cannot be read", "mend the database first")
    mend = "start a Celery worker and beat, or run `manage.py deliver_due` from cron"
    if last is None:
        return Finding("delivery", "no pass has ever ended", mend)
    state = f"last pass {last:.0f} s ago"
    if last > LAST_PASS_ALARM_SECONDS:
        return Finding("delivery", state, mend)
    if oldest is not None and oldest > OLDEST_DUE_ALARM_SECONDS:
        return Finding("delivery", f"{state}, a message due for {oldest:.0f} s", "look at the worker's log")
    return Finding("delivery", state)


def oldest_due_seconds() -> float | None:
    """How long the message that has waited longest has been due; None where none is due."""
    now = clock.now()
    # What is due and waits out a backoff counts too; the bound on `not_before` keeps to the worker's index.
    due = PatientMessage.objects.filter(
        status=Status.PENDING, due_at__lte=now, not_before__lte=now + timedelta(seconds=2 * LONGEST_BACKOFF_SECONDS)
    )
    oldest: datetime | None = due.aggregate(oldest=Min("due_at"))["oldest"]
    return None if oldest is None else (now - oldest).total_seconds()


def last_pass_seconds() -> float | None:
    """The age of the last delivery pass; None where there has been none."""
    finished_at = DeliveryPass.objects.filter(name="deliver_due").values_list("finished_at", flat=True).first()
    return None if finished_at is None else (clock.now() - finished_at).total_seconds()


def needing_a_person() -> dict[str, int]:
    """How many messages are failed and how many unknown: the front desk's list."""
    counts = PatientMessage.objects.filter(status__in=[Status.FAILED, Status.UNKNOWN]).values_list("status")
    return {Status.FAILED: 0, Status.UNKNOWN: 0, **dict(counts.annotate(Count("pk")))}


def is_broker_reachable() -> bool:
    """Whether the broker answers within a second."""
    with impatient_connection(BROKER_PATIENCE_SECONDS) as connection:
        try:
            connection.default_channel.client.ping()  # type: ignore[attr-defined]  # the Redis transport's channel
        except (OSError, KombuError, RedisError):
            return False
    return True


def is_smtp_reachable() -> bool:
    """Whether the mail server greets within two seconds and lets us sign in."""
    with MailServer() as server:
        try:
            server.connect(SMTP_PATIENCE_SECONDS)
        except Unreachable:
            return False
    return True


@gauge("clinic_message_oldest_due_seconds", "Age of the oldest message that is due and not sent.")
def _oldest_due() -> float:
    return oldest_due_seconds() or 0.0


@gauge("clinic_delivery_pass_age_seconds", "Time since the last delivery pass ended.")
def _last_pass() -> float:
    age = last_pass_seconds()
    return float("inf") if age is None else age


@gauge("clinic_messages_failed", "Messages that failed and wait for a person.")
def _failed() -> float:
    return needing_a_person()[Status.FAILED]


@gauge("clinic_messages_unknown", "Messages whose outcome nobody knows, waiting for a person.")
def _unknown() -> float:
    return needing_a_person()[Status.UNKNOWN]
