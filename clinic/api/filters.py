"""Filters and ordering of lists: declared on the view, refused by name where unknown."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail
from rest_framework.exceptions import ValidationError as Refused
from rest_framework.request import Request

from clinic.api.fields import FIRST_YEAR, LAST_YEAR, is_day, is_instant
from clinic.limits import Number, Range, quoted
from clinic.places.wallclock import has_odd_offset

if TYPE_CHECKING:  # DRF's views read the settings that name this module
    from rest_framework.views import APIView

ORDERING = "ordering"
PAGING = frozenset({"cursor", "page_size"})


class FilterBackend(DjangoFilterBackend):
    """The view's `filterset_class`; a parameter that the list does not know is an error and not silently ignored."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: "APIView") -> QuerySet[Any]:
        self._refuse_unknown(request, queryset, view)
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered

    def _refuse_unknown(self, request: Request, queryset: QuerySet[Any], view: "APIView") -> None:
        filterset = self.get_filterset_class(view, queryset)
        known = set(PAGING | (set(filterset.base_filters) if filterset else set()))
        if getattr(view, "ordering_fields", ()):
            known.add(ORDERING)
        wrong = {
            name: [ErrorDetail(f"Unknown parameter. This list takes: {', '.join(sorted(known))}.", "unknown_parameter")]
            for name in request.query_params
            if name not in known
        }
        wrong |= {
            name: [ErrorDetail(f"{name}: given {len(values)} times; give it once.", "repeated")]
            for name, values in request.query_params.lists()
            if name in known and len(values) > 1
        }
        if wrong:
            raise Refused(wrong)


def ordering_of(request: Request, view: "APIView | None") -> tuple[str, ...]:
    """The fields by which this list is ordered, always ending in the key, so that no two rows are equal.

    Raises ValidationError for a field that the view's `ordering_fields` do not name.
    """
    allowed = tuple(getattr(view, "ordering_fields", ()))
    given = request.query_params.get(ORDERING)
    fields: Iterable[str] = getattr(view, "ordering", ("-pk",))
    if given and allowed:
        fields = given.split(",")
        if not all(field.removeprefix("-") in allowed for field in fields):
            detail = (
                f"{ORDERING}: {quoted(given)} is not possible; allowed is {', '.join(allowed)}, with commas between "
                "several and a minus in front to turn one round."
            )
            raise Refused({ORDERING: [ErrorDetail(detail, "invalid_choice")]})
    ordering = tuple(dict.fromkeys(fields))
    return ordering if {"pk", "-pk"} & set(ordering) else (*ordering, "pk")


class FilterSet(django_filters.FilterSet):
    """Base of every list's filters: declare each filter by name. A value that a filter cannot take is refused."""

    def get_form_class(self) -> type[forms.Form]:
        fields = {name: _strict(one.field) for name, one in self.filters.items()}
        return type("FilterForm", (FilterForm,), fields)


class FilterForm(forms.Form):
    """Refuses with the name of the parameter, its value and what is allowed."""

    def add_error(self, field: str | None, error: Any) -> None:
        if field in self.fields and isinstance(error, ValidationError):
            error = ValidationError([self._said(field, one) for one in error.error_list])
        super().add_error(field, error)

    def _said(self, name: str, error: ValidationError) -> ValidationError:
        field, given = self.fields[name], self.data.get(name)
        if isinstance(field, forms.ChoiceField):
            given = (error.params or {}).get("value", given)
            # django-filter's own first choice is the empty one, and its way to say “none” is not offered.
            allowed = ", ".join(str(value) for value, _ in cast(Any, field.choices) if value not in ("", None, "null"))
        elif isinstance(field, forms.DecimalField):
            return ValidationError(
                Number(name, Range.between(cast(Any, field.min_value), cast(Any, field.max_value))).refuse(given),
                error.code,
            )
        else:
            allowed = next((words for kind, words in _ALLOWED.items() if isinstance(field, kind)), "")
        if not allowed:
            return error
        return ValidationError(f"{name}: {quoted(given)} is not possible; allowed is {allowed}.", error.code)


class IdFilter(django_filters.UUIDFilter):
    """Rows that refer to the row with this id; an id that is absent or not visible finds nothing."""


class ChoicesFilter(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """One or several of a field's values, with commas between."""


class FlagField(forms.Field):
    """true or false."""

    def to_python(self, value: str | None) -> bool | None:
        if not value:
            return None
        if value.lower() not in ("true", "false"):
            raise ValidationError("No flag.", "invalid")
        return value.lower() == "true"


class DayField(forms.Field):
    """A date, YYYY-MM-DD."""

    def to_python(self, value: str | None) -> date | None:
        if not value:
            return None
        try:
            day = parse_date(value) if is_day(value) else None
        except ValueError:
            day = None
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError("No date.", "invalid")
        return day


class InstantField(forms.Field):
    """RFC 3339 with its offset; an offset's `+` that arrived unescaped, as a space, is understood."""

    default_error_messages = {"invalid": "An instant has an offset, such as 2026-03-02T09:00:00-05:00."}

    def to_python(self, value: str | None) -> datetime | None:
        if not value:
            return None
        written = re.sub(r" (?=\d\d:\d\d$)", "+", value)
        try:
            instant = parse_datetime(written) if is_instant(written) else None
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or has_odd_offset(instant):
            raise ValidationError(self.error_messages["invalid"], "invalid")
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], "invalid")
        return instant


class InstantFilter(django_filters.Filter):
    """An instant, RFC 3339 with offset."""

    field_class = InstantField


_ALLOWED: Mapping[type[forms.Field], str] = {
    FlagField: "true, false",
    DayField: f"a date such as 2026-03-02, from {FIRST_YEAR} to {LAST_YEAR}",
    InstantField: f"an instant with its offset such as 2026-03-02T09:00:00-05:00, from {FIRST_YEAR} to {LAST_YEAR}",
    forms.UUIDField: "an id such as 0195f4a2-7c1e-7000-8000-000000000000",
}


def _strict(field: forms.Field) -> forms.Field:
    """The field of a filter without Django's leniency, to which what is no flag is no filter."""
    if isinstance(field, forms.NullBooleanField):
        return FlagField(label=field.label, required=False)
    if isinstance(field, forms.DateField):
        return DayField(label=field.label, required=False)
    return field
