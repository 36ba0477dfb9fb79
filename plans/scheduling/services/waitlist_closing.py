"""How a place on the waitlist ends; and how undoing a booking or move, which gave somebody a time, opens it again."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from clinic import clock
from clinic.locking import lock_all
from plans.messages.rules import NOT_OFFERED
from plans.messages.services import messages_drop
from plans.scheduling.models import OPEN_STATUSES, VisitKind, WaitlistEntry

Status = WaitlistEntry.Status


def entry_save(entry: WaitlistEntry, *fields: str) -> None:
    """Write these columns; the version is counted by the database and known here at once."""
    entry.save(update_fields=[*fields, "updated_at"])
    entry.version += 1


def entry_settle(entry: WaitlistEntry, status: WaitlistEntry.Status, because: str) -> None:
    """They wait no more, and nothing came of it; an offer that was not mailed yet is not mailed."""
    entry.status, entry.settled_at, entry.settled_because = status, clock.now(), because[:300]
    entry_save(entry, "status", "settled_at", "settled_because")
    messages_drop(reason=NOT_OFFERED, waitlist_entry=entry)


def lock_entries_of(appointment_id: UUID) -> list[WaitlistEntry]:
    """Lock the entries that got this visit; before any advisory key is taken."""
    same = WaitlistEntry.objects.filter(status__in=OPEN_STATUSES).filter(
        Q(session=OuterRef("session"))
        | Q(follow_up=OuterRef("follow_up"))
        | Q(patient=OuterRef("patient"), location=OuterRef("location"), kind=VisitKind.CONSULTATION)
        & Q(kind=OuterRef("kind"))
    )
    return lock_all(WaitlistEntry.objects.filter(~Exists(same), appointment=appointment_id, status=Status.BOOKED))


def entries_reopen(entries: list[WaitlistEntry], *, settled_since: datetime) -> None:
    """Those that were booked by the act of then wait as they did before it."""
    for entry in entries:
        if entry.settled_at is not None and entry.settled_at >= settled_since:
            entry.status = Status.OFFERED if entry.offered_at is not None else Status.WAITING
            entry.appointment, entry.settled_at = None, None
            entry_save(entry, "status", "appointment", "settled_at")
