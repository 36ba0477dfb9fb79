"""Dates some days apart, in SQL."""

from datetime import timedelta

from django.db.models import DateField, ExpressionWrapper, F, Value
from django.db.models.expressions import Combinable


def days_after(field: str, days: timedelta) -> Combinable:
    """The date so many whole days after the one in `field`."""
    return ExpressionWrapper(F(field) + Value(days.days), output_field=DateField())
