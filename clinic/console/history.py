"""Who changed a row, what, when and why: read from the events that the database's triggers wrote."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models

from clinic.console.reader import reader
from clinic.people.models import User
from clinic.records import Record

NOT_SHOWN = frozenset(
    {"id", "version", "created_at", "updated_at", "phone_digits", "practitioner_busy", "room_busy", "window_rule"}
)
"""Columns that say nothing to a person, or what another one says in words."""
LIMIT = 500
"""Events of one table that are read; the newest ones."""
CHANNELS = {
    "console": "Console",
    "api": "API",
    "system": "The system",
    "patient": "The patient",
    "mail_provider": "The mail provider",
}
VERBS = {"insert": "Added", "update": "Changed", "delete": "Removed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One value that an event set."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, in words."""

    at: datetime
    number: int
    """Its place among the events of its table."""
    who: str
    verb: str
    subject: str
    changes: tuple[Change, ...]
    reason: str


def entries_of(row: Record, related: Mapping[type[Record], str]) -> list[Entry]:
    """The events of `row`, and of rows of the `related` models that point at it by the given column, newest first."""
    of_row = (type(row), list(_events(type(row), pgh_obj_id=row.pk)))
    tables = [of_row, *((model, list(_events(model, **{column: row.pk}))) for model, column in related.items())]
    names = _names_of(event for _, events in tables for event in events)
    entries = [entry for model, events in tables for entry in _told(model, events, names)]
    return sorted(entries, key=lambda entry: (entry.at, entry.number), reverse=True)


def _events(model: type[Record], **of: Any) -> models.QuerySet[Any]:
    events = model.pgh_event_model.objects.filter(**of)  # type: ignore[attr-defined]
    return events.select_related("pgh_context").order_by("-pgh_id")[:LIMIT]


def _told(model: type[Record], events: Iterable[Any], names: Mapping[UUID, str]) -> Iterable[Entry]:
    known: dict[UUID, Any] = {}
    for event in reversed(list(events)):
        before = known.get(event.id)
        known[event.id] = event
        changes = tuple(_changes(model, before, event, names)) if event.pgh_label != "delete" else ()
        if event.pgh_label == "update" and not changes:
            continue
        metadata = event.pgh_context.metadata if event.pgh_context else {}
        yield Entry(
            at=event.pgh_created_at,
            number=event.pgh_id,
            who=_who(metadata, names),
            verb=VERBS.get(event.pgh_label, event.pgh_label),
            subject=str(model._meta.verbose_name),
            changes=changes,
            reason=metadata.get("reason", ""),
        )


def _who(metadata: Mapping[str, Any], names: Mapping[UUID, str]) -> str:
    user = metadata.get("user")
    if user:
        return names.get(UUID(user), "Somebody whose sign-in is gone")
    return CHANNELS.get(metadata.get("channel", ""), "The system")


def _changes(model: type[Record], before: Any, event: Any, names: Mapping[UUID, str]) -> Iterable[Change]:
    for column in model._meta.concrete_fields:
        if column.name in NOT_SHOWN or not hasattr(event, column.attname):
            continue
        new = getattr(event, column.attname)
        old = getattr(before, column.attname) if before is not None else None
        if new == old or (before is None and new in (None, "", [])):
            continue
        yield Change(
            str(column.verbose_name),
            _in_words(column, old, names) if before is not None else "",
            _in_words(column, new, names),
        )


def _in_words(column: Any, value: Any, names: Mapping[UUID, str]) -> str:
    if value in (None, "", []):
        return "nothing"
    if column.is_relation:
        return names.get(value, "another record")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return reader().moment(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    choices = dict(getattr(column, "base_field", column).flatchoices)
    if isinstance(value, list):
        return ", ".join(str(choices.get(item, item)) for item in value)
    return str(choices.get(value, value))


def _names_of(events: Iterable[Any]) -> dict[UUID, str]:
    """What the rows are called that `events` point at, and who made them: one query a table."""
    wanted: dict[type[models.Model], set[UUID]] = {User: set()}
    for event in events:
        user = event.pgh_context.metadata.get("user") if event.pgh_context else None
        if user:
            wanted[User].add(UUID(user))
        for column in event._meta.concrete_fields:
            if column.is_relation and not column.name.startswith("pgh_"):
                value = getattr(event, column.attname)
                if value is not None:
                    wanted.setdefault(column.related_model, set()).add(value)
    names: dict[UUID, str] = {}
    for model, keys in wanted.items():
        if keys:
            rows = model._default_manager.filter(pk__in=keys)
            names |= {row.pk: str(row) for row in rows.select_related(*_for_str(model))}
    return names


def _for_str(model: type[models.Model]) -> list[str]:
    """Relations that a row's name may read: its own foreign keys, and a practitioner's user."""
    found = []
    for column in model._meta.concrete_fields:
        if column.is_relation and not column.null:
            found.append(column.name)
            if column.name == "practitioner":
                found.append("practitioner__user")
    return found
