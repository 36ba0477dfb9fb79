"""What patients may do themselves, and until when (pure)."""

from datetime import datetime, timedelta

OPEN_FOR = timedelta(days=30)
"""So long after a session its advice can be read, and after its day a check-in be answered."""


LEAD = timedelta(hours=2)
"""Patients are shown no time that is nearer: the desk could not prepare for somebody whom it has not spoken to."""
CHOOSING = timedelta(minutes=30)
"""So long a page with times may lie open before what stands on it comes too near."""


def may_change(starts_at: datetime, hours: int, now: datetime) -> bool:
    """Whether it is early enough before a visit to move or cancel it without calling: `hours` before it, or more."""
    return now < starts_at and now <= starts_at - timedelta(hours=hours)
