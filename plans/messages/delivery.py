"""Sends what is due: each mail at most once, and nothing that has become untrue.

A batch is leased under a token. For each mail one short transaction locks its subject, then its row, looks again, and
commits *sending*; only then do its bytes go out, outside any transaction. The transaction that records the outcome of
one mail marks the next one, so that a killed process leaves one mail uncertain and not a batch.
"""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from clinic import clock
from clinic.places.models import Location
from plans.messages import rules
from plans.messages.models import SUBJECTS, DeliveryPass, MessageKind, PatientMessage
from plans.messages.places import places_of
from plans.messages.render import Mail, Place, ascii_address, render
from plans.messages.rules import Ending, Recipient, Subject
from plans.messages.smtp import MESSAGE_SECONDS, Answer, MailServer, Unreachable, Verdict
from plans.messages.subjects import lock_subject

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

BATCH = 25
LEASE = timedelta(seconds=180)
"""How long a batch belongs to the process that leased it."""
RESERVE = timedelta(seconds=15)
"""A mail is begun only if the lease outlives the longest that it can take by this much."""
MAX_ATTEMPTS = 12
"""With the backoff below these span about five hours; then a person has to look."""
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 30, 3600
UNREACHABLE_BACKOFF_SECONDS = 15
LOCKED_BACKOFF_SECONDS = 5
PAUSES_SECONDS = (0.1, 0.5, 1, 2, 4)
LOST = "The process that was sending it ended without recording what became of it."


@dataclass(slots=True)
class Report:
    """What a pass did, in mails."""

    sent: int = 0
    postponed: int = 0
    """To be tried again later."""
    failed: int = 0
    unknown: int = 0
    dropped: int = 0
    """Not sent on purpose: cancelled, expired or suppressed."""
    unreachable: str = ""
    """Why the mail server could not be used; nothing of this is any mail's fault."""
    is_finished: bool = True
    """Nothing that was due is left, as far as this pass could see."""

    def __str__(self) -> str:
        text = (
            f"{self.sent} sent, {self.postponed} to be tried again, {self.failed} failed, {self.unknown} unknown, "
            f"{self.dropped} no longer to be sent"
        )
        return f"{text}. {self.unreachable}" if self.unreachable else f"{text}."


@dataclass(frozen=True, slots=True)
class Leased:
    """One row of a batch."""

    id: UUID
    location_id: UUID
    subject: tuple[str, UUID] | None
    """Its column and key; None: the mail is about its recipient alone."""

    @classmethod
    def of(cls, pk: UUID, location: UUID, *keys: UUID | None) -> "Leased":
        """`keys` of `SUBJECTS`, of which at most one is set."""
        found = [(column, key) for column, key in zip(SUBJECTS, keys, strict=True) if key is not None]
        return cls(pk, location, found[0] if found else None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that belong to this process, under `token`, until `leased_until`; and the places they tell of."""

    token: UUID
    leased_until: datetime
    rows: Sequence[Leased]
    places: Mapping[UUID, Place]


@dataclass(frozen=True, slots=True)
class Begun:
    """A mail whose *sending* is committed: from here on it may have gone out."""

    id: UUID
    attempts: int
    sender: str
    recipient: str
    content: bytes
    note: str = ""
    """What a colleague should know about the mail, whatever becomes of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A begun mail and what became of it, still to be recorded."""

    begun: Begun
    answer: Answer


def deliver_due(*, until: datetime | None = None, limit: int | None = None, seconds: float | None = None) -> Report:
    """One delivery pass: send what is due now, or until `until`; returns what became of it.

    Stops early after `limit` mails, after `seconds`, or when the mail server cannot be reached. Safe to run any number
    of times at once.
    """
    started, began = clock.now(), time.monotonic()
    report = Report(unknown=leases_settle())
    taken = 0
    with MailServer() as server:
        while limit is None or taken < limit:
            batch = _lease(until or clock.now(), BATCH if limit is None else min(BATCH, limit - taken), started)
            if not batch.rows:
                break
            taken += len(batch.rows)
            _deliver(batch, server, report)
            if report.unreachable:
                break
            if seconds is not None and time.monotonic() - began > seconds:
                report.is_finished = False
                break
    pass_record("deliver_due", sent=report.sent)
    return report


def leases_settle() -> int:
    """Call every mail *unknown* whose sender ended without a word; returns how many. It is never sent again blindly."""
    now = clock.now()
    lost = PatientMessage.objects.filter(status=Status.SENDING, leased_until__lt=now)
    return lost.update(**rules.settled_as(Status.UNKNOWN, LOST, now), failure=LOST)


def pass_record(name: str, *, sent: int = 0) -> None:
    """Note that a pass of this name has ended: its age is what liveness means here."""
    DeliveryPass.objects.bulk_create(
        [DeliveryPass(name=name, finished_at=clock.now(), sent=sent)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["finished_at", "sent"],
    )


def _lease(until: datetime, size: int, started: datetime) -> Batch:
    """Up to `size` rows that are due until `until`, longest due first; rows that this pass has tried are left out."""
    now = clock.now()
    token, leased_until = uuid4(), now + LEASE
    with transaction.atomic():
        rows = [
            Leased.of(*row)
            for row in PatientMessage.objects.filter(
                Q(leased_until__isnull=True) | Q(leased_until__lt=now),
                Q(sending_at__isnull=True) | Q(sending_at__lt=started),
                status=Status.PENDING,
                not_before__lte=until,
            )
            .order_by("not_before")
            .select_for_update(skip_locked=True, no_key=True)
            .values_list("id", "location_id", *(f"{column}_id" for column in SUBJECTS))[:size]
        ]
        if rows:
            # By key, not by status: that index would be read whole (docs/reliability.md).
            PatientMessage.objects.filter(pk__in=[row.id for row in rows]).update(
                lease_token=token, leased_until=leased_until
            )
    places = Location.objects.in_bulk({row.location_id for row in rows}) if rows else {}
    return Batch(token, leased_until, rows, places_of(places.values()))


def _deliver(batch: Batch, server: MailServer, report: Report) -> None:
    """Send a batch. What is not begun when the lease runs short or the server goes away is released."""
    outcome: Outcome | None = None
    try:
        for row in batch.rows:
            if clock.now() + timedelta(seconds=MESSAGE_SECONDS) + RESERVE > batch.leased_until:
                report.is_finished = False
                break
            server.connect()
            begun = _hand_over(batch, outcome, row, report)
            outcome = None
            if begun is not None:
                outcome = Outcome(begun, _send(server, begun))
    except Unreachable as error:
        report.unreachable = str(error)
        logger.warning("%s", error)
    finally:  # whatever went wrong: what is known is recorded
        if outcome is not None:
            _record(batch.token, outcome, report)
        _release(batch, UNREACHABLE_BACKOFF_SECONDS if report.unreachable else 0)


def _send(server: MailServer, begun: Begun) -> Answer:
    try:
        return server.send(sender=begun.sender, recipient=begun.recipient, content=begun.content)
    except Unreachable as error:
        return Answer(Verdict.TRANSIENT, str(error))


def _hand_over(batch: Batch, outcome: Outcome | None, row: Leased, report: Report) -> Begun | None:
    """Record the outcome of the mail before and mark this one as *sending*, in one transaction.

    None where this one does not go out: it ended otherwise, somebody else has it, or its subject is locked.
    """
    is_recorded = False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # The subject before the messages: the one lock order (clinic/locking.py).
            subject = lock_subject(cursor, *row.subject) if row.subject is not None else None
            if outcome is not None:
                is_recorded = _write(cursor, batch.token, outcome)
            begun = _begin(cursor, batch, row, subject)
    except (OperationalError, InterfaceError) as error:
        logger.warning("Message %s waits: %s.", row.id, type(error.__cause__ or error).__name__)
        connection.close_if_unusable_or_obsolete()
        if outcome is not None:
            _record(batch.token, outcome, report)
        _postpone(batch.token, row)
        report.postponed += 1
        return None
    if outcome is not None:
        _count(outcome, is_recorded, report)
    if isinstance(begun, Ending):
        if begun.status == Status.FAILED:
            report.failed += 1
        else:
            report.dropped += 1
        return None
    return begun


@dataclass(frozen=True, slots=True)
class Owed:
    """A locked row with what its mail is made from."""

    kind: str
    message_id: str
    number: int | None
    expires_at: datetime
    attempts: int
    link_generation: int | None
    patient_id: UUID | None
    recipient: Recipient

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Owed":
        """From the columns of `LOCK_ROW`."""
        kind, name, number, expires_at, attempts, generation, patient, *recipient = row
        return cls(kind, name, number, expires_at, attempts, generation, patient, Recipient(*recipient))


# Plain SQL, as in `subjects`.
LOCK_ROW = """
    SELECT message.kind, message.message_id, coalesce(message.appointment_revision, message.offer_number),
           message.expires_at, message.attempts, patient.link_generation, message.patient_id,
           coalesce(staff.first_name, patient.first_name),
           coalesce(staff.email, nullif(patient.confidential_email, ''), patient.email),
           CASE WHEN staff.id IS NULL THEN patient.language ELSE location.language END,
           staff.id IS NULL AND patient.email_opt_out,
           staff.id IS NULL AND patient.email_bounced_at IS NOT NULL,
           coalesce(patient.unwanted_mail, '{}'),
           staff.is_active IS NOT FALSE
    FROM plans_patientmessage message
    JOIN clinic_location location ON location.id = message.location_id
    LEFT JOIN patients_patient patient ON patient.id = message.patient_id
    LEFT JOIN clinic_user staff ON staff.id = message.staff_id
    WHERE message.id = %s AND message.lease_token = %s AND message.status = 'pending'
    FOR NO KEY UPDATE OF message
"""
MARK_SENDING = """
    UPDATE plans_patientmessage
    SET status = 'sending', attempts = %s, sending_at = %s, to_address = %s, updated_at = %s
    WHERE id = %s
"""
END = """
    UPDATE plans_patientmessage
    SET status = %s, status_reason = %s, failure = %s, settled_at = %s, lease_token = NULL, leased_until = NULL,
        updated_at = %s
    WHERE id = %s AND lease_token = %s
"""
TRY_AGAIN = """
    UPDATE plans_patientmessage
    SET status = 'pending', not_before = %s, failure = %s, lease_token = NULL, leased_until = NULL, updated_at = %s
    WHERE id = %s AND lease_token = %s
"""


def _begin(cursor: CursorWrapper, batch: Batch, row: Leased, subject: Subject | None) -> Begun | Ending | None:
    """Mark a leased row as *sending* if it still may go out; how it ended if not; None if it is no longer ours."""
    cursor.execute(LOCK_ROW, [row.id, batch.token])
    found = cursor.fetchone()
    if found is None:
        return None
    now = clock.now()
    ready = _prepare(row, Owed.of(found), subject, batch.places[row.location_id], now)
    if isinstance(ready, Ending):
        failure = ready.reason if ready.status == Status.FAILED else ""
        cursor.execute(END, [ready.status.value, ready.reason, failure, now, now, row.id, batch.token])
    else:
        cursor.execute(MARK_SENDING, [ready.attempts, now, ready.recipient, now, row.id])
    return ready


def _prepare(row: Leased, owed: Owed, subject: Subject | None, place: Place, now: datetime) -> Begun | Ending:
    """The mail itself, or how it ends without being sent. A row that cannot be written as a mail blocks no other."""
    ending = rules.ending(rules.Facts(owed.kind, owed.number, owed.expires_at, subject, owed.recipient), now)
    if ending is not None:
        return ending
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    try:
        mail = Mail(
            id=row.id,
            kind=MessageKind(owed.kind),
            message_id=owed.message_id,
            recipient=owed.recipient,
            subject=subject,
            link_generation=owed.link_generation or 0,
            place=place,
            from_address=sender,
            written_at=now,
            patient_id=owed.patient_id,
        )
        rendered = render(mail)
        return Begun(
            id=row.id,
            attempts=owed.attempts + 1,
            sender=ascii_address(sender),
            recipient=ascii_address(owed.recipient.address),
            content=rendered.as_bytes(),
            note=rendered.note,
        )
    except Exception as error:  # noqa: BLE001 whatever is wrong with this one, the next one may be fine
        logger.error("Message %s could not be written (%s).", row.id, type(error).__name__)
        return Ending(Status.FAILED, f"It could not be written ({type(error).__name__}).")


def _record(token: UUID, outcome: Outcome, report: Report) -> None:
    """Record an outcome on its own, through a lock or a restart of the database: not to know is the worst outcome."""
    for pause_seconds in PAUSES_SECONDS:
        try:
            is_recorded = _write_alone(token, outcome)
            break
        except (OperationalError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            time.sleep(pause_seconds)
    else:
        is_recorded = _write_alone(token, outcome)
    _count(outcome, is_recorded, report)


def _write_alone(token: UUID, outcome: Outcome) -> bool:
    with connection.cursor() as cursor:
        return _write(cursor, token, outcome)


def _write(cursor: CursorWrapper, token: UUID, outcome: Outcome) -> bool:
    """Write down what became of a begun mail; False where the lease was lost and somebody called it unknown."""
    now, begun, detail = clock.now(), outcome.begun, outcome.answer.detail
    status = STATUS_AFTER[outcome.answer.verdict]
    if outcome.answer.verdict is Verdict.TRANSIENT and begun.attempts < MAX_ATTEMPTS:
        cursor.execute(TRY_AGAIN, [now + _backoff(begun.attempts), detail, now, begun.id, token])
    else:
        cursor.execute(END, [status.value, (detail or begun.note)[:200], detail, now, now, begun.id, token])
    return cursor.rowcount == 1


STATUS_AFTER = {
    Verdict.ACCEPTED: Status.SENT,
    Verdict.PERMANENT: Status.FAILED,
    Verdict.TRANSIENT: Status.FAILED,
    Verdict.UNKNOWN: Status.UNKNOWN,
}
"""What a verdict ends in, at the last attempt."""


def _count(outcome: Outcome, is_recorded: bool, report: Report) -> None:
    if not is_recorded:
        logger.error("Message %s outlived its lease (%s).", outcome.begun.id, outcome.answer.verdict.value)
        return
    match outcome.answer.verdict:
        case Verdict.ACCEPTED:
            report.sent += 1
        case Verdict.UNKNOWN:
            report.unknown += 1
        case Verdict.TRANSIENT if outcome.begun.attempts < MAX_ATTEMPTS:
            report.postponed += 1
        case _:
            report.failed += 1


def _backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling, an hour at most, spread by a fifth so that a crowd parts."""
    seconds = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))


def _postpone(token: UUID, row: Leased) -> None:
    later = clock.now() + timedelta(seconds=LOCKED_BACKOFF_SECONDS)
    PatientMessage.objects.filter(pk=row.id, lease_token=token, status=Status.PENDING).update(
        lease_token=None, leased_until=None, not_before=later
    )


def _release(batch: Batch, backoff_seconds: float) -> None:
    """Give back what of this batch was not begun."""
    released: dict[str, object] = {"lease_token": None, "leased_until": None}
    if backoff_seconds:
        released["not_before"] = clock.now() + timedelta(seconds=backoff_seconds * random.uniform(0.8, 1.2))
    PatientMessage.objects.filter(
        pk__in=[row.id for row in batch.rows], lease_token=batch.token, status=Status.PENDING
    ).update(**released)
