"""Fields of bodies: JSON types are taken as they are, instants carry an offset, references respect visibility."""

from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers

from clinic.access.visibility import visible

FIRST_YEAR, LAST_YEAR = 1800, 2200
"""Beyond these no date means anything here, and adding to it could overflow."""


class TextField(serializers.CharField):
    """Text; a number is not text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, and nothing that merely looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class DayField(serializers.DateField):
    """An ISO date between 1800 and 2200."""

    default_error_messages = {"out_of_range": f"The year must be {FIRST_YEAR} to {LAST_YEAR}."}

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DD")
        day = super().to_internal_value(value)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("out_of_range")
        return day


class InstantField(serializers.DateTimeField):
    """An RFC 3339 instant with its offset, which is kept as written; goes out in UTC."""

    default_error_messages = {
        "offset_missing": "An instant has an offset, such as 2026-03-02T09:00:00-05:00.",
        "out_of_range": f"The year must be {FIRST_YEAR} to {LAST_YEAR}.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss]±hh:mm")
        return super().to_internal_value(value)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("offset_missing")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("out_of_range")
        return value

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value.astimezone(UTC) if isinstance(value, datetime) else value)


class VisibleRelatedField(serializers.PrimaryKeyRelatedField[Model]):
    """A reference to a row that the caller may see; absent and invisible are refused in the same words."""

    def get_queryset(self) -> QuerySet[Model]:
        rows = super().get_queryset()
        assert rows is not None, "a reference that can be written has a queryset"
        return visible(rows, self.context["request"].user)
