"""Whether mail flows: the age of the oldest due message and of the last passes, and whether broker and mail server
answer.

Liveness is the age of the last delivery pass, not a ping. None of this takes the web offline: it has its own address.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from clinic import clock
from clinic.doctor import Finding
from clinic.health import gauge
from clinic.nudging import impatient_connection
from plans.messages.models import PatientMessage
from plans.messages.passes import DELIVERY, SWEEP, Ended, passes_ended
from plans.messages.queries import STUCK_AFTER
from plans.messages.smtp import MailServer, Unreachable

Status = PatientMessage.Status

OLDEST_DUE_ALARM_SECONDS = STUCK_AFTER.total_seconds()
LAST_PASS_ALARM_SECONDS = 60.0
LAST_SWEEP_ALARM_SECONDS = 300.0
"""The beat asks for one every minute; nothing else does."""
BROKER_PATIENCE_SECONDS = 1.0
SMTP_PATIENCE_SECONDS = 2.0
QUEUE = "celery"


@dataclass(frozen=True, slots=True)
class Health:
    """What was found; `problems` in words, none where all is well. Ages in seconds, None where there is nothing."""

    oldest_due_seconds: float | None
    last_pass_seconds: float | None
    last_sweep_seconds: float | None
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
    oldest, passes = oldest_due_seconds(), passes_ended()
    last, sweep = _age(passes, DELIVERY), _age(passes, SWEEP)
    counts = needing_a_person()
    broker, smtp = is_broker_reachable(), is_smtp_reachable()
    problems = []
    if oldest is not None and oldest > OLDEST_DUE_ALARM_SECONDS:
        problems.append(f"The oldest message has been due for {oldest:.0f} s.")
    if last is None:
        problems.append("No delivery pass has ever ended.")
    elif last > LAST_PASS_ALARM_SECONDS:
        problems.append(f"The last delivery pass ended {last:.0f} s ago.")
    if sweep is None:
        problems.append("No sweep has ever ended.")
    elif sweep > LAST_SWEEP_ALARM_SECONDS:
        problems.append(f"The last sweep ended {sweep:.0f} s ago.")
    elif passes[SWEEP].trouble:
        problems.append(passes[SWEEP].trouble)
    if not broker:
        problems.append("The broker does not answer.")
    if not smtp:
        problems.append("The mail server cannot be used.")
    return Health(oldest, last, sweep, counts[Status.FAILED], counts[Status.UNKNOWN], broker, smtp, problems)


@dataclass
class _Watch:
    """What this process found last. Each look opens the mail server, so strangers who ask often get the same answer."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    found: Health | None = None
    looked_at: float = 0.0

    def health(self) -> Health:
        if self.found is not None and self._is_fresh():
            return self.found
        if not self.lock.acquire(blocking=self.found is None):
            assert self.found is not None
            return self.found
        try:
            if self.found is None or not self._is_fresh():
                self.found = measure()
                self.looked_at = time.monotonic()
            return self.found
        finally:
            self.lock.release()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self.looked_at < settings.DELIVERY_HEALTH_SECONDS


_watch = _Watch()


def seen_lately() -> Health:
    """As `measure`, at most `DELIVERY_HEALTH_SECONDS` old, or what there was before the look that is under way."""
    return _watch.health()


@dataclass(frozen=True, slots=True)
class Standstill:
    """One reason why mail does not leave or soon will not, and what to do, for whoever looks after the service."""

    what: str
    remedy: str


def standstills() -> list[Standstill]:
    """Why mail does not flow, by what the passes left behind. Two queries where it does; the broker is asked only where
    passes stay away."""
    try:
        passes = passes_ended()
        oldest = oldest_due_seconds()
    except DatabaseError:
        return []
    found = []
    last, sweep = passes.get(DELIVERY), passes.get(SWEEP)
    if last is None or last.age_seconds > LAST_PASS_ALARM_SECONDS:
        found.append(_why_no_pass())
    elif last.trouble:
        found.append(
            Standstill(
                last.trouble,
                "Look whether the mail server runs and whether EMAIL_URL and DEFAULT_FROM_EMAIL are right.",
            )
        )
    elif sweep is None or sweep.age_seconds > LAST_SWEEP_ALARM_SECONDS:
        found.append(
            Standstill(
                "Nobody asks for mail that falls due later, such as reminders: the clock service stands still.",
                "Start the service `beat`.",
            )
        )
    elif sweep.trouble:
        found.append(Standstill(sweep.trouble, "Look at the log of the service `worker`; mail that is due leaves."))
    if oldest is not None and oldest > OLDEST_DUE_ALARM_SECONDS and not found:
        found.append(
            Standstill(
                "Mail leaves, but some of it waits: the mail server puts it off, or there is more than it takes.",
                "Look at the log of the service `worker`; a second worker does no harm.",
            )
        )
    return found


def _why_no_pass() -> Standstill:
    waiting = _tasks_waiting()
    if waiting is None:
        return Standstill(
            "The broker does not answer, so nobody is told to send mail.",
            "Start the service `valkey`; nothing is lost.",
        )
    if waiting:
        return Standstill("Nobody takes the work of sending mail.", "Start the service `worker`.")
    return Standstill("Nobody sends mail.", "Start the services `worker` and `beat`, or run `manage.py deliver_due`.")


def _tasks_waiting() -> int | None:
    """How many tasks nobody has taken yet; None where the broker does not answer."""
    with impatient_connection(BROKER_PATIENCE_SECONDS) as broker:
        try:
            channel: Any = broker.default_channel
            return int(channel.client.llen(QUEUE))
        except (OSError, KombuError, RedisError):
            return None


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
    """How long the message that has waited longest has been due, those being sent included; None where none is due.

    One query, of the first entries of three indexes.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_DUE, {"now": now})
        (oldest,) = cursor.fetchone()
    return None if oldest is None else max(0.0, (now - oldest).total_seconds())


# The first row that may be tried has been due for as long as any that never was put off; those that were, however
# far, stand in an index by when they were due.
OLDEST_DUE = """
    SELECT min(due_at) FROM (
      (SELECT due_at FROM plans_patientmessage
       WHERE status = 'pending' AND not_before <= %(now)s AND due_at <= %(now)s ORDER BY not_before LIMIT 1)
      UNION ALL
      (SELECT due_at FROM plans_patientmessage
       WHERE status = 'pending' AND not_before > due_at AND due_at <= %(now)s ORDER BY due_at LIMIT 1)
      UNION ALL
      (SELECT due_at FROM plans_patientmessage WHERE status = 'sending' AND due_at <= %(now)s)
    ) AS oldest
"""


def last_pass_seconds() -> float | None:
    """The age of the last delivery pass; None where there has been none."""
    return _age(passes_ended(), DELIVERY)


def last_sweep_seconds() -> float | None:
    """The age of the last sweep; None where there has been none."""
    return _age(passes_ended(), SWEEP)


def _age(passes: Mapping[str, Ended], name: str) -> float | None:
    found = passes.get(name)
    return None if found is None else found.age_seconds


def needing_a_person() -> dict[str, int]:
    """How many messages are failed and how many unknown: the front desk's list."""
    counts = PatientMessage.objects.filter(status__in=[Status.FAILED, Status.UNKNOWN]).values_list("status")
    return {Status.FAILED: 0, Status.UNKNOWN: 0, **dict(counts.annotate(Count("pk")))}


def is_broker_reachable() -> bool:
    """Whether the broker answers within a second."""
    return _tasks_waiting() is not None


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


@gauge("clinic_message_sweep_age_seconds", "Time since the last sweep of messages ended; it is the beat that asks.")
def _last_sweep() -> float:
    age = last_sweep_seconds()
    return float("inf") if age is None else age


@gauge("clinic_mail_server_up", "1 while the last delivery pass could use the mail server.")
def _mail_server() -> float:
    found = passes_ended().get(DELIVERY)
    return float(found is not None and not found.trouble)


@gauge("clinic_messages_failed", "Messages that failed and wait for a person.")
def _failed() -> float:
    return needing_a_person()[Status.FAILED]


@gauge("clinic_messages_unknown", "Messages whose outcome nobody knows, waiting for a person.")
def _unknown() -> float:
    return needing_a_person()[Status.UNKNOWN]
