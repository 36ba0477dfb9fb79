"""A change of working time: alone while it is made, and heard by upper packages in the same transaction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinic.errors import SoftWarning
from clinic.locking import hold
from clinic.places.models import Location


@dataclass(frozen=True, slots=True)
class HoursChange:
    """Whose working time changes: everybody's at a location, a practitioner's there, or theirs wherever they are."""

    location_id: UUID | None
    practitioner_id: UUID | None
    attr: str
    """The field that a warning is about."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """Between these instants, the end not included; without them from now on."""


_when_hours_change: list[Callable[[HoursChange], Iterable[SoftWarning]]] = []


def when_hours_change(act: Callable[[HoursChange], Iterable[SoftWarning]]) -> None:
    """Register what an upper package does, in the same transaction, when working time has changed; it returns what a
    person should look at."""
    _when_hours_change.append(act)


def hours_held(change: HoursChange) -> None:
    """Wait until nobody books by the hours that change, and let nobody until the transaction ends.

    Bookings share their location and hold their practitioner alone. Who is away is away everywhere: their key is held
    alone, and every location shared, so that no other change of hours judges the same visits meanwhile.
    """
    if change.location_id is not None:
        hold(change.location_id)
    else:
        hold(change.practitioner_id, shared=Location.objects.order_by().values_list("pk", flat=True))


def hours_changed(change: HoursChange) -> list[SoftWarning]:
    """Tell upper packages; returns what a person should look at."""
    return [warning for act in _when_hours_change for warning in act(change)]
