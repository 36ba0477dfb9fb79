"""What messages are about, locked and read. Weakly: others may still insert rows that refer to it.

Plain SQL: the ORM would take longer to write these than the server to run them, for every single mail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from plans.messages.rules import Debt, Offer, Recovery, Subject, Treatment, Visit

LOCK_TIMEOUT = "1s"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of subject is read: by its key, from a table; the columns are the fields of `facts`.

    A statement that had to wait for a lock sees the locked row as it is now, and every other one as it was before it
    waited. So where columns are of `others` too, they are read after the lock, by a statement of their own.
    """

    table: str
    columns: str
    facts: Callable[..., Subject]
    others: bool = False

    @property
    def read(self) -> str:
        return f"SELECT {self.columns} FROM {self.table} subject WHERE subject.id = %s"

    def lock(self, columns: str) -> str:
        return (
            f"SELECT {columns} FROM set_config('lock_timeout', %s, true), {self.table} subject"
            " WHERE subject.id = %s FOR NO KEY UPDATE OF subject"
        )


VISIT = _Kind(
    "plans_appointment",
    """
    subject.id, subject.kind, subject.status, subject.revision, subject.starts_at, subject.ends_at,
    EXISTS (
      SELECT FROM plans_treatmentplan plan
      WHERE plan.status = 'on_hold' AND plan.id = coalesce(
        (SELECT session.plan_id FROM plans_proceduresession session WHERE session.id = subject.session_id),
        (SELECT follow_up.plan_id FROM plans_followup follow_up WHERE follow_up.id = subject.follow_up_id)
      )
    )
    """,
    Visit,
)
TREATMENT = _Kind("plans_proceduresession", "subject.id, subject.status, subject.performed_at", Treatment)
RECOVERY = _Kind(
    "plans_checkin",
    """
    subject.id, subject.answered_at IS NULL AND subject.cancelled_at IS NULL,
    (
      SELECT report.acknowledge_by FROM plans_checkinreport report
      WHERE report.check_in_id = subject.id AND report.acknowledged_at IS NULL
    )
    """,
    Recovery,
    others=True,
)
DEBT = _Kind(
    "plans_followup",
    """
    subject.id,
    subject.cancelled_at IS NULL AND NOT EXISTS (
      SELECT FROM plans_appointment visit
      WHERE visit.follow_up_id = subject.id AND visit.status IN ('booked', 'confirmed', 'arrived', 'fulfilled')
    ),
    (SELECT plan.status FROM plans_treatmentplan plan WHERE plan.id = subject.plan_id)
    """,
    Debt,
    others=True,
)
OFFER = _Kind(
    "plans_waitlistentry",
    """
    subject.id, subject.status, subject.offers, subject.offered_starts_at,
    (
      SELECT min(visit.starts_at) FROM plans_appointment visit
      WHERE visit.patient_id = subject.patient_id AND visit.status IN ('booked', 'confirmed', 'arrived')
        AND CASE subject.kind
          WHEN 'session' THEN visit.session_id = subject.session_id
          WHEN 'follow_up' THEN visit.follow_up_id = subject.follow_up_id
          ELSE visit.location_id = subject.location_id AND visit.kind = 'consultation'
        END
    )
    """,
    Offer,
    others=True,
)
KINDS: Mapping[str, _Kind] = {
    "appointment": VISIT,
    "session": TREATMENT,
    "check_in": RECOVERY,
    "follow_up": DEBT,
    "waitlist_entry": OFFER,
}
"""By the column of a message that names it."""


def lock_subject(cursor: CursorWrapper, column: str, key: UUID) -> Subject:
    """The subject that `column` of a message names, locked in this transaction, as it is now.

    Raises `OperationalError` where somebody else holds it for longer than `LOCK_TIMEOUT`.
    """
    kind = KINDS[column]
    if kind.others:
        cursor.execute(kind.lock(""), [LOCK_TIMEOUT, key])
        return read_subject(cursor, column, key)
    cursor.execute(kind.lock(kind.columns), [LOCK_TIMEOUT, key])
    found: tuple[Any, ...] = cursor.fetchone()
    return kind.facts(*found)


def read_subject(cursor: CursorWrapper, column: str, key: UUID) -> Subject:
    """The same to look at: nobody waits for a reader."""
    kind = KINDS[column]
    cursor.execute(kind.read, [key])
    found: tuple[Any, ...] = cursor.fetchone()
    return kind.facts(*found)
