"""Undoing a booking or move takes back what it gave to somebody on the waitlist: they wait again."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from clinic.locking import lock_all
from plans.scheduling.models import OPEN_STATUSES, VisitKind, WaitlistEntry

Status = WaitlistEntry.Status


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
            entry.save(update_fields=["status", "appointment", "settled_at", "updated_at"])
