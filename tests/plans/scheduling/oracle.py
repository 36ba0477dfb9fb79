"""A slow calendar in plain Python, from the rows as they stand: who and what is free when.

It shares no arithmetic with the product: working time is looked at quarter by quarter, and every visit is held against
every other one. In the worlds it is used in, hours, closures, time off and visits begin and end on quarters of an hour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.access.roles import Role
from clinic.people.models import Membership, Practitioner
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff
from plans.scheduling.models import Appointment, VisitType

MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
Span = tuple[datetime, datetime]


@dataclass
class Taken:
    """What a live visit takes up: the patient's time, and that of practitioner and room with the buffers."""

    visit: Appointment
    patient: Span
    practitioner: Span
    room: Span

    @classmethod
    def by(cls, visit: Appointment, types: dict[tuple[UUID, str], VisitType]) -> "Taken":
        return cls(visit, *spans(visit.starts_at, visit.ends_at, types.get((visit.location_id, visit.kind))))


def spans(starts_at: datetime, ends_at: datetime, kind: VisitType | None) -> tuple[Span, Span, Span]:
    """The time of patient, practitioner and room."""
    if kind is None:
        return ((starts_at, ends_at),) * 3
    return (
        (starts_at, ends_at),
        (
            starts_at - MINUTE * kind.practitioner_minutes_before,
            ends_at + MINUTE * kind.practitioner_minutes_after,
        ),
        (starts_at - MINUTE * kind.room_minutes_before, ends_at + MINUTE * kind.room_minutes_after),
    )


def meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def practising() -> set[tuple[UUID, UUID]]:
    """Who can be booked where: practitioner and location."""
    rows = Membership.objects.filter(
        role=Role.PRACTITIONER, user__is_active=True, user__practitioner__is_bookable=True
    ).values_list("user__practitioner", "location")
    return set(rows)


def taken() -> list[Taken]:
    """What every live visit takes up, worked out from its times and its visit type."""
    types = {(row.location_id, row.kind): row for row in VisitType.objects.all()}
    live = Appointment.objects.filter(status__in=["booked", "confirmed", "arrived"]).order_by("pk")
    live = live.select_related("location", "practitioner__user", "patient")
    return [Taken.by(visit, types) for visit in live]


def _is_in(row: OpeningHours | Break | ExtraHours, at: datetime, zone: ZoneInfo) -> bool:
    """Whether it is that wall-clock time on a day on which `row` holds; skipped times count as by the clock before."""
    day = at.astimezone(zone).date()
    if isinstance(row, ExtraHours):
        holds = row.on == day
    else:
        holds = (
            row.weekday == day.isoweekday()
            and (row.valid_from is None or row.valid_from <= day)
            and (row.valid_until is None or day <= row.valid_until)
        )
    first, last = (row.starts_at, row.ends_at) if isinstance(row, Break) else (row.opens_at, row.closes_at)
    start, end = (datetime.combine(day, clock, zone).timestamp() for clock in (first, last))
    return holds and start <= at.timestamp() < end


@dataclass
class Oracle:
    """Every row that matters, read once."""

    hours: list[OpeningHours] = field(default_factory=lambda: list(OpeningHours.objects.all()))
    breaks: list[Break] = field(default_factory=lambda: list(Break.objects.all()))
    extras: list[ExtraHours] = field(default_factory=lambda: list(ExtraHours.objects.all()))
    closures: list[Closure] = field(default_factory=lambda: list(Closure.objects.all()))
    off: list[TimeOff] = field(default_factory=lambda: list(TimeOff.objects.all()))
    rooms: list[Room] = field(default_factory=lambda: list(Room.objects.filter(is_bookable=True)))
    practising: set[tuple[UUID, UUID]] = field(default_factory=practising)
    taken: list[Taken] = field(default_factory=taken)
    _open: dict[tuple[UUID, datetime], bool] = field(default_factory=dict)
    _there: dict[tuple[UUID, UUID, datetime], bool] = field(default_factory=dict)

    def own_hours(self) -> list[OpeningHours]:
        """Those of practitioners."""
        return [row for row in self.hours if row.practitioner_id is not None]

    def double_bookings(self) -> list[str]:
        """What two live visits have at once, in words; an overbooked one may share its practitioner's time."""
        found = []
        for one, other in combinations(self.taken, 2):
            a, b = one.visit, other.visit
            is_shared = a.overbooked or b.overbooked
            if a.practitioner_id == b.practitioner_id and meet(one.practitioner, other.practitioner) and not is_shared:
                found.append(f"practitioner: {a.starts_at} and {b.starts_at}")
            if a.room_id == b.room_id and meet(one.room, other.room):
                found.append(f"room: {a.starts_at} and {b.starts_at}")
            if a.patient_id == b.patient_id and meet(one.patient, other.patient):
                found.append(f"patient: {a.starts_at} and {b.starts_at}")
        return found

    def starts(self, location: Location, first: date, last: date) -> Iterator[datetime]:
        """Every start of the location's grid on these local dates, a repeated hour's twice; open or not."""
        at = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
        while (local := at.astimezone(location.zone)).date() <= last:
            if local.date() >= first and (local.hour * 60 + local.minute) % location.slot_minutes == 0:
                yield at
            at += QUARTER

    def is_free(
        self,
        location: Location,
        practitioner: Practitioner,
        patient_id: UUID,
        starts_at: datetime,
        length: timedelta,
        kind: VisitType | None,
        *,
        moving: UUID | None = None,
        over_others: bool = False,
    ) -> bool:
        """Whether this visit could be booked, lead time and grid apart; `over_others`: over the practitioner's own."""
        if not self.works(location, practitioner, starts_at, starts_at + length):
            return False
        others = [one for one in self.taken if one.visit.pk != moving]
        patient, busy, room_busy = spans(starts_at, starts_at + length, kind)
        if any(one.visit.patient_id == patient_id and meet(one.patient, patient) for one in others):
            return False
        if not over_others and any(
            one.visit.practitioner_id == practitioner.pk and meet(one.practitioner, busy) for one in others
        ):
            return False
        full = {one.visit.room_id for one in others if meet(one.room, room_busy)}
        return any(room.location_id == location.pk and room.pk not in full for room in self.rooms)

    def works(self, location: Location, practitioner: Practitioner, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether all of it is working time, quarter by quarter."""
        if (practitioner.pk, location.pk) not in self.practising:
            return False
        if self.is_shut(location, practitioner, starts_at, ends_at):
            return False
        at = starts_at
        while at < ends_at:
            if not self._is_there(location, practitioner, at):
                return False
            at += QUARTER
        return True

    def is_shut(self, location: Location, practitioner: Practitioner, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether some of it is in a closure or in time off."""
        periods = [
            *((row.starts_at, row.ends_at) for row in self.closures if row.location_id == location.pk),
            *((row.starts_at, row.ends_at) for row in self.off if row.practitioner_id == practitioner.pk),
        ]
        return any(meet(period, (starts_at, ends_at)) for period in periods)

    def _is_open(self, location: Location, at: datetime) -> bool:
        """By the location's hours and breaks, and its extra hours, closures aside."""
        known = self._open.get((location.pk, at))
        if known is None:
            known = self._is_any(self.hours, location, None, at) and not self._is_any(self.breaks, location, None, at)
            known = known or self._is_any(self.extras, location, None, at)
            self._open[location.pk, at] = known
        return known

    def _is_there(self, location: Location, practitioner: Practitioner, at: datetime) -> bool:
        """When it is open, or within that in their own hours from their first day on; not in their breaks; and in
        their own extra hours."""
        key = (location.pk, practitioner.pk, at)
        known = self._there.get(key)
        if known is None:
            day = at.astimezone(location.zone).date()
            own = [row for row in self.own_hours() if row.practitioner_id == practitioner.pk]
            own = [row for row in own if row.location_id == location.pk]
            has_begun = any(row.valid_from is None or row.valid_from <= day for row in own)
            known = self._is_open(location, at)
            known = known and (not has_begun or self._is_any(self.hours, location, practitioner.pk, at))
            known = known and not self._is_any(self.breaks, location, practitioner.pk, at)
            known = known or self._is_any(self.extras, location, practitioner.pk, at)
            self._there[key] = known
        return known

    def _is_any(
        self,
        rows: Sequence[OpeningHours] | Sequence[Break] | Sequence[ExtraHours],
        location: Location,
        whose: UUID | None,
        at: datetime,
    ) -> bool:
        return any(
            row.location_id == location.pk and row.practitioner_id == whose and _is_in(row, at, location.zone)
            for row in rows
        )
