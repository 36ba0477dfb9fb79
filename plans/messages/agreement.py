"""What stands planned about one subject, against what is asked for now: values in, values out (docs/adr/0019)."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from plans.messages import rules
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.policy import PlannedMail
from plans.messages.rules import Ending

Status = PatientMessage.Status

LIFTED = frozenset(
    {rules.NOT_SENT_HERE, rules.ON_HOLD, rules.NOT_TO_COME, rules.NOT_OWED, rules.ANSWERED, rules.TOLD_ALREADY}
)
"""Why a mail was cancelled that is owed again as soon as that is over. What a person cancelled stays cancelled."""
SAID_ONCE = frozenset({MessageKind.PREPARATION, MessageKind.AFTERCARE})
"""Each says the same again: who was told at a time that is not asked for any more is not told again at another."""
COLUMNS = (
    *("status", "status_reason", "settled_at", "due_at", "not_before", "expires_at", "attempts"),
    *("lease_token", "leased_until", "updated_at"),
)
"""What may change of a row."""


@dataclass(slots=True)
class Agreement:
    """What is to be written: rows whose `COLUMNS` were set anew, and mails without a row, with how they end at once."""

    changed: list[PatientMessage] = field(default_factory=list)
    lacking: list[tuple[PlannedMail, Ending | None]] = field(default_factory=list)


def is_asleep(row: PatientMessage) -> bool:
    """Whether it never left and may come back."""
    match row.status:
        case Status.SUPPRESSED:
            return True
        case Status.EXPIRED:
            return row.status_reason == rules.LATE
        case Status.CANCELLED:
            return row.status_reason in LIFTED
    return False


def agree(
    rows: Collection[PatientMessage],
    mails: Collection[PlannedMail],
    ending: Callable[[PlannedMail], Ending | None],
    now: datetime,
) -> Agreement:
    """Bring `rows`, all there are of these kinds about the subject, in line with `mails`, all that are asked for.

    What has begun, and what a person settled, stays. What is pending moves to its new time, or is
    dropped; what is asleep comes back, if its time is to come; what has no row is planned. What would have left before
    now is not sent late, and nothing is said twice. `ending`: how a mail ends that is planned now.
    """
    found = Agreement()
    standing = {(row.kind, row.offset): row for row in rows}
    asked = {(mail.kind, mail.offset) for mail in mails}
    said = _said_otherwise(rows, asked)
    for mail in sorted(mails, key=lambda mail: mail.due_at):
        row = standing.get((mail.kind, mail.offset))
        if row is None or is_asleep(row):
            outcome = ending(mail)
            if said[mail.kind]:
                said[mail.kind] -= not mail.is_past(now)
                outcome = Ending(Status.CANCELLED, rules.TOLD_ALREADY)
            if row is None:
                found.lacking.append((mail, outcome))
            elif not mail.is_past(now) and _put(row, mail, outcome, now):
                found.changed.append(row)
        elif row.status == Status.PENDING and row.due_at > now:
            # A reminder says how far off the visit is; anything else is as true at the time that it had.
            is_late = mail.is_past(now)
            outcome = Ending(Status.EXPIRED, rules.LATE) if is_late else None
            if not (is_late and mail.kind != MessageKind.REMINDER) and _put(row, mail, outcome, now):
                found.changed.append(row)
    for key, row in standing.items():
        may_leave = row.status == Status.PENDING or (is_asleep(row) and row.due_at > now)
        if key not in asked and may_leave and _drop(row, now):
            found.changed.append(row)
    return found


def _said_otherwise(rows: Collection[PatientMessage], asked: Collection[tuple[str, str]]) -> Counter[str]:
    """Of each kind how often it was said at a time that is not asked for any more."""
    told = [row for row in rows if row.kind in SAID_ONCE and row.status in rules.TOLD]
    return Counter(row.kind for row in told if (row.kind, row.offset) not in asked)


def _put(row: PatientMessage, mail: PlannedMail, ending: Ending | None, now: datetime) -> bool:
    """Let the row say so; whether that changes anything."""
    status, reason = (Status.PENDING, "") if ending is None else (ending.status, ending.reason)
    if (row.status, row.status_reason, row.due_at, row.expires_at) == (status, reason, mail.due_at, mail.expires_at):
        return False
    is_new = row.status != status
    row.due_at = row.not_before = mail.due_at
    row.expires_at = mail.expires_at
    if ending is not None:
        _set(row, rules.settled_as(status, reason, now))
    else:
        columns = rules.settled_as(status, reason, now) | {"settled_at": None}
        _set(row, columns | ({"attempts": 0} if is_new else {}))
    return True


def _drop(row: PatientMessage, now: datetime) -> bool:
    if row.status_reason == rules.NOT_SENT_HERE:
        return False
    _set(row, rules.settled_as(Status.CANCELLED, rules.NOT_SENT_HERE, now))
    return True


def _set(row: PatientMessage, columns: Mapping[str, object]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
