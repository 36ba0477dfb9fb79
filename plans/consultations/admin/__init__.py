"""Consultations and the screening's questions in the console."""

from plans.consultations.admin import consultations, screening

__all__ = ["consultations", "screening"]
