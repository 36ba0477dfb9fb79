"""Local dates in SQL."""

from datetime import timedelta

from django.db.models import DateField, ExpressionWrapper, F, Func, Value
from django.db.models.expressions import Combinable


class LocalDate(Func):
    """`(instant AT TIME ZONE zone)::date`: the calendar date at a location."""

    template = "((%(expressions)s)::date)"
    arg_joiner = " AT TIME ZONE "
    output_field = DateField()


def days_after(field: str, days: timedelta) -> Combinable:
    """The date so many whole days after the one in `field`."""
    return ExpressionWrapper(F(field) + Value(days.days), output_field=DateField())
