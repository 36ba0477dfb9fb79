"""Fields of bodies: JSON types are taken as they are, instants carry an offset, references respect visibility."""

import re
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.fields import empty

from clinic.access.visibility import visible
from clinic.columns import CHOICE_CODES, NUMBER_CODES
from clinic.limits import Number, Range, label_of, not_among, unit_of, without_unit
from clinic.places.wallclock import has_odd_offset
from clinic.text import tidied

FIRST_YEAR, LAST_YEAR = 1800, 2200
"""Beyond these no date means anything here, and adding to it could overflow."""
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"


def is_day(text: str) -> bool:
    """Whether `text` is written YYYY-MM-DD; other spellings of ISO 8601 (by weeks, without hyphens) are not taken."""
    return re.fullmatch(_DAY, text) is not None


def is_instant(text: str) -> bool:
    """Whether `text` is an instant as RFC 3339 writes it, as far as it goes: seconds, offset and time may be absent."""
    return re.fullmatch(f"{_DAY}([Tt ]{_CLOCK})?", text) is not None


class TextField(serializers.CharField):
    """Text without what nobody sees at its ends; a number is not text."""

    def run_validation(self, data: Any = empty) -> Any:
        if self.trim_whitespace and isinstance(data, str):
            data = tidied(data)
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class _Named:
    """Says what is wrong with the name of the field, the value and what is allowed; the codes are DRF's."""

    codes: frozenset[str]

    def run_validation(self, data: Any = empty) -> Any:
        try:
            return super().run_validation(data)  # type: ignore[misc]
        except serializers.ValidationError as error:
            code = str(getattr(error.detail[0], "code", "")) if isinstance(error.detail, list) else ""
            if code not in self.codes:
                raise
            raise serializers.ValidationError(self.refuse(None if data is empty else data), code) from None

    def refuse(self, given: Any) -> str:
        """Why `given` cannot be."""
        raise NotImplementedError

    @property
    def named(self) -> Any:
        """This field, or for an item of a list the list."""
        field: Any = self
        while not field.field_name and field.parent is not None:
            field = field.parent
        return field

    @property
    def called(self) -> str:
        """The label where the shape or the model gives one, or else what the field's name says."""
        name = str(self.named.field_name or "value")
        label = self.named.label
        return label_of(name) if label in (None, name.replace("_", " ").capitalize()) else str(label)


class _NumberField(_Named):
    codes = NUMBER_CODES
    places = 0

    def refuse(self, given: Any) -> str:
        unit = unit_of(self.named.field_name or "")
        limits = Range.between(self.min_value, self.max_value, unit)  # type: ignore[attr-defined]
        return Number(without_unit(self.called), limits, self.places).refuse(given)


class WholeField(_NumberField, serializers.IntegerField):
    """A whole number; its unit stands in its name."""


class DecimalField(_NumberField, serializers.DecimalField):
    """A decimal number; its unit stands in its name."""

    @property
    def places(self) -> int:  # type: ignore[override]
        return self.decimal_places or 0


class ChoiceField(_Named, serializers.ChoiceField):
    """One of a few values; a refusal lists them."""

    codes = CHOICE_CODES

    def refuse(self, given: Any) -> str:
        return not_among(self.called, given, self.choices)


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
        if not isinstance(value, str) or not is_day(value):
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
        if not isinstance(value, str) or not is_instant(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss]±hh:mm")
        return super().to_internal_value(value)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("offset_missing")
        if has_odd_offset(value):
            raise serializers.ValidationError("The offset of an instant is less than 16 hours.", "invalid")
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
