"""Free time, in one SQL statement; slots and bookings are judged by the same one.

Working time is a multirange: the location's weekly hours without its breaks, with its extra hours; cut to the
practitioner's own hours where they have any there, without their breaks, with their own extra hours; cut to the days of
their qualification, minus closures, minus time off. Minus what is booked, with its buffers, it is what is free.
Everything is half-open. Wall-clock times become instants in Python before they come to the statement.
"""

from plans.scheduling.availability.frames import (
    Buffers,
    Frame,
    VisitLength,
    frame_document,
    frame_from,
    frame_of,
    off_hours_of,
)
from plans.scheduling.availability.slots import Request, Verdict, free_slots, slot_documents, verdict
from plans.scheduling.ranking import Preference, Slot

__all__ = [
    "Buffers",
    "Frame",
    "Preference",
    "Request",
    "Slot",
    "Verdict",
    "VisitLength",
    "frame_document",
    "frame_from",
    "frame_of",
    "free_slots",
    "off_hours_of",
    "slot_documents",
    "verdict",
]
