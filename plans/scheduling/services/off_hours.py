"""Booked visits that stand outside working time since it changed: marked at once, and named to who changed it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from clinic import clock
from clinic.access.visibility import visible
from clinic.audit.history import acting_user
from clinic.errors import SoftWarning
from clinic.locking import lock_all
from clinic.people.models import User
from clinic.places.models import Closure, TimeOff
from clinic.places.services import HoursChange
from clinic.words import count_of, moment
from plans.scheduling.availability import frame_of, off_hours_of
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.rules import Period

OUTSIDE_HOURS = "visits_outside_hours"
NAMED = 3


class _Visit(NamedTuple):
    """What decides whether a visit lies in working time."""

    key: UUID
    location_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    off_hours: str


def appointments_check_hours(change: HoursChange) -> list[SoftWarning]:
    """Mark the visits to come that stand outside working time since this change, and unmark those that stand within it
    again; returns a warning that names the new ones.

    For a change whose locks the caller holds: no booking at these hours is under way. One query for the visits, one a
    location for its hours, two for closures and time off; as many again where something changes.
    """
    visits = _in_scope(change)
    if not visits:
        return []
    against = _judged(visits)
    changed = {visit.key: against[visit.key] for visit in visits if against[visit.key] != visit.off_hours}
    if not changed:
        return []
    live = lock_all(Appointment.objects.filter(pk__in=changed, status__in=LIVE_STATUSES))
    for says in sorted(set(changed.values())):
        keys = [visit.pk for visit in live if changed[visit.pk] == says]
        Appointment.objects.filter(pk__in=keys).update(off_hours=says, off_hours_accepted=False, updated_at=clock.now())
    return _warnings([visit.pk for visit in live if changed[visit.pk]], change.attr)


def _in_scope(change: HoursChange) -> list[_Visit]:
    rows = Appointment.objects.filter(status__in=LIVE_STATUSES, starts_at__gte=clock.now())
    if change.location_id is not None:
        rows = rows.filter(location=change.location_id)
    if change.practitioner_id is not None:
        rows = rows.filter(practitioner=change.practitioner_id)
    if change.starts_at is not None:
        rows = rows.filter(ends_at__gt=change.starts_at)
    if change.ends_at is not None:
        rows = rows.filter(starts_at__lt=change.ends_at)
    columns = rows.order_by().values_list("pk", "location_id", "practitioner_id", "starts_at", "ends_at", "off_hours")
    return [_Visit(*row) for row in columns]


def _judged(visits: Sequence[_Visit]) -> dict[UUID, str]:
    """What each visit stands against, by its key; empty within working time."""
    frames = {key: frame_of(key) for key in {visit.location_id for visit in visits}}
    first, last = min(visit.starts_at for visit in visits), max(visit.ends_at for visit in visits)
    people = {visit.practitioner_id for visit in visits}
    closures = Closure.objects.filter(location__in=frames, starts_at__lt=last, ends_at__gt=first)
    time_off = TimeOff.objects.filter(practitioner__in=people, starts_at__lt=last, ends_at__gt=first)
    closed = _by_owner(closures.values_list("location_id", "starts_at", "ends_at"))
    away = _by_owner(time_off.values_list("practitioner_id", "starts_at", "ends_at"))
    return {
        visit.key: off_hours_of(
            frames[visit.location_id],
            visit.practitioner_id,
            (visit.starts_at, visit.ends_at),
            is_closed=_touches(closed.get(visit.location_id, ()), visit),
            is_off=_touches(away.get(visit.practitioner_id, ()), visit),
        )
        for visit in visits
    }


def _by_owner(rows: Iterable[tuple[UUID, datetime, datetime]]) -> dict[UUID, list[Period]]:
    found: dict[UUID, list[Period]] = {}
    for owner, starts_at, ends_at in rows:
        found.setdefault(owner, []).append((starts_at, ends_at))
    return found


def _touches(periods: Iterable[Period], visit: _Visit) -> bool:
    return any(start < visit.ends_at and visit.starts_at < end for start, end in periods)


def _warnings(keys: Collection[UUID], attr: str) -> list[SoftWarning]:
    """What to tell of these visits; whoever changed the hours hears names only of those they may see."""
    if not keys:
        return []
    rows = Appointment.objects.filter(pk__in=keys).select_related("patient", "practitioner__user", "location")
    by = acting_user()
    seen = visible(rows, User.objects.get(pk=by)) if by is not None else rows
    named = [_named(visit) for visit in seen.order_by("starts_at", "pk")[:NAMED]]
    more = len(keys) - len(named)
    if named and more:
        named.append(f"and {more} more")
    stand = "stands" if len(keys) == 1 else "stand"
    said = f"{count_of(len(keys), 'booked visit')} {stand} outside working time now"
    return [SoftWarning(attr, OUTSIDE_HOURS, f"{said}: {'; '.join(named)}." if named else f"{said}, elsewhere.")]


def _named(visit: Appointment) -> str:
    zone = visit.location.zone
    when = moment(visit.starts_at, zone, clock.today(zone))
    return f"{visit.patient}, {when} with {visit.practitioner}"
