"""Sends what is due: each mail at most once, and nothing that has become untrue.

A batch is leased under a token. For each mail one short transaction locks its subject, then its row, looks again, and
commits *sending*; only then do its bytes go out, outside any transaction. The transaction that records the outcome of
one mail marks the next one, so that a killed process leaves one mail uncertain and not a batch.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from clinic import clock
from clinic.mailboxes import ascii_address
from plans.messages import rules
from plans.messages.leases import BATCH, Batch, Leased, lease, leases_settle, postpone, release
from plans.messages.links import blanked
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.passes import DELIVERY, pass_record
from plans.messages.render import Mail, Place, render
from plans.messages.rules import Ending, Recipient, Subject
from plans.messages.smtp import MESSAGE_SECONDS, Answer, MailServer, Unreachable, Verdict
from plans.messages.subjects import lock_subject

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

RESERVE = timedelta(seconds=15)
"""A mail is begun only if the lease outlives the longest that it can take by this much."""
MAX_ATTEMPTS = 12
"""With the backoff below these span about five hours; then a person has to look."""
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 30, 3600
PAUSES_SECONDS = (0.1, 0.5, 1, 2, 4)


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
    locked: set[UUID] = field(default_factory=set)
    """Those of the postponed whose subject somebody held."""
    is_finished: bool = True
    """Nothing that was due is left, as far as this pass could see."""

    def __str__(self) -> str:
        text = (
            f"{self.sent} sent, {self.postponed} to be tried again, {self.failed} failed, {self.unknown} unknown, "
            f"{self.dropped} no longer to be sent"
        )
        return f"{text}. {self.unreachable}" if self.unreachable else f"{text}."


@dataclass(frozen=True, slots=True)
class Begun:
    """A mail whose *sending* is committed: from here on it may have gone out."""

    id: UUID
    attempts: int
    sender: str
    recipient: str
    content: bytes
    subject: str
    text: str
    """As it is kept: its links are blanked."""
    note: str = ""
    """What a colleague should know about the mail, whatever becomes of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A begun mail and what became of it, still to be recorded."""

    begun: Begun
    answer: Answer

    @property
    def is_tried_again(self) -> bool:
        """Never after a permanent refusal; where the mail server as a whole was at fault, however often it was."""
        is_transient = self.answer.verdict is Verdict.TRANSIENT
        return is_transient and (self.answer.is_servers or self.begun.attempts < MAX_ATTEMPTS)


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
            batch = lease(until, BATCH if limit is None else min(BATCH, limit - taken), started, report.locked)
            if not batch.rows:
                break
            taken += len(batch.rows)
            _deliver(batch, server, report)
            if report.unreachable:
                break
            if seconds is not None and time.monotonic() - began > seconds:
                report.is_finished = False
                break
    pass_record(DELIVERY, sent=report.sent, trouble=report.unreachable)
    return report


def _deliver(batch: Batch, server: MailServer, report: Report) -> None:
    """Send a batch. What is not begun when the lease runs short or the server goes away is released."""
    outcome: Outcome | None = None
    try:
        for row in batch.rows:
            if clock.now() + timedelta(seconds=MESSAGE_SECONDS) + RESERVE > batch.leased_until:
                report.is_finished = False
                break
            server.connect()
            begun, outcome = _next(batch, outcome, row, report), None
            if begun is not None:
                outcome = Outcome(begun, _send(server, begun))
                if outcome.answer.is_servers:
                    raise Unreachable(outcome.answer.detail)
    except Unreachable as error:
        report.unreachable = str(error)
        logger.warning("%s", error)
    finally:  # whatever went wrong: what is known is recorded
        if outcome is not None:
            _record(batch.token, outcome, report)
        release(batch, is_unreachable=bool(report.unreachable))


def _send(server: MailServer, begun: Begun) -> Answer:
    try:
        return server.send(sender=begun.sender, recipient=begun.recipient, content=begun.content)
    except Unreachable as error:
        return Answer(Verdict.TRANSIENT, str(error), is_servers=True)
    except Exception as error:  # nobody knows how far it came; the next one may be fine
        logger.exception("Message %s could not be handed over.", begun.id)
        server.close()
        return Answer(Verdict.UNKNOWN, f"Handing it over failed ({type(error).__name__}).")


def _next(batch: Batch, outcome: Outcome | None, row: Leased, report: Report) -> Begun | None:
    """Record the outcome of the mail before and mark this one as *sending*.

    None where this one does not go out: it ended otherwise, somebody else has it, its subject is locked, or the
    database went away.
    """
    try:
        begun, is_recorded = _hand_over(batch, outcome, row)
    except (DatabaseError, InterfaceError) as error:
        reason = type(error.__cause__ or error).__name__
        is_passing = isinstance(error, (OperationalError, InterfaceError))
        if is_passing:
            connection.close_if_unusable_or_obsolete()
        if outcome is not None:
            _record(batch.token, outcome, report)
        if is_passing:
            logger.warning("Message %s waits: %s.", row.id, reason)
            postpone(batch.token, row)
            report.postponed += 1
            report.locked.add(row.id)
        else:
            logger.error("Message %s could not be begun (%s).", row.id, reason)
            _end_alone(batch.token, row, Ending(Status.FAILED, f"It could not be begun ({reason})."))
            report.failed += 1
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


def _hand_over(batch: Batch, outcome: Outcome | None, row: Leased) -> tuple[Begun | Ending | None, bool]:
    """One transaction: what `_begin` makes of this row, and whether the outcome of the mail before was recorded."""
    is_recorded = False
    with transaction.atomic(), connection.cursor() as cursor:
        # The subject before the messages: the one lock order (clinic/locking.py).
        subject = lock_subject(cursor, *row.subject) if row.subject is not None else None
        if outcome is not None:
            is_recorded = _write(cursor, batch.token, outcome)
        return _begin(cursor, batch, row, subject), is_recorded


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
KEEP = """
    WITH kept AS (
        INSERT INTO plans_sentmail (message_id, subject, text, sent_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (message_id)
        DO UPDATE SET subject = excluded.subject, text = excluded.text, sent_at = excluded.sent_at
    )
"""
"""What it says, with the statement that marks it: one round trip for both."""
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
    SET status = 'pending', not_before = greatest(due_at, %s), attempts = %s, failure = %s, lease_token = NULL,
        leased_until = NULL, updated_at = %s
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
        _end(cursor, batch.token, row, ready)
    else:
        kept = (row.id, ready.subject[:500], ready.text, now)
        cursor.execute(KEEP + MARK_SENDING, (*kept, ready.attempts, now, ready.recipient, now, row.id))
    return ready


def _end(cursor: CursorWrapper, token: UUID, row: Leased, ending: Ending) -> None:
    now = clock.now()
    failure = ending.reason if ending.status == Status.FAILED else ""
    cursor.execute(END, [ending.status.value, ending.reason, failure, now, now, row.id, token])


def _end_alone(token: UUID, row: Leased, ending: Ending) -> None:
    with connection.cursor() as cursor:
        _end(cursor, token, row, ending)


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
            subject=rendered.subject,
            text=blanked(rendered.text),
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
    if outcome.is_tried_again:
        attempts = begun.attempts - 1 if outcome.answer.is_servers else begun.attempts
        cursor.execute(TRY_AGAIN, [now + _backoff(begun.attempts), attempts, detail, now, begun.id, token])
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
        case Verdict.TRANSIENT if outcome.is_tried_again:
            report.postponed += 1
        case _:
            report.failed += 1


def _backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling, an hour at most, spread by a fifth so that a crowd parts."""
    seconds = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))
