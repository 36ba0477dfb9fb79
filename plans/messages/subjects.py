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
    """How one kind of subject is read: by its key; the columns of `query` are the fields of `facts`.

    A statement that had to wait for a lock sees the locked row as it is now, and every other one as it was before it
    waited. So what is read of other rows is read after `lock`, by a statement of its own; without one `query` locks.
    """

    query: str
    facts: Callable[..., Subject]
    lock: str = ""


VISIT = _Kind(
    """
    SELECT visit.id, visit.kind, visit.status, visit.revision, visit.starts_at, visit.ends_at,
           EXISTS (
             SELECT FROM plans_treatmentplan plan
             WHERE plan.status = 'on_hold' AND plan.id = coalesce(
               (SELECT session.plan_id FROM plans_proceduresession session WHERE session.id = visit.session_id),
               (SELECT follow_up.plan_id FROM plans_followup follow_up WHERE follow_up.id = visit.follow_up_id)
             )
           )
    FROM set_config('lock_timeout', %s, true), plans_appointment visit
    WHERE visit.id = %s
    FOR NO KEY UPDATE OF visit
    """,
    Visit,
)
TREATMENT = _Kind(
    """
    SELECT session.id, session.status, session.performed_at
    FROM set_config('lock_timeout', %s, true), plans_proceduresession session
    WHERE session.id = %s
    FOR NO KEY UPDATE OF session
    """,
    Treatment,
)
RECOVERY = _Kind(
    """
    SELECT check_in.id, check_in.answered_at IS NULL AND check_in.cancelled_at IS NULL,
           (
             SELECT report.acknowledge_by FROM plans_checkinreport report
             WHERE report.check_in_id = check_in.id AND report.acknowledged_at IS NULL
           )
    FROM plans_checkin check_in
    WHERE check_in.id = %s
    """,
    Recovery,
    lock="SELECT FROM set_config('lock_timeout', %s, true), plans_checkin WHERE id = %s"
    " FOR NO KEY UPDATE OF plans_checkin",
)
DEBT = _Kind(
    """
    SELECT follow_up.id,
           follow_up.cancelled_at IS NULL AND NOT EXISTS (
             SELECT FROM plans_appointment visit
             WHERE visit.follow_up_id = follow_up.id
               AND visit.status IN ('booked', 'confirmed', 'arrived', 'fulfilled')
           ),
           (SELECT plan.status FROM plans_treatmentplan plan WHERE plan.id = follow_up.plan_id)
    FROM plans_followup follow_up
    WHERE follow_up.id = %s
    """,
    Debt,
    lock="SELECT FROM set_config('lock_timeout', %s, true), plans_followup WHERE id = %s"
    " FOR NO KEY UPDATE OF plans_followup",
)
OFFER = _Kind(
    """
    SELECT entry.id, entry.status, entry.offers, entry.offered_starts_at
    FROM set_config('lock_timeout', %s, true), plans_waitlistentry entry
    WHERE entry.id = %s
    FOR NO KEY UPDATE OF entry
    """,
    Offer,
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
    if kind.lock:
        cursor.execute(kind.lock, [LOCK_TIMEOUT, key])
        cursor.execute(kind.query, [key])
    else:
        cursor.execute(kind.query, [LOCK_TIMEOUT, key])
    found: tuple[Any, ...] = cursor.fetchone()
    return kind.facts(*found)
