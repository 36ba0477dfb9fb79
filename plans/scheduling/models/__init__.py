"""Booked time, who waits for a better one, and the feeds that show it to calendar programs."""

from plans.scheduling.models.appointments import (
    LIVE_STATUSES,
    Appointment,
    AppointmentRevision,
    VisitKind,
    VisitType,
)
from plans.scheduling.models.feeds import CalendarFeed
from plans.scheduling.models.waitlist import OPEN_STATUSES, WaitlistEntry

__all__ = [
    "LIVE_STATUSES",
    "OPEN_STATUSES",
    "Appointment",
    "AppointmentRevision",
    "CalendarFeed",
    "VisitKind",
    "VisitType",
    "WaitlistEntry",
]
