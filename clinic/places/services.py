"""Writes locations, rooms, and when they and their people are there."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid
from clinic.limits import not_among
from clinic.locking import lock
from clinic.people.models import Membership, Practitioner, User
from clinic.places.models import Closure, Location, OpeningHours, Room, TimeOff
from clinic.records import Record

R = TypeVar("R", bound=Record)

LOCATION_FIELDS = (
    "name",
    "timezone",
    "street",
    "city",
    "postal_code",
    "country",
    "phone",
    "email",
    "language",
    "slot_minutes",
    "lead_minutes",
    "grace_seconds",
    "position",
)
ROOM_FIELDS = ("name", "modalities", "is_bookable", "position")
OPENING_HOURS_FIELDS = ("weekday", "opens_at", "closes_at", "valid_from", "valid_until")
PERIOD_FIELDS = ("starts_at", "ends_at", "reason")


def location_create(*, by: User, name: str, timezone: str, phone: str, email: str, **fields: Any) -> Location:
    """Open a location, of which `by` becomes manager; `fields` are others of `LOCATION_FIELDS`.

    Raises `Invalid` for a language in which nobody is written to.
    """
    location = Location(name=name, timezone=timezone, phone=phone, email=email, **fields)
    _check_language(location)
    with recorded():
        clean_model(location)
        location.save()
        Membership.objects.create(user=by, location=location, role=Role.MANAGER)
    return location


def location_update(*, location_id: UUID, changes: Mapping[str, Any]) -> Location:
    """Change any of `LOCATION_FIELDS`. Raises `Invalid` for a language in which nobody is written to."""
    with recorded():
        return _changed(lock(Location.objects.all(), location_id), changes, LOCATION_FIELDS)


def room_create(*, location: Location, name: str, **fields: Any) -> Room:
    """Add a room; `fields` are others of `ROOM_FIELDS`."""
    room = Room(location=location, name=name, **fields)
    with recorded():
        clean_model(room)
        room.save()
    return room


def room_update(*, room_id: UUID, changes: Mapping[str, Any]) -> Room:
    """Change any of `ROOM_FIELDS`. Visits that are booked there stay."""
    with recorded():
        return _changed(lock(Room.objects.select_related("location"), room_id), changes, ROOM_FIELDS)


def opening_hours_create(
    *,
    location: Location,
    weekday: int,
    opens_at: time,
    closes_at: time,
    practitioner: Practitioner | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> OpeningHours:
    """Open a location weekly at these wall-clock times; with a practitioner, say when they work there.

    Raises `Invalid` for somebody who does not practise at the location.
    """
    if practitioner is not None and not practises_at(practitioner, location):
        raise Invalid(f"{practitioner} does not practise at {location}.", attr="practitioner")
    hours = OpeningHours(
        location=location,
        practitioner=practitioner,
        weekday=weekday,
        opens_at=opens_at,
        closes_at=closes_at,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    with recorded():
        clean_model(hours)
        hours.save()
    return hours


def opening_hours_update(*, opening_hours_id: UUID, changes: Mapping[str, Any]) -> OpeningHours:
    """Change any of `OPENING_HOURS_FIELDS`. Visits that are booked stay."""
    with recorded():
        hours = lock(OpeningHours.objects.select_related("location", "practitioner__user"), opening_hours_id)
        return _changed(hours, changes, OPENING_HOURS_FIELDS)


def opening_hours_delete(*, opening_hours_id: UUID) -> None:
    with recorded():
        lock(OpeningHours.objects.all(), opening_hours_id).delete()


def closure_create(*, location: Location, starts_at: datetime, ends_at: datetime, reason: str) -> Closure:
    """Close a location for a time. Visits that are booked in it stay, for the front desk to move."""
    closure = Closure(location=location, starts_at=starts_at, ends_at=ends_at, reason=reason)
    with recorded():
        _check_period(closure)
        closure.save()
    return closure


def closure_update(*, closure_id: UUID, changes: Mapping[str, Any]) -> Closure:
    """Change any of `PERIOD_FIELDS`."""
    with recorded():
        return _changed(lock(Closure.objects.select_related("location"), closure_id), changes, PERIOD_FIELDS)


def closure_delete(*, closure_id: UUID) -> None:
    with recorded():
        lock(Closure.objects.all(), closure_id).delete()


def time_off_create(*, practitioner: Practitioner, starts_at: datetime, ends_at: datetime, reason: str = "") -> TimeOff:
    """A practitioner does not work for a time, anywhere. Visits that are booked in it stay."""
    time_off = TimeOff(practitioner=practitioner, starts_at=starts_at, ends_at=ends_at, reason=reason)
    with recorded():
        _check_period(time_off)
        time_off.save()
    return time_off


def time_off_update(*, time_off_id: UUID, changes: Mapping[str, Any]) -> TimeOff:
    """Change any of `PERIOD_FIELDS`."""
    with recorded():
        return _changed(lock(TimeOff.objects.select_related("practitioner__user"), time_off_id), changes, PERIOD_FIELDS)


def time_off_delete(*, time_off_id: UUID) -> None:
    with recorded():
        lock(TimeOff.objects.all(), time_off_id).delete()


def practises_at(practitioner: Practitioner, location: Location) -> bool:
    """Whether this person has the role of a practitioner at `location`."""
    at = Membership.objects.filter(user=practitioner.user_id, location=location, role=Role.PRACTITIONER)
    return at.exists()


def _changed(row: R, changes: Mapping[str, Any], fields: Iterable[str]) -> R:
    for name in fields:
        if name in changes:
            setattr(row, name, changes[name])
    if isinstance(row, Closure | TimeOff):
        _check_period(row)
    else:
        if isinstance(row, Location):
            _check_language(row)
        clean_model(row)
    row.save()
    return row


def _check_language(location: Location) -> None:
    languages = [code for code, _ in settings.LANGUAGES]
    if location.language not in languages:
        raise Invalid(not_among("Language", location.language, languages), code="invalid_choice", attr="language")


def _check_period(period: Closure | TimeOff) -> None:
    if period.ends_at <= period.starts_at:
        raise Invalid("It ends after it starts.", attr="ends_at")
    clean_model(period)
