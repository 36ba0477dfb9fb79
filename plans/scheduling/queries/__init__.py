"""Reads appointments, what a session or follow-up says about its booking, who waits, and who fits a freed time.

What the waitlist asks stands in `queries.waitlist` and `queries.gaps`.
"""

from plans.scheduling.queries.appointments import (
    follow_ups_to_book,
    in_full,
    limits_by_visit,
    neighbours_of,
    off_hours_in_words,
    on_local_date,
    patients_to_book,
    sessions_to_book,
    standing_of,
    subject_of,
    title,
    visits_since,
    visits_to_rebook,
    why_rebook,
    with_fitness,
)

__all__ = [
    "follow_ups_to_book",
    "in_full",
    "limits_by_visit",
    "neighbours_of",
    "off_hours_in_words",
    "on_local_date",
    "patients_to_book",
    "sessions_to_book",
    "standing_of",
    "subject_of",
    "title",
    "visits_since",
    "visits_to_rebook",
    "why_rebook",
    "with_fitness",
]
