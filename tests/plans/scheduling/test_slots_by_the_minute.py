"""Free slots, held against a slow oracle and against booking itself."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction

from clinic.errors import Refusal
from clinic.people.models import Practitioner
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff
from patients.models import Patient
from plans.scheduling.availability import free_slots
from plans.scheduling.models import Appointment, VisitKind, VisitType
from plans.scheduling.services import appointment_book, appointment_cancel
from tests import factories
from tests.plans.scheduling.finding import request_for, set_hours

MINUTE = timedelta(minutes=1)


# The oracle: minute by minute, from the rows, with no interval arithmetic to share a mistake with.
@dataclass
class World:
    """A location with everything that can stand in the way, put there at random."""

    location: Location
    practitioners: list[Practitioner]
    rooms: list[Room]
    patient: Patient
    first: date
    last: date

    @property
    def zone(self) -> ZoneInfo:
        return self.location.zone

    def minutes(self) -> Iterator[datetime]:
        """Every minute that touches the days asked for."""
        instant = datetime.combine(self.first, time.min, self.zone).astimezone(UTC)
        end = datetime.combine(self.last + timedelta(days=1), time.min, self.zone).astimezone(UTC)
        while instant < end:
            yield instant
            instant += MINUTE


def oracle(world: World, duration: timedelta, earliest: datetime) -> set[tuple[UUID, datetime]]:
    """Every `(practitioner, start)` that is free, found by looking at every minute of every possible visit."""
    hours = list(OpeningHours.objects.filter(location=world.location))
    breaks = list(Break.objects.filter(location=world.location))
    extras = list(ExtraHours.objects.filter(location=world.location))
    closures = list(Closure.objects.filter(location=world.location))
    live = [row for row in Appointment.objects.all() if row.is_live]
    visit_type = VisitType.objects.filter(location=world.location, kind=VisitKind.CONSULTATION).first()

    def is_open(minute: datetime, rows: list[OpeningHours]) -> bool:
        local = minute.astimezone(world.zone)
        return any(
            row.weekday == local.isoweekday()
            and row.opens_at <= local.time() < row.closes_at
            and (row.valid_from is None or row.valid_from <= local.date())
            and (row.valid_until is None or local.date() <= row.valid_until)
            for row in rows
        )

    def pauses(minute: datetime, whose: UUID | None) -> bool:
        local = minute.astimezone(world.zone)
        return any(
            row.weekday == local.isoweekday() and row.starts_at <= local.time() < row.ends_at
            for row in breaks
            if row.practitioner_id == whose
        )

    def is_extra(minute: datetime, whose: UUID | None) -> bool:
        local = minute.astimezone(world.zone)
        return any(
            row.on == local.date() and row.opens_at <= local.time() < row.closes_at
            for row in extras
            if row.practitioner_id == whose
        )

    def during(minute: datetime, rows: list[Closure] | list[TimeOff]) -> bool:
        return any(row.starts_at <= minute < row.ends_at for row in rows)

    def span(start: datetime, end: datetime) -> list[datetime]:
        return [start + MINUTE * index for index in range((end - start) // MINUTE)]

    def minutes_of(rows: list[Appointment], attribute: str) -> set[datetime]:
        taken: set[datetime] = set()
        for row in rows:
            period = getattr(row, attribute) if attribute else None
            start, end = (period.lower, period.upper) if period else (row.starts_at, row.ends_at)
            taken |= set(span(start, end))
        return taken

    every = list(world.minutes())
    location_hours = [row for row in hours if row.practitioner_id is None]
    open_minutes = {
        minute
        for minute in every
        if (is_open(minute, location_hours) and not pauses(minute, None)) or is_extra(minute, None)
    }
    patient_taken = minutes_of([row for row in live if row.patient_id == world.patient.pk], "")
    room_taken = [minutes_of([row for row in live if row.room_id == room.pk], "room_busy") for room in world.rooms]
    before, after = timedelta(0), timedelta(0)
    room_before, room_after = timedelta(0), timedelta(0)
    if visit_type is not None:
        before = MINUTE * visit_type.practitioner_minutes_before
        after = MINUTE * visit_type.practitioner_minutes_after
        room_before = MINUTE * visit_type.room_minutes_before
        room_after = MINUTE * visit_type.room_minutes_after
    found = set()
    for practitioner in world.practitioners:
        own = [row for row in hours if row.practitioner_id == practitioner.pk]
        off = list(TimeOff.objects.filter(practitioner=practitioner))
        works = {
            minute
            for minute in every
            if (
                is_extra(minute, practitioner.pk)
                or (
                    minute in open_minutes and (not own or is_open(minute, own)) and not pauses(minute, practitioner.pk)
                )
            )
            and not during(minute, closures)
            and not during(minute, off)
        }
        taken = minutes_of([row for row in live if row.practitioner_id == practitioner.pk], "practitioner_busy")
        for start in every:
            local = start.astimezone(world.zone)
            if (local.hour * 60 + local.minute) % world.location.slot_minutes or start < earliest:
                continue
            end = start + duration
            visit = span(start, end)
            if not all(minute in works and minute not in patient_taken for minute in visit):
                continue
            if taken & set(span(start - before, end + after)):
                continue
            if all(busy & set(span(start - room_before, end + room_after)) for busy in room_taken):
                continue
            found.add((practitioner.pk, start))
    return found


def put_in_the_middle(world: World, *, at_night: bool) -> None:
    """Breaks and extra hours on the second day, of the location and of single practitioners.

    At night they lie across the hour that the clock skips or repeats; their own ends are unambiguous.
    """
    day = world.first + timedelta(days=1)
    owner, pausing, other = world.practitioners
    for whose, starts, ends in (
        (None, *(("00:50", "03:20") if at_night else ("09:40", "10:10"))),
        (pausing, *(("04:00", "04:10") if at_night else ("11:00", "11:15"))),
    ):
        Break.objects.create(
            location=world.location, practitioner=whose, weekday=day.isoweekday(), starts_at=starts, ends_at=ends
        )
    for whose, opens, closes in (
        (None, *(("03:10", "03:40") if at_night else ("09:50", "10:20"))),
        (owner, *(("05:30", "07:00") if at_night else ("12:00", "17:00"))),
        (other, *(("00:40", "03:30") if at_night else ("13:30", "15:00"))),
    ):
        ExtraHours.objects.create(location=world.location, practitioner=whose, on=day, opens_at=opens, closes_at=closes)


def make_world(seed: int, zone: str, first: date, last: date, *, at_night: bool) -> World:
    chance = random.Random(seed)
    location = factories.make_location(
        timezone=zone, slot_minutes=chance.choice([10, 15, 20, 45]), lead_minutes=chance.choice([0, 90])
    )
    set_hours(location, *(("00:30", "06:00") if at_night else ("08:10", "13:00")))
    OpeningHours.objects.create(
        location=location, weekday=first.isoweekday(), opens_at=time(14), closes_at=time(16), valid_until=first
    )
    VisitType.objects.create(
        location=location,
        kind=VisitKind.CONSULTATION,
        practitioner_minutes_before=chance.choice([0, 5]),
        practitioner_minutes_after=chance.choice([0, 10]),
        room_minutes_before=chance.choice([0, 5]),
        room_minutes_after=chance.choice([0, 15]),
    )
    practitioners = [factories.make_practitioner(location) for _ in range(3)]
    world = World(location, practitioners, list(location.rooms.all()), factories.make_patient(location), first, last)
    set_hours(location, *(("00:45", "04:30") if at_night else ("09:00", "12:20")), practitioner=practitioners[0])
    put_in_the_middle(world, at_night=at_night)
    minutes = list(world.minutes())

    def somewhere(longest: int) -> dict[str, datetime]:
        start = chance.choice(minutes)
        return {"starts_at": start, "ends_at": start + MINUTE * chance.randint(1, longest)}

    Closure.objects.create(location=location, reason="Fire drill", **somewhere(90))
    for practitioner in practitioners:
        TimeOff.objects.create(practitioner=practitioner, **somewhere(180))
    strangers = [factories.make_patient(location) for _ in range(3)]
    for _ in range(60):
        start = chance.choice(minutes)
        try:
            with transaction.atomic():
                appointment = appointment_book(
                    by=None,
                    location=location,
                    practitioner=chance.choice(practitioners),
                    starts_at=start,
                    consultation_for=chance.choice([world.patient, *strangers]),
                    duration_minutes=chance.choice([10, 25, 60]),
                )
        except Refusal:
            continue
        if chance.random() < 0.2:
            appointment_cancel(appointment_id=appointment.pk, by=None, reason="other")
    return world


WORLDS = [
    ("America/New_York", date(2026, 3, 7), date(2026, 3, 9), True),
    ("America/New_York", date(2026, 10, 31), date(2026, 11, 2), True),
    ("Europe/Madrid", date(2026, 3, 28), date(2026, 3, 30), True),
    ("Europe/Madrid", date(2026, 10, 24), date(2026, 10, 26), True),
    ("Europe/Madrid", date(2026, 6, 1), date(2026, 6, 3), False),
]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("zone", "first", "last", "at_night"), WORLDS)
def test_slots_are_what_a_search_minute_by_minute_finds(
    frozen: time_machine.Traveller, zone: str, first: date, last: date, at_night: bool, seed: int
) -> None:
    frozen.move_to(datetime.combine(first - timedelta(days=1), time(12), UTC))
    world = make_world(seed, zone, first, last, at_night=at_night)
    assert Appointment.objects.count() > 3
    duration = MINUTE * random.Random(seed).choice([20, 30, 50])
    request = request_for(world.location, duration=duration, patient_id=world.patient.pk)

    found = {(slot.practitioner_id, slot.starts_at) for slot in free_slots(request, first, last)}

    earliest = datetime.combine(first - timedelta(days=1), time(12), UTC) + MINUTE * world.location.lead_minutes
    expected = oracle(world, duration, earliest)
    assert expected
    assert found == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "first", "last", "at_night"), [WORLDS[0], WORLDS[3]])
def test_a_slot_can_be_booked_at_that_moment_and_nothing_else_on_the_grid_can(
    frozen: time_machine.Traveller, zone: str, first: date, last: date, at_night: bool
) -> None:
    frozen.move_to(datetime.combine(first, time(9), UTC))
    world = make_world(3, zone, first, last, at_night=at_night)
    world.location.slot_minutes = 30
    world.location.save()
    request = request_for(world.location, patient_id=world.patient.pk)
    slots = {(slot.practitioner_id, slot.starts_at): slot for slot in free_slots(request, first, last)}
    rooms = {room.pk: room for room in world.rooms}

    booked = set()
    for practitioner in world.practitioners:
        for start in world.minutes():
            if start.astimezone(world.zone).minute % 30:
                continue
            slot = slots.get((practitioner.pk, start))
            try:
                with transaction.atomic():
                    appointment = appointment_book(
                        by=None,
                        location=world.location,
                        practitioner=practitioner,
                        starts_at=start,
                        consultation_for=world.patient,
                        room=rooms[slot.room_id] if slot else None,
                    )
                    booked.add((appointment.practitioner_id, start))
                    transaction.set_rollback(True)
            except Refusal:
                continue

    assert booked
    assert booked == slots.keys()
