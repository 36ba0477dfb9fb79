"""Filters and ordering of lists: declared on the view, refused by name where unknown."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail
from rest_framework.exceptions import ValidationError as Refused
from rest_framework.request import Request

from clinic.api.fields import FIRST_YEAR, LAST_YEAR

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
            detail = f"A list is ordered by {', '.join(allowed)}; a minus in front turns it round."
            raise Refused({ORDERING: [ErrorDetail(detail, "invalid_choice")]})
    ordering = tuple(dict.fromkeys(fields))
    return ordering if {"pk", "-pk"} & set(ordering) else (*ordering, "pk")


class FilterSet(django_filters.FilterSet):
    """Base of every list's filters: declare each filter by name."""


class IdFilter(django_filters.UUIDFilter):
    """Rows that refer to the row with this id; an id that is absent or not visible finds nothing."""


class ChoicesFilter(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """One or several of a field's values, with commas between."""


class InstantField(forms.Field):
    """RFC 3339 with its offset; an offset's `+` that arrived unescaped, as a space, is understood."""

    default_error_messages = {"invalid": "An instant has an offset, such as 2026-03-02T09:00:00-05:00."}

    def to_python(self, value: str | None) -> datetime | None:
        if not value:
            return None
        try:
            instant = parse_datetime(re.sub(r" (?=\d\d:\d\d$)", "+", value))
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise ValidationError(self.error_messages["invalid"], "invalid")
        return instant


class InstantFilter(django_filters.Filter):
    """An instant, RFC 3339 with offset."""

    field_class = InstantField
