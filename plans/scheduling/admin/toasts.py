"""What a toast says about a visit that was booked, moved or cancelled."""

from clinic.console.toasts import Toast
from plans.scheduling.models import Appointment


def told(words: str, visit: Appointment, *, undo_url: str) -> Toast:
    """A toast about a booking, move or cancellation: when the mail about it leaves, and the way back until then."""
    grace = visit.location.grace_seconds
    is_told = visit.patient.is_reachable_by_email
    at_once = "" if grace else "Mail left at once."
    return Toast(
        words,
        about=str(visit.pk),
        detail=at_once if is_told else "No mail goes out: please tell them.",
        undo_url=undo_url if grace else "",
        seconds=grace,
        waits="Mail leaves in" if is_told else "Can be undone for",
    )
