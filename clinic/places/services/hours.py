"""Writes working time: weekly hours and breaks, extra hours, closures and time off.

Each returns what it wrote and warnings about the booked visits that stand outside working time from then on; a deletion
returns the warnings alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from clinic import clock
from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Invalid, SoftWarning
from clinic.locking import lock
from clinic.people.models import Practitioner
from clinic.people.queries import practises_at
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, TimeOff
from clinic.places.services.changes import HoursChange, hours_changed, hours_held
from clinic.places.wallclock import at_wall_clock
from clinic.words import date_in_full

Warnings = Sequence[SoftWarning]
Hours = OpeningHours | Break | ExtraHours | Closure | TimeOff
H = TypeVar("H", bound=Hours)

OPENING_HOURS_FIELDS = ("weekday", "opens_at", "closes_at", "valid_from", "valid_until")
BREAK_FIELDS = ("weekday", "starts_at", "ends_at", "valid_from", "valid_until")
EXTRA_HOURS_FIELDS = ("on", "opens_at", "closes_at", "reason")
PERIOD_FIELDS = ("starts_at", "ends_at", "reason")


def opening_hours_create(
    *,
    location: Location,
    weekday: int,
    opens_at: time,
    closes_at: time,
    practitioner: Practitioner | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> tuple[OpeningHours, Warnings]:
    """Open a location weekly at these wall-clock times; with a practitioner, say when they work there.

    Raises `Invalid` for somebody who does not practise at the location.
    """
    return _created(
        OpeningHours(
            location=location,
            practitioner=practitioner,
            weekday=weekday,
            opens_at=opens_at,
            closes_at=closes_at,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    )


def opening_hours_update(*, opening_hours_id: UUID, changes: Mapping[str, Any]) -> tuple[OpeningHours, Warnings]:
    """Change any of `OPENING_HOURS_FIELDS`. Visits that are booked stay."""
    with recorded():
        hours = lock(OpeningHours.objects.select_related("location", "practitioner__user"), opening_hours_id)
        return _changed(hours, changes, OPENING_HOURS_FIELDS)


def opening_hours_delete(*, opening_hours_id: UUID) -> Warnings:
    """Take a weekly period away. Visits that are booked stay."""
    with recorded():
        return _deleted(lock(OpeningHours.objects.all(), opening_hours_id))


def break_create(
    *,
    location: Location,
    weekday: int,
    starts_at: time,
    ends_at: time,
    practitioner: Practitioner | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> tuple[Break, Warnings]:
    """A weekly pause of a location, or of a practitioner there. Visits that are booked in it stay.

    Raises `Invalid` for somebody who does not practise at the location.
    """
    return _created(
        Break(
            location=location,
            practitioner=practitioner,
            weekday=weekday,
            starts_at=starts_at,
            ends_at=ends_at,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    )


def break_update(*, break_id: UUID, changes: Mapping[str, Any]) -> tuple[Break, Warnings]:
    """Change any of `BREAK_FIELDS`. Visits that are booked stay."""
    with recorded():
        pause = lock(Break.objects.select_related("location", "practitioner__user"), break_id)
        return _changed(pause, changes, BREAK_FIELDS)


def break_delete(*, break_id: UUID) -> Warnings:
    """Take a break away: its time can be booked."""
    with recorded():
        return _deleted(lock(Break.objects.all(), break_id))


def extra_hours_create(
    *,
    location: Location,
    on: date,
    opens_at: time,
    closes_at: time,
    practitioner: Practitioner | None = None,
    reason: str = "",
) -> tuple[ExtraHours, Warnings]:
    """Open a location on one date at these wall-clock times too; with a practitioner, for them alone.

    Raises `Invalid` for somebody who does not practise at the location, a date that is past there, and a time that the
    clock skips on that date.
    """
    extra = ExtraHours(
        location=location, practitioner=practitioner, on=on, opens_at=opens_at, closes_at=closes_at, reason=reason
    )
    _check_is_to_come(extra)
    return _created(extra)


def extra_hours_update(*, extra_hours_id: UUID, changes: Mapping[str, Any]) -> tuple[ExtraHours, Warnings]:
    """Change any of `EXTRA_HOURS_FIELDS`. Visits that are booked stay. Raises `Invalid` as `extra_hours_create`."""
    with recorded():
        extra = lock(ExtraHours.objects.select_related("location", "practitioner__user"), extra_hours_id)
        if changes.get("on", extra.on) != extra.on:
            _check_is_to_come(ExtraHours(location=extra.location, on=changes["on"]))
        return _changed(extra, changes, EXTRA_HOURS_FIELDS)


def extra_hours_delete(*, extra_hours_id: UUID) -> Warnings:
    """Take extra hours away. Visits that are booked in them stay."""
    with recorded():
        return _deleted(lock(ExtraHours.objects.all(), extra_hours_id))


def closure_create(
    *, location: Location, starts_at: datetime, ends_at: datetime, reason: str
) -> tuple[Closure, Warnings]:
    """Close a location for a time. Visits that are booked in it stay, for the front desk to move."""
    return _created(Closure(location=location, starts_at=starts_at, ends_at=ends_at, reason=reason))


def closure_update(*, closure_id: UUID, changes: Mapping[str, Any]) -> tuple[Closure, Warnings]:
    """Change any of `PERIOD_FIELDS`. Visits that are booked stay."""
    with recorded():
        return _changed(lock(Closure.objects.select_related("location"), closure_id), changes, PERIOD_FIELDS)


def closure_delete(*, closure_id: UUID) -> Warnings:
    """Take a closure away: its time can be booked."""
    with recorded():
        return _deleted(lock(Closure.objects.all(), closure_id))


def time_off_create(
    *, practitioner: Practitioner, starts_at: datetime, ends_at: datetime, reason: str = ""
) -> tuple[TimeOff, Warnings]:
    """A practitioner does not work for a time, anywhere. Visits that are booked in it stay."""
    return _created(TimeOff(practitioner=practitioner, starts_at=starts_at, ends_at=ends_at, reason=reason))


def time_off_update(*, time_off_id: UUID, changes: Mapping[str, Any]) -> tuple[TimeOff, Warnings]:
    """Change any of `PERIOD_FIELDS`. Visits that are booked stay."""
    with recorded():
        return _changed(lock(TimeOff.objects.select_related("practitioner__user"), time_off_id), changes, PERIOD_FIELDS)


def time_off_delete(*, time_off_id: UUID) -> Warnings:
    """Take time off away: the practitioner can be booked then."""
    with recorded():
        return _deleted(lock(TimeOff.objects.all(), time_off_id))


def _created(row: H) -> tuple[H, Warnings]:
    whose = None if isinstance(row, Closure) else row.practitioner
    if whose is not None and not isinstance(row, Closure | TimeOff) and not practises_at(whose, row.location):
        raise Invalid(f"{whose} does not practise at {row.location}.", attr="practitioner")
    with recorded():
        _check(row)
        change = _change_of(row)
        hours_held(change)
        _check_alone(row)
        row.save()
        return row, hours_changed(change)


def _changed(row: H, changes: Mapping[str, Any], fields: Iterable[str]) -> tuple[H, Warnings]:
    """Of a row that is locked: nothing has been looked at before it was ours."""
    before = _change_of(row)
    for name in fields:
        if name in changes:
            setattr(row, name, changes[name])
    _check(row)
    change = _both(before, _change_of(row))
    hours_held(change)
    _check_alone(row)
    row.save()
    return row, hours_changed(change)


def _deleted(row: H) -> Warnings:
    change = _change_of(row)
    hours_held(change)
    row.delete()
    return hours_changed(change)


def _change_of(row: H) -> HoursChange:
    """Weekly hours concern every visit to come: without a practitioner's last own hours they work all that is open."""
    if isinstance(row, TimeOff):
        return HoursChange(None, row.practitioner_id, "starts_at", row.starts_at, row.ends_at)
    if isinstance(row, Closure):
        return HoursChange(row.location_id, None, "starts_at", row.starts_at, row.ends_at)
    return HoursChange(row.location_id, row.practitioner_id, "starts_at" if isinstance(row, Break) else "opens_at")


def _both(before: HoursChange, after: HoursChange) -> HoursChange:
    """From the earlier start to the later end of the two."""
    starts = [change.starts_at for change in (before, after) if change.starts_at is not None]
    ends = [change.ends_at for change in (before, after) if change.ends_at is not None]
    return replace(after, starts_at=min(starts, default=None), ends_at=max(ends, default=None))


def _check(row: Hours) -> None:
    if isinstance(row, Closure | TimeOff) and row.ends_at <= row.starts_at:
        raise Invalid("It ends after it starts.", attr="ends_at")
    if isinstance(row, Break) and row.ends_at <= row.starts_at:
        raise Invalid("A break ends after it starts, on the same day.", attr="ends_at")
    if isinstance(row, ExtraHours):
        if row.closes_at <= row.opens_at:
            raise Invalid("Closing time must be after opening time on the same day.", attr="closes_at")
        for name in ("opens_at", "closes_at"):
            at_wall_clock(row.on, getattr(row, name), row.location.zone, attr=name)
    clean_model(row)


def _check_alone(row: Hours) -> None:
    """Refuse weekly hours, or breaks, that another row of the same owner says already in part.

    Under the location's lock, so that two that are written at once see each other. Rows of before this rule may
    overlap; they count once, as they always did.
    """
    if not isinstance(row, OpeningHours | Break):
        return
    first, last = ("opens_at", "closes_at") if isinstance(row, OpeningHours) else ("starts_at", "ends_at")
    start, end = getattr(row, first), getattr(row, last)
    rows: QuerySet[Any] = type(row)._default_manager.filter(
        Q(valid_until=None) | Q(valid_until__gte=row.valid_from or date.min),
        Q(valid_from=None) | Q(valid_from__lte=row.valid_until or date.max),
        location=row.location_id,
        practitioner=row.practitioner_id,
        weekday=row.weekday,
        **{f"{first}__lt": end, f"{last}__gt": start},
    )
    other = rows.exclude(pk=row.pk).order_by(first).first()
    if other is not None:
        what = "breaks" if isinstance(row, Break) else "hours"
        raise Invalid(
            f"{row}{_holds(row)} overlaps {other}{_holds(other)}, which is there already. Change that row, or let one "
            f"end before the other begins: {what} of one day cannot overlap.",
            code="overlap",
            attr=first,
        )


def _holds(row: OpeningHours | Break) -> str:
    """“ (from 1 March 2026 until 31 May 2026)”; empty for what holds without end."""
    days = [("from", row.valid_from), ("until", row.valid_until)]
    said = " ".join(f"{word} {date_in_full(day)}" for word, day in days if day is not None)
    return f" ({said})" if said else ""


def _check_is_to_come(extra: ExtraHours) -> None:
    today = clock.today(extra.location.zone)
    if extra.on < today:
        raise Invalid(
            f"{date_in_full(extra.on)} is past; extra hours are for today ({date_in_full(today)}) or later.", attr="on"
        )
