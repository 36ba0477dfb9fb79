"""Filters of the console's lists. Only what is declared can be asked for."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from clinic.access.visibility import LOCATION_PATHS
from clinic.console.reader import reader


class ChoiceFilter(SimpleListFilter):
    """One of a few; an unknown choice is no choice."""

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows for one of `lookups`."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        known = {str(key) for key, _ in self.lookup_choices}
        return self.choose(queryset, value) if value in known else queryset


class LocationFilter(ChoiceFilter):
    """For who works at several locations."""

    title = "location"
    parameter_name = "location"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        self.path = LOCATION_PATHS[model_admin.resource]
        places = reader().locations
        return [(str(place.pk), place.name) for place in places] if len(places) > 1 else []

    def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{str(self.path): value})


def status_filter(title: str, choices: Mapping[str, str] | type, column: str = "status") -> type[ChoiceFilter]:
    """A filter over a stored state; `choices` as a TextChoices has them."""
    pairs = list(choices.items()) if isinstance(choices, Mapping) else list(choices.choices)  # type: ignore[attr-defined]

    class StatusFilter(ChoiceFilter):
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
            return pairs

        def choose(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
            return rows.filter(**{column: value})

    StatusFilter.title = title
    return StatusFilter
