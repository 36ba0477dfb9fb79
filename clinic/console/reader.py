"""Who reads a console page: their locations, zone and present day. Known for the length of one request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from clinic import clock, words
from clinic.access.roles import Role
from clinic.access.visibility import may
from clinic.people.models import User
from clinic.places.models import Location
from clinic.records import Record

T = TypeVar("T")


class Reader:
    """The signed-in person in front of the page."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.now: datetime = clock.now()
        self._known: dict[str, object] = {}

    @cached_property
    def locations(self) -> list[Location]:
        """Where they work, in the clinic's order: one query."""
        locations = Location.objects.all()
        if not self.user.is_superuser:
            locations = locations.filter(pk__in=list(self.user.roles_by_location))
        return list(locations)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of their first location: what a time without a place means to them."""
        return self.locations[0].zone if self.locations else ZoneInfo("UTC")

    @cached_property
    def several_zones(self) -> bool:
        """Whether a time of theirs could be meant in two zones, so that it needs the zone's name."""
        return len({location.timezone for location in self.locations}) > 1

    @cached_property
    def several_locations(self) -> bool:
        return len(self.locations) > 1

    @property
    def today(self) -> date:
        return self.today_at(self.zone)

    def today_at(self, zone: ZoneInfo | None = None) -> date:
        """The present day in `zone`, or where they are."""
        return self.now.astimezone(zone or self.zone).date()

    def has(self, *roles: Role) -> bool:
        """Whether they hold one of `roles` somewhere."""
        held = set().union(*self.user.roles_by_location.values())
        return self.user.is_superuser or bool(held & set(roles))

    def may(self, resource: str, action: str) -> bool:
        return self.user.may(resource, action)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` returned the first time this page asked for `key`."""
        if key not in self._known:
            self._known[key] = make()
        return cast(T, self._known[key])

    def may_on(self, action: str, row: Record, resource: str | None = None) -> bool:
        return may(self.user, action, row, resource=resource)

    def sees_clinical(self, resource: str) -> bool:
        """Whether the clinical fields of `resource` are shown to them."""
        return self.user.may(resource, "view_clinical")

    def moment(self, instant: datetime, zone: ZoneInfo | None = None) -> str:
        """“Tomorrow 09:30”, with the zone's name where two could be meant."""
        zone = zone or self.zone
        text = words.moment(instant, zone, self.today_at(zone))
        return f"{text} ({words.zone_name(zone)})" if self.several_zones else text

    def time(self, instant: datetime, zone: ZoneInfo | None = None) -> str:
        """“09:30”, with the zone's name where two could be meant."""
        zone = zone or self.zone
        text = words.clock_time(instant, zone)
        return f"{text} ({words.zone_name(zone)})" if self.several_zones else text

    def day(self, value: date, zone: ZoneInfo | None = None) -> str:
        return words.day(value, self.today_at(zone))

    def window(self, first: date, last: date, zone: ZoneInfo | None = None) -> str:
        return words.window(first, last, self.today_at(zone))


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


@contextmanager
def reading(user: User) -> Iterator[Reader]:
    """Within this block `reader()` is `user`."""
    token = _reader.set(found := Reader(user))
    try:
        yield found
    finally:
        _reader.reset(token)


def reader() -> Reader:
    """Who reads the page that is being made. Raises `LookupError` outside the console."""
    found = _reader.get()
    if found is None:
        raise LookupError("nobody is reading the console")
    return found
