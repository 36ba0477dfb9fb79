"""Free slots, held against a slow oracle, against booking itself, and case by case."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from clinic.errors import Refusal
from clinic.people.models import Membership, Practitioner, Qualification
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff
from patients.models import Patient
from plans.scheduling.availability import Preference, Request, Slot, frame_of, free_slots, verdict
from plans.scheduling.models import Appointment, VisitKind, VisitType
from plans.scheduling.services import appointment_book, appointment_cancel
from tests import factories
from tests.plans.scheduling.conftest import Clinic

MINUTE = timedelta(minutes=1)
MONDAY = date(2026, 3, 9)


def request_for(location: Location, **fields: object) -> Request:
    """A half-hour consultation with anybody in any room, unless told otherwise."""
    frame = frame_of(location.pk)
    request = Request(
        frame, VisitKind.CONSULTATION, timedelta(minutes=30), list(frame.practitioners), list(frame.rooms)
    )
    return replace(request, **fields)  # type: ignore[arg-type]


def clocks(slots: list[Slot], location: Location) -> list[str]:
    return [f"{slot.starts_at.astimezone(location.zone):%H:%M}" for slot in slots]


def set_hours(location: Location, opens: str, closes: str, practitioner: Practitioner | None = None) -> None:
    """Every day of the week."""
    OpeningHours.objects.filter(location=location, practitioner=practitioner).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(
            location=location,
            practitioner=practitioner,
            weekday=weekday,
            opens_at=time.fromisoformat(opens),
            closes_at=time.fromisoformat(closes),
        )
        for weekday in range(1, 8)
    )


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


def test_a_location_opens_on_a_closed_day_and_one_practitioner_longer_than_it(clinic: Clinic) -> None:
    saturday = date(2026, 3, 14)
    colleague = factories.make_practitioner(clinic.location)
    ExtraHours.objects.create(location=clinic.location, on=saturday, opens_at="09:00", closes_at="10:00")
    ExtraHours.objects.create(
        location=clinic.location, practitioner=colleague, on=saturday, opens_at="10:00", closes_at="11:00"
    )
    mine = free_slots(request_for(clinic.location, practitioners=[clinic.practitioner.pk]), saturday, saturday)
    colleagues = free_slots(request_for(clinic.location, practitioners=[colleague.pk]), saturday, saturday)

    assert clocks(mine, clinic.location) == ["09:00", "09:15", "09:30"]
    assert clocks(colleagues, clinic.location) == ["09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30"]
    assert not free_slots(request_for(clinic.location), date(2026, 3, 15), date(2026, 3, 15))


def test_a_closure_and_time_off_cut_extra_hours_and_breaks_do_not(clinic: Clinic) -> None:
    sunday = date(2026, 3, 15)
    ExtraHours.objects.create(location=clinic.location, on=sunday, opens_at="09:00", closes_at="12:00")
    Break.objects.create(location=clinic.location, weekday=7, starts_at="09:00", ends_at="12:00")
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("09:00", sunday), ends_at=clinic.at("10:00", sunday), reason="Fog"
    )
    TimeOff.objects.create(
        practitioner=clinic.practitioner, starts_at=clinic.at("10:30", sunday), ends_at=clinic.at("12:00", sunday)
    )

    assert clocks(free_slots(request_for(clinic.location), sunday, sunday), clinic.location) == ["10:00"]


def test_a_break_holds_between_its_dates_for_the_location_or_for_one(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    colleague = factories.make_practitioner(clinic.location)
    weekly = {"location": clinic.location, "weekday": 1}
    Break.objects.create(**weekly, starts_at="09:30", ends_at="10:30", valid_until=MONDAY)
    Break.objects.create(**weekly, practitioner=colleague, starts_at="10:30", ends_at="11:30")

    def of(practitioner: Practitioner, day: date) -> list[str]:
        request = request_for(clinic.location, practitioners=[practitioner.pk])
        return clocks(free_slots(request, day, day), clinic.location)

    assert of(clinic.practitioner, MONDAY) == ["09:00", "10:30", "10:45", "11:00", "11:15", "11:30"]
    assert of(colleague, MONDAY) == ["09:00", "11:30"]
    assert of(colleague, MONDAY + timedelta(days=7)) == ["09:00", "09:15", "09:30", "09:45", "10:00", "11:30"]


def test_working_time_is_the_practitioners_own_within_the_locations(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    set_hours(clinic.location, "11:00", "15:00", clinic.practitioner)

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["11:00", "11:15", "11:30"]


def test_own_hours_count_from_the_first_day_on_which_one_holds(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "10:00")
    tuesday = MONDAY + timedelta(days=1)
    OpeningHours.objects.create(
        location=clinic.location,
        practitioner=clinic.practitioner,
        weekday=2,
        opens_at="09:30",
        closes_at="10:00",
        valid_from=tuesday,
        valid_until=tuesday,
    )

    days = [MONDAY + timedelta(days=offset) for offset in range(3)]
    found = [clocks(free_slots(request_for(clinic.location), day, day), clinic.location) for day in days]

    assert found == [["09:00", "09:15", "09:30"], ["09:30"], []]


def test_own_hours_at_another_location_do_not_count_here(clinic: Clinic) -> None:
    elsewhere = factories.make_location()
    set_hours(elsewhere, "11:00", "12:00", clinic.practitioner)
    set_hours(clinic.location, "09:00", "10:00")

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "09:15", "09:30"]


def test_closures_and_time_off_are_half_open(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("09:30"), ends_at=clinic.at("10:00"), reason="Delivery"
    )
    TimeOff.objects.create(practitioner=clinic.practitioner, starts_at=clinic.at("11:00"), ends_at=clinic.at("11:30"))

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "10:00", "10:15", "10:30", "11:30"]


def test_back_to_back_visits_are_free_and_buffers_push_them_apart(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "12:00")
    clinic.book("10:00", duration_minutes=30)
    assert clocks(free_slots(request_for(clinic.location), MONDAY, MONDAY), clinic.location) == [
        "09:00", "09:15", "09:30", "10:30", "10:45", "11:00", "11:15", "11:30",
    ]  # fmt: skip

    VisitType.objects.create(
        location=clinic.location,
        kind=VisitKind.CONSULTATION,
        practitioner_minutes_before=5,
        practitioner_minutes_after=20,
    )

    slots = free_slots(request_for(clinic.location), MONDAY, MONDAY)
    assert clocks(slots, clinic.location) == ["09:00", "10:45", "11:00", "11:15", "11:30"]


def test_a_room_is_kept_free_for_its_cleaning(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    clinic.rooms[1].delete()
    VisitType.objects.create(location=clinic.location, kind=VisitKind.CONSULTATION, room_minutes_after=15)
    other = factories.make_practitioner(clinic.location)
    clinic.book("09:30")

    slots = free_slots(request_for(clinic.location, practitioners=[other.pk]), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["10:15", "10:30"]


def test_the_first_free_capable_room_is_offered(clinic: Clinic) -> None:
    plain = factories.make_room(clinic.location, "Consulting", position=0, modalities=[])
    frame = frame_of(clinic.location.pk)

    assert frame.capable_rooms(frozenset({"prp"})) == [room.pk for room in clinic.rooms]
    assert frame.capable_rooms(frozenset()) == [plain.pk, *(room.pk for room in clinic.rooms)]


def test_no_practitioner_is_offered_who_left_or_takes_no_bookings_or_only_assists(clinic: Clinic) -> None:
    away, gone, assistant = (factories.make_practitioner(clinic.location) for _ in range(3))
    Practitioner.objects.filter(pk=away.pk).update(is_bookable=False)
    gone.user.is_active = False
    gone.user.save()
    Membership.objects.filter(user=assistant.user).update(role=Role.ASSISTANT)

    assert list(frame_of(clinic.location.pk).practitioners) == [clinic.practitioner.pk]


def test_a_qualification_is_needed_on_the_day_for_every_modality(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "09:30")
    Qualification.objects.filter(practitioner=clinic.practitioner, modality="prp").update(
        valid_from=date(2026, 3, 10), valid_until=date(2026, 3, 11)
    )
    request = request_for(clinic.location, modalities=frozenset({"prp", "microneedling"}))

    days = [slot.starts_at.date() for slot in free_slots(request, date(2026, 3, 8), date(2026, 3, 14))]

    assert days == [date(2026, 3, 10), date(2026, 3, 11)]


def test_the_patients_other_visits_are_in_the_way_wherever_they_are(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    elsewhere = factories.make_location()
    other = factories.make_practitioner(elsewhere)
    clinic.book("09:30", location=elsewhere, practitioner=other)

    slots = free_slots(request_for(clinic.location, patient_id=clinic.patient.pk), MONDAY, MONDAY)

    assert clocks(slots, clinic.location) == ["09:00", "10:00", "10:15", "10:30"]


def test_an_overbooked_visit_takes_its_practitioners_time_too(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "11:00")
    clinic.book("09:00", duration_minutes=60)
    clinic.book(
        "09:30",
        by=clinic.practitioner.user,
        consultation_for=clinic.another_patient(),
        duration_minutes=60,
        override_reason="An emergency",
    )

    assert clocks(free_slots(request_for(clinic.location), MONDAY, MONDAY), clinic.location) == ["10:30"]


def test_a_visit_that_moves_does_not_stand_in_its_own_way(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "10:00")
    appointment = clinic.book("09:15")

    request = request_for(clinic.location, moving=appointment.pk, patient_id=clinic.patient.pk)

    assert clocks(free_slots(request, MONDAY, MONDAY), clinic.location) == ["09:00", "09:15", "09:30"]


def test_nothing_is_offered_in_the_past_or_within_the_lead_time(clinic: Clinic) -> None:
    today = date(2026, 3, 2)
    set_hours(clinic.location, "09:00", "13:00")
    Location.objects.filter(pk=clinic.location.pk).update(lead_minutes=90)

    assert clocks(free_slots(request_for(clinic.location), today, today), clinic.location) == [
        "11:30", "11:45", "12:00", "12:15", "12:30",
    ]  # fmt: skip


def test_the_best_slots_are_the_preferred_practitioners_nearest_to_the_target(clinic: Clinic) -> None:
    set_hours(clinic.location, "09:00", "09:30")
    factories.make_practitioner(clinic.location, last_name="Aaron")
    target = date(2026, 3, 11)

    slots = free_slots(
        request_for(clinic.location),
        date(2026, 3, 9),
        date(2026, 3, 14),
        preference=Preference(clinic.practitioner.pk, target),
        limit=4,
    )

    assert {slot.practitioner_id for slot in slots} == {clinic.practitioner.pk}
    assert [slot.starts_at.date().day for slot in slots] == [11, 10, 12, 9]


def test_slots_come_in_order_of_time_and_end_with_the_limit(clinic: Clinic) -> None:
    factories.make_practitioner(clinic.location)

    slots = free_slots(request_for(clinic.location), MONDAY, date(2026, 3, 20), limit=50)

    starts = [slot.starts_at for slot in slots]
    assert len(slots) == 50
    assert starts == sorted(starts)


def test_a_verdict_names_each_thing_that_stands_in_the_way(clinic: Clinic) -> None:
    clinic.book("10:00")
    request = request_for(clinic.location, patient_id=clinic.patient.pk)

    busy = verdict(request, clinic.at("10:15"))
    closed = verdict(request, clinic.at("07:45"))
    free = verdict(request, clinic.at("10:30"))

    assert (busy.is_working_time, busy.practitioner_is_free, busy.patient_is_free) == (True, False, False)
    assert busy.room_id == clinic.rooms[1].pk
    assert (closed.is_open, closed.works, closed.is_free) == (False, False, False)
    assert free.is_free


def test_a_search_is_one_statement_and_its_frame_another(clinic: Clinic) -> None:
    with CaptureQueriesContext(connection) as queries:
        slots = free_slots(request_for(clinic.location), MONDAY, MONDAY + timedelta(days=91))

    assert len(slots) > 1000
    assert len(queries) == 2
