"""What a column allows, read from the model itself, and how a refusal at it is said."""

from decimal import Decimal
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CheckConstraint, DecimalField, Field, IntegerField, Model, Q
from django.utils.text import capfirst

from clinic.errors import Invalid
from clinic.limits import UNBOUNDED, Number, Range, label_of, not_among, unit_of, without_unit

CHOICE_CODES = frozenset({"invalid_choice", "null", "blank", "required"})
NUMBER_CODES = frozenset(
    {
        *("min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits", "max_string_length"),
        *("invalid", "null", "required"),
    }
)
"""The codes with which Django and DRF refuse one of a few values, and a number; the words are ours."""

Bounds = tuple[Decimal, Decimal]
OPEN: Bounds = (-UNBOUNDED, UNBOUNDED)


def name_of(column: "Field[Any, Any]") -> str:
    """What people call `column`: its verbose name where the model gives it one, or what its name says; no unit."""
    given = str(column.verbose_name)
    if given == column.name.replace("_", " "):
        return label_of(column.name)
    return str(capfirst(without_unit(given)))


@cache
def number_of(column: "Field[Any, Any]") -> Number | None:
    """How the column of a number is called and what it allows: its type, validators and its table's CHECK constraints.

    None for a column of anything else, and for one with choices.
    """
    if column.choices or not isinstance(column, DecimalField | IntegerField):
        return None
    found = [_bounds_of(validator) for validator in column.validators]
    places = 0
    if isinstance(column, DecimalField):
        places = column.decimal_places
        largest = Decimal(10) ** (column.max_digits - places) - Decimal(10) ** -places
        found.append((-largest, largest))
    constraints = column.model._meta.constraints if hasattr(column, "model") else ()
    checks = [constraint.condition for constraint in constraints if isinstance(constraint, CheckConstraint)]
    found += [_bounds(check, column.name) or OPEN for check in checks]
    return Number(name_of(column), Range(*_inside(found), unit_of(column.name)), places)


def out_of_range(instance: Model) -> list[Invalid]:
    """One refusal for each number of `instance` that its column does not allow."""
    faults = []
    for column in instance._meta.concrete_fields:
        number, given = number_of(column), getattr(instance, column.attname)
        if number is None or not isinstance(given, Decimal | int) or number.limits.holds(value := Decimal(given)):
            continue
        if value.is_nan():
            code = "invalid"
        else:
            code = MinValueValidator.code if value < number.limits.low else MaxValueValidator.code
        faults.append(Invalid(number.refuse(given), code=code, attr=column.name))
    return faults


def refusal_at(column: "Field[Any, Any]", value: Any, error: ValidationError) -> str:
    """What to tell of `value` in `column`: its name, the value and what is allowed, or what the column itself says."""
    number = number_of(column)
    if column.choices and error.code in CHOICE_CODES:
        return not_among(name_of(column), value, dict(column.flatchoices))
    if number is not None and error.code in NUMBER_CODES:
        return number.refuse(value)
    return " ".join(error.messages)


def _bounds_of(validator: Any) -> Bounds:
    if isinstance(validator, MinValueValidator):
        return Decimal(validator.limit_value), UNBOUNDED
    if isinstance(validator, MaxValueValidator):
        return -UNBOUNDED, Decimal(validator.limit_value)
    return OPEN


def _bounds(condition: Any, name: str) -> Bounds | None:
    """Between which numbers `condition` holds the column `name`; None where it holds it empty."""
    if isinstance(condition, tuple):
        return _bounds_of_lookup(condition[0], condition[1], name)
    if not isinstance(condition, Q) or condition.negated or condition.connector == Q.XOR:
        return OPEN
    parts = [_bounds(child, name) for child in condition.children]
    filled = [part for part in parts if part is not None]
    if condition.connector == Q.OR:
        return (min(low for low, _ in filled), max(high for _, high in filled)) if filled else None
    return _inside(filled) if len(filled) == len(parts) else None


def _bounds_of_lookup(path: str, value: Any, name: str) -> Bounds | None:
    if (path, value) in ((f"{name}__isnull", True), (name, None)):
        return None
    if isinstance(value, Decimal | int | float):
        if path == f"{name}__gte":
            return Decimal(str(value)), UNBOUNDED
        if path == f"{name}__lte":
            return -UNBOUNDED, Decimal(str(value))
    return OPEN


def _inside(parts: list[Bounds]) -> Bounds:
    """What all of `parts` hold."""
    return max(low for low, _ in [OPEN, *parts]), min(high for _, high in [OPEN, *parts])
