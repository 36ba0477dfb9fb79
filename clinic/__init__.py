"""The house: wiring, people, places, access, audit, API conventions and the staff console."""

import gc

# Almost all that a process makes is let go by itself. To look for the rest after every 700 objects, as Python does,
# is a seventh of the time in which a process starts.
gc.set_threshold(50_000, 20, 20)

from clinic.celery import app as celery_app  # noqa: E402 (what is imported from here on is what takes the time)

__all__ = ["celery_app"]
