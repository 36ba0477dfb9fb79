"""Local dates and times in SQL: `LocalDate("starts_at", "location__timezone")`."""

from typing import Any

from django.db.models import DateField, DateTimeField, Field, Func, IntegerField, TimeField


class LocalMoment(Func):
    """`instant AT TIME ZONE zone`: date and time on the wall, without a zone."""

    template = "(%(expressions)s)"
    arg_joiner = " AT TIME ZONE "
    output_field: Field[Any, Any] = DateTimeField()


class LocalDate(LocalMoment):
    """The calendar date at a location."""

    template = "((%(expressions)s)::date)"
    output_field = DateField()


class LocalTime(LocalMoment):
    """What clocks at a location show."""

    template = "((%(expressions)s)::time)"
    output_field = TimeField()


class LocalWeekday(LocalMoment):
    """The ISO weekday at a location; Monday is 1."""

    template = "(extract(isodow FROM (%(expressions)s))::int)"
    output_field = IntegerField()
