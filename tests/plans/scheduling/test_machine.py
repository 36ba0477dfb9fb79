"""Whatever is done in whatever order: nobody and nothing is booked twice, and free slots are exactly those there are.

A machine books, overbooks, moves, cancels and undoes visits while hours, closures and time off change, over the days on
which the clock changes. After every step the rows are held against a slow oracle (`oracle.py`).
`MACHINE_EXAMPLES=200 make test ARGS="-k machine"` runs more and other examples than the few that every run repeats.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Refusal
from clinic.people.models import Membership, Practitioner
from clinic.places.models import Location, OpeningHours, Weekday
from clinic.places.services import (
    closure_create,
    closure_delete,
    opening_hours_create,
    opening_hours_delete,
    opening_hours_update,
    time_off_create,
    time_off_delete,
)
from patients.models import Patient
from plans.scheduling.availability import Slot, frame_of
from plans.scheduling.models import Appointment, VisitKind, VisitType
from plans.scheduling.search import slots_for
from plans.scheduling.services import (
    appointment_book,
    appointment_cancel,
    appointment_confirm,
    appointment_reschedule,
    appointment_undo,
)
from plans.scheduling.subjects import Subject
from tests import factories
from tests.plans.scheduling.oracle import MINUTE, Oracle

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
OFTEN = settings(
    max_examples=EXAMPLES or 6,
    stateful_step_count=16,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
DAYS = 2
MINUTES = (30, 45, 60, 90)


@dataclass
class World:
    """Two locations in a zone whose clock changes on the second of two days, and who works and comes there."""

    first: date
    places: list[Location]
    practitioners: list[Practitioner]
    patients: list[Patient]
    frozen: time_machine.Traveller
    kinds: dict[UUID, VisitType]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=DAYS - 1)

    @property
    def start(self) -> datetime:
        """The first midnight."""
        return datetime.combine(self.first, time.min, self.places[0].zone).astimezone(UTC)

    @property
    def now(self) -> datetime:
        """When everything begins: the afternoon before."""
        return self.start - timedelta(hours=9)

    def kind(self, place: Location) -> VisitType | None:
        return self.kinds.get(place.pk)


def make_world(zone: str, first: date, frozen: time_machine.Traveller) -> World:
    """One location is open around the clock and keeps buffers, the other one by day on a coarser grid."""
    night, day = (factories.make_location(timezone=zone, **fields) for fields in ({}, {"slot_minutes": 45}))
    OpeningHours.objects.all().delete()
    for weekday in Weekday.values:
        OpeningHours.objects.create(location=night, weekday=weekday, opens_at=time(0), closes_at=time(23, 45))
        OpeningHours.objects.create(location=day, weekday=weekday, opens_at=time(1, 30), closes_at=time(14))
    kind = VisitType.objects.create(
        location=night,
        kind=VisitKind.CONSULTATION,
        practitioner_minutes_before=5,
        practitioner_minutes_after=10,
        room_minutes_after=20,
    )
    night.rooms.latest("position").delete()
    practitioners = [factories.make_practitioner(place) for place in (night, night, day)]
    Membership.objects.create(user=practitioners[0].user, location=day, role=Role.PRACTITIONER)
    patients = [factories.make_patient(place) for place in (night, day, day)]
    world = World(first, [night, day], practitioners, patients, frozen, {night.pk: kind})
    frozen.move_to(world.now)
    return world


PLACES, PEOPLE = st.integers(0, 1), st.integers(0, 2)
QUARTERS = st.integers(0, DAYS * 96 - 1)
"""Of an hour, since the first midnight."""
SMALL = st.integers(0, 7)


class Desk(RuleBasedStateMachine):
    """What desks and managers do; what is expected of it is asked of the oracle first."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.world.frozen.move_to(self.world.now)
        self.example = transaction.atomic()
        self.example.__enter__()
        self.oracle = Oracle()
        """Of what the last step left."""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @rule(place=PLACES, who=PEOPLE, patient=PEOPLE, quarter=QUARTERS, minutes=st.sampled_from(MINUTES))
    def book(self, place: int, who: int, patient: int, quarter: int, minutes: int) -> None:
        location, practitioner = self.world.places[place], self.world.practitioners[who]
        starts_at, length = self._at(quarter), MINUTE * minutes
        asked = (location, practitioner, self.world.patients[patient].pk, starts_at, length, self.world.kind(location))
        self._expect(
            self.oracle.is_free(*asked),
            lambda: self._book(location, practitioner, self.world.patients[patient], starts_at, minutes),
        )

    @rule(place=PLACES, nth=st.integers(0, 400), patient=PEOPLE, minutes=st.sampled_from(MINUTES))
    def book_a_free_slot(self, place: int, nth: int, patient: int, minutes: int) -> None:
        slots = self._slots(self.world.places[place], self.world.patients[patient], minutes)
        if slots:
            self._book_slot(slots[nth % len(slots)], self.world.places[place], self.world.patients[patient], minutes)

    @precondition(lambda self: self.oracle.taken)
    @rule(nth=SMALL, who=PEOPLE, patient=PEOPLE, minutes=st.sampled_from(MINUTES))
    def book_over_another_visit(self, nth: int, who: int, patient: int, minutes: int) -> None:
        """By right, for a reason: over the practitioner's other visits, never over the room's or the patient's."""
        other = self._visit(nth)
        location, practitioner = other.location, self.world.practitioners[who]
        asked = (location, practitioner, self.world.patients[patient].pk, other.starts_at, MINUTE * minutes)
        oracle, kind = self.oracle, self.world.kind(location)
        may = self.world.practitioners[2 if location == self.world.places[1] else 1].user

        def overbook() -> None:
            visit = self._book(
                location,
                practitioner,
                self.world.patients[patient],
                other.starts_at,
                minutes,
                by=may,
                override="Urgent",
            )
            assert visit.overbooked != oracle.is_free(*asked, kind)

        self._expect(oracle.is_free(*asked, kind, over_others=True), overbook)

    @precondition(lambda self: self.oracle.taken)
    @rule(nth=SMALL, who=st.none() | PEOPLE, quarter=QUARTERS)
    def move(self, nth: int, who: int | None, quarter: int) -> None:
        visit, starts_at = self._visit(nth), self._at(quarter)
        practitioner = self.world.practitioners[who] if who is not None else visit.practitioner
        is_there = visit.starts_at == starts_at and visit.practitioner_id == practitioner.pk
        expected = self.oracle.is_free(
            visit.location,
            practitioner,
            visit.patient_id,
            starts_at,
            visit.ends_at - visit.starts_at,
            self.world.kind(visit.location),
            moving=visit.pk,
        )
        self._expect(
            expected or is_there,
            lambda: appointment_reschedule(
                appointment_id=visit.pk, by=None, starts_at=starts_at, practitioner=practitioner
            ),
        )

    @precondition(lambda self: self.oracle.taken)
    @rule(nth=SMALL)
    def cancel(self, nth: int) -> None:
        appointment_cancel(appointment_id=self._visit(nth).pk, by=None, reason="other")

    @precondition(lambda self: self.oracle.taken)
    @rule(nth=SMALL)
    def confirm(self, nth: int) -> None:
        visit = self._visit(nth)
        self._expect(visit.status == "booked", lambda: appointment_confirm(appointment_id=visit.pk, by=None))

    @precondition(lambda self: self.steps > 2)
    @rule(nth=SMALL)
    def undo(self, nth: int) -> None:
        """The booking, move or cancellation of any visit, cancelled ones too."""
        visits = list(Appointment.objects.order_by("pk"))
        if visits:
            self._expect(None, lambda: appointment_undo(appointment_id=visits[nth % len(visits)].pk, by=None))

    @rule(place=PLACES, quarter=QUARTERS, length=st.integers(1, 24))
    def close(self, place: int, quarter: int, length: int) -> None:
        starts_at, ends_at = self._at(quarter), self._at(quarter + length)
        closure_create(location=self.world.places[place], starts_at=starts_at, ends_at=ends_at, reason="Painters")

    @precondition(lambda self: self.oracle.closures)
    @rule()
    def open_again(self) -> None:
        closure_delete(closure_id=self.oracle.closures[0].pk)

    @rule(who=PEOPLE, quarter=QUARTERS, length=st.integers(1, 40))
    def go_away(self, who: int, quarter: int, length: int) -> None:
        starts_at, ends_at = self._at(quarter), self._at(quarter + length)
        time_off_create(practitioner=self.world.practitioners[who], starts_at=starts_at, ends_at=ends_at)

    @precondition(lambda self: self.oracle.off)
    @rule()
    def come_back(self) -> None:
        time_off_delete(time_off_id=self.oracle.off[0].pk)

    @rule(place=PLACES, who=PEOPLE, day=st.integers(0, DAYS - 1), opens=st.integers(0, 80), length=st.integers(1, 48))
    def work_other_hours(self, place: int, who: int, day: int, opens: int, length: int) -> None:
        """A practitioner's own hours at a location, on one day of the week; none on the other days from then on."""
        opens_at, closes_at = (_clock(quarter) for quarter in (opens, min(opens + length, 95)))
        weekday = (self.world.first + timedelta(days=day)).isoweekday()
        self._expect(
            None,
            lambda: opening_hours_create(
                location=self.world.places[place],
                practitioner=self.world.practitioners[who],
                weekday=weekday,
                opens_at=opens_at,
                closes_at=closes_at,
            ),
        )

    @precondition(lambda self: self.oracle.own_hours())
    @rule()
    def work_as_it_is_open(self) -> None:
        opening_hours_delete(opening_hours_id=self.oracle.own_hours()[0].pk)

    @rule(place=PLACES, day=st.integers(0, DAYS - 1), opens=st.integers(0, 40), length=st.integers(8, 55))
    def open_at_other_hours(self, place: int, day: int, opens: int, length: int) -> None:
        weekday = (self.world.first + timedelta(days=day)).isoweekday()
        row = OpeningHours.objects.get(location=self.world.places[place], practitioner=None, weekday=weekday)
        changes = {"opens_at": _clock(opens), "closes_at": _clock(opens + length)}
        opening_hours_update(opening_hours_id=row.pk, changes=changes)

    @rule(minutes=st.sampled_from([1, 2, 600]))
    def wait(self, minutes: int) -> None:
        """Past the grace period, or past some of the slots."""
        self.world.frozen.shift(MINUTE * minutes)

    @invariant()
    def nobody_and_nothing_is_booked_twice_and_free_slots_are_exactly_those_there_are(self) -> None:
        """Slots for one place, patient and length in turn; one of them is booked, and so is something that is none."""
        self.oracle = oracle = Oracle()
        assert oracle.double_bookings() == []
        self.steps += 1
        location = self.world.places[self.steps % 2]
        patient = self.world.patients[self.steps % 3]
        minutes = MINUTES[self.steps % 4]
        slots, kind, now = self._slots(location, patient, minutes), self.world.kind(location), clock.now()
        tried = [
            (practitioner, starts_at)
            for starts_at in oracle.starts(location, self.world.first, self.world.last)
            for practitioner in self.world.practitioners
            if starts_at >= now
        ]
        free = {
            (practitioner.pk, starts_at)
            for practitioner, starts_at in tried
            if oracle.is_free(location, practitioner, patient.pk, starts_at, MINUTE * minutes, kind)
        }
        found = {(slot.practitioner_id, slot.starts_at) for slot in slots}
        note(f"{len(free)} free of {len(tried)} at {location}, {len(oracle.taken)} visits")
        assert len(found) == len(slots)
        assert found - free == set(), "offered, and not free"
        assert free - found == set(), "free, and not offered"
        if slots:
            with transaction.atomic():
                self._book_slot(slots[self.steps * 53 % len(slots)], location, patient, minutes)
                transaction.set_rollback(True)
        missing = [(who, starts_at) for who, starts_at in tried if (who.pk, starts_at) not in free]
        if missing:
            who, starts_at = missing[self.steps * 37 % len(missing)]
            self._expect(False, lambda: self._book(location, who, patient, starts_at, minutes))

    def _expect(self, is_done: bool | None, act: Callable[[], Any]) -> None:
        """Do it. It must be done, must be refused, or (None) may be either; what is refused changes nothing."""
        refusal: Refusal | None = None
        try:
            with transaction.atomic():
                act()
        except Refusal as refused:
            refusal = refused
        if is_done is not None:
            assert (refusal is None) == is_done, refusal.detail if refusal else "done, and it cannot be"

    def _book(
        self,
        location: Location,
        practitioner: Practitioner,
        patient: Patient,
        starts_at: datetime,
        minutes: int,
        *,
        by: Any = None,
        override: str = "",
        room: Any = None,
    ) -> Appointment:
        return appointment_book(
            by=by,
            location=location,
            practitioner=practitioner,
            starts_at=starts_at,
            consultation_for=patient,
            duration_minutes=minutes,
            override_reason=override,
            room=room,
        )

    def _book_slot(self, slot: Slot, location: Location, patient: Patient, minutes: int) -> None:
        """As it was offered, room included."""
        practitioner = next(one for one in self.world.practitioners if one.pk == slot.practitioner_id)
        room = location.rooms.get(pk=slot.room_id)
        visit = self._book(location, practitioner, patient, slot.starts_at, minutes, room=room)
        assert (visit.room_id, visit.ends_at) == (slot.room_id, slot.ends_at)

    def _slots(self, location: Location, patient: Patient, minutes: int) -> list[Slot]:
        return slots_for(
            frame_of(location.pk),
            Subject.of_consultation(patient),
            first=self.world.first,
            last=self.world.last,
            duration=MINUTE * minutes,
        )

    def _visit(self, nth: int) -> Appointment:
        return self.oracle.taken[nth % len(self.oracle.taken)].visit

    def _at(self, quarter: int) -> datetime:
        return self.world.start + timedelta(minutes=15 * quarter)


def _clock(quarter: int) -> time:
    return time(quarter // 4, quarter % 4 * 15)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "first"),
    [("America/New_York", date(2026, 3, 7)), ("Europe/Madrid", date(2026, 10, 24))],
    ids=["an hour is skipped", "an hour comes twice"],
)
def test_a_machine_that_does_everything_never_books_twice(
    frozen: time_machine.Traveller, zone: str, first: date
) -> None:
    world = make_world(zone, first, frozen)
    run_state_machine_as_test(type("Desk", (Desk,), {"world": world}), settings=OFTEN)
