"""The house: wiring, people, places, access, audit, API conventions and the staff console."""

from clinic.celery import app as celery_app

__all__ = ["celery_app"]
