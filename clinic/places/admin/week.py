"""The usual week of each location as one table: who works when, by day."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from clinic.console.reader import Reader
from clinic.places.models import Break, Location, OpeningHours, Weekday


@dataclass(frozen=True, slots=True)
class Entry:
    """One weekly period."""

    time: str
    note: str
    """Between which days it holds, where that has an end."""
    url: str
    is_break: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The week of a location, or of one of its practitioners."""

    whose: str
    days: list[tuple[str, list[Entry]]] = field(default_factory=lambda: [(day.label, []) for day in Weekday])


@dataclass(frozen=True, slots=True)
class Week:
    location: Location
    rows: list[Row]
    """The location's own first."""


def weeks(who: Reader) -> list[Week]:
    """The weeks that hold now or later, of the reader's locations that have any: two queries."""
    places = {location.pk: location for location in who.locations}
    to_come = Q(valid_until=None) | Q(valid_until__gte=who.today)
    found: dict[UUID, dict[UUID | None, Row]] = {}
    for model, first, last in ((OpeningHours, "opens_at", "closes_at"), (Break, "starts_at", "ends_at")):
        rows: QuerySet[Any] = model._default_manager.filter(to_come, location__in=places)
        for row in rows.select_related("practitioner__user").order_by("weekday", first):
            of_place = found.setdefault(row.location_id, {None: Row("Open")})
            of_whom = of_place.setdefault(row.practitioner_id, Row(str(row.practitioner)))
            url = reverse(f"admin:clinic_{row._meta.model_name}_change", args=[row.pk])
            starts, valid_from = getattr(row, first), row.valid_from
            holds = validity(valid_from if valid_from and valid_from > who.today else None, row.valid_until)
            text = f"{starts:%H:%M}–{getattr(row, last):%H:%M}"
            of_whom.days[row.weekday - 1][1].append(Entry(text, holds[:1].lower() + holds[1:], url, model is Break))
    return [Week(places[key], list(rows.values())) for key, rows in found.items()]


def validity(first: date | None, last: date | None) -> str:
    """“1 Dec 2026 – 31 Jan 2027”, “From 1 Dec 2026”, “Until 31 Jan 2027”; empty without either."""
    if first and last:
        return f"{_short(first)} – {_short(last)}"
    if first:
        return f"From {_short(first)}"
    return f"Until {_short(last)}" if last else ""


def _short(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
