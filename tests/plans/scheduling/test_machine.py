"""Whatever is done in whatever order: nobody and nothing is booked twice, and free slots are exactly those there are.

A machine books, overbooks, moves, cancels and undoes visits while hours, breaks, closures and time off change, over the
days on which the clock changes. After every step the rows are held against a slow oracle (`oracle.py`).
`MACHINE_EXAMPLES=200 make test ARGS="-k machine"` runs more and other examples than the few that every run repeats.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Refusal
from clinic.people.models import Membership, Practitioner
from clinic.places.models import Location, OpeningHours, Weekday
from clinic.places.services import (
    break_create,
    break_delete,
    closure_create,
    closure_delete,
    extra_hours_create,
    extra_hours_delete,
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
    max_examples=EXAMPLES or 5,
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
    """One location is open around the clock and keeps buffers, the other one has one room and a coarser grid."""
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
    day.rooms.latest("position").delete()
    practitioners = [factories.make_practitioner(place) for place in (night, night, day)]
    Membership.objects.create(user=practitioners[0].user, location=day, role=Role.PRACTITIONER)
    patients = [factories.make_patient(place) for place in (night, day, day)]
    world = World(first, [night, day], practitioners, patients, frozen, {night.pk: kind})
    frozen.move_to(world.now)
    return world


@dataclass(frozen=True)
class Pick:
    """Numbers that an act chooses with; each takes those it needs."""

    place: int
    who: int
    patient: int
    nth: int
    """Of the visits, or of the slots."""
    quarter: int
    """Of an hour, since the first midnight."""
    length: int
    """In quarters of an hour."""
    minutes: int


PICKS = st.builds(
    Pick,
    place=st.integers(0, 1),
    who=st.integers(0, 2),
    patient=st.integers(0, 2),
    nth=st.integers(0, 499),
    quarter=st.integers(0, DAYS * 96 - 1),
    length=st.integers(1, 48),
    minutes=st.sampled_from(MINUTES),
)


NEEDING_A_VISIT = ("book_over_another_visit", "move_to_a_free_slot", "move_to_any_time", "cancel", "confirm")
ACTS = [
    *("book_a_free_slot", "book_any_time", "book_any_time", "book_over_another_visit", "book_over_another_visit"),
    *("move_to_a_free_slot", "move_to_any_time", "move_to_any_time", "move_to_any_time", "cancel", "cancel"),
    *("confirm", "undo", "undo", "undo"),
    *("close", "open_again", "go_away", "come_back", "work_other_hours", "work_as_it_is_open", "open_at_other_hours"),
    *("pause", "pause_no_more", "open_longer", "open_no_longer", "wait"),
]


class Desk(RuleBasedStateMachine):
    """What desks and managers do; whether it can be is asked of the oracle first."""

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

    @initialize(picks=st.lists(PICKS, min_size=3, max_size=5))
    def some_are_booked_one_over_another_and_an_evening_is_open(self, picks: list[Pick]) -> None:
        for pick in picks:
            self.book_a_free_slot(pick)
        self.oracle = Oracle()
        self.book_over_another_visit(picks[0])
        self.open_longer(replace(picks[1], place=1))

    @rule(act=st.sampled_from(ACTS), pick=PICKS)
    def act(self, act: str, pick: Pick) -> None:
        """One rule for all: of few examples with a rule for each act, every one would leave most acts out."""
        note(act)
        if self.oracle.taken or act not in NEEDING_A_VISIT:
            getattr(self, act)(pick)

    def book_a_free_slot(self, pick: Pick) -> None:
        location, patient = self.world.places[pick.place], self.world.patients[pick.patient]
        slots = self._slots(location, Subject.of_consultation(patient), pick.minutes)
        if slots:
            self._book_slot(slots[pick.nth % len(slots)], location, patient, pick.minutes)

    def book_any_time(self, pick: Pick) -> None:
        location, practitioner = self.world.places[pick.place], self.world.practitioners[pick.who]
        patient, starts_at = self.world.patients[pick.patient], self._at(pick.quarter)
        kind = self.world.kind(location)
        self._expect(
            starts_at >= clock.now()
            and self.oracle.is_free(location, practitioner, patient.pk, starts_at, MINUTE * pick.minutes, kind),
            lambda: self._book(location, practitioner, patient, starts_at, pick.minutes),
        )

    def book_over_another_visit(self, pick: Pick) -> None:
        """By right, for a reason: over the practitioner's other visits, never over the room's or the patient's."""
        shift, length = MINUTE * 15 * (pick.length % 3), MINUTE * pick.minutes
        wishes = [
            (visit.location, visit.practitioner, patient, visit.starts_at + shift)
            for visit in (one.visit for one in self.oracle.taken)
            for patient in self.world.patients
        ]

        def asked(location: Location, practitioner: Practitioner, patient: Patient, starts_at: datetime) -> Any:
            return location, practitioner, patient.pk, starts_at, length, self.world.kind(location)

        possible = [wish for wish in wishes if self.oracle.is_free(*asked(*wish), over_others=True)]
        some = possible if pick.nth % 4 else wishes
        if not some:
            return
        wish = some[pick.nth % len(some)]
        by = self.world.practitioners[2 if wish[0] == self.world.places[1] else 1].user

        def overbook() -> None:
            visit = self._book(*wish, pick.minutes, by=by, override_reason="An emergency")
            assert visit.overbooked != self.oracle.is_free(*asked(*wish))

        self._expect(wish in possible and wish[3] >= clock.now(), overbook)

    def move_to_a_free_slot(self, pick: Pick) -> None:
        visit = self._visit(pick)
        subject = Subject.of_consultation(visit.patient).moving(visit)
        slots = self._slots(visit.location, subject, (visit.ends_at - visit.starts_at) // MINUTE)
        if slots:
            slot = slots[pick.nth % len(slots)]
            self._move(visit, self._practitioner(slot), slot.starts_at)

    def move_to_any_time(self, pick: Pick) -> None:
        """Near where it is, as often as anywhere."""
        visit = self._visit(pick)
        starts_at = visit.starts_at + MINUTE * 15 * (pick.length % 9 - 4) if pick.nth % 2 else self._at(pick.quarter)
        practitioner = visit.practitioner if pick.nth % 3 else self.world.practitioners[pick.who]
        length, kind = visit.ends_at - visit.starts_at, self.world.kind(visit.location)
        asked = (visit.location, practitioner, visit.patient_id, starts_at, length, kind)
        stays = visit.starts_at == starts_at and visit.practitioner_id == practitioner.pk
        self._expect(
            stays or (starts_at >= clock.now() and self.oracle.is_free(*asked, moving=visit.pk)),
            lambda: self._move(visit, practitioner, starts_at),
        )

    def cancel(self, pick: Pick) -> None:
        appointment_cancel(appointment_id=self._visit(pick).pk, by=None, reason="other")

    def confirm(self, pick: Pick) -> None:
        visit = self._visit(pick)
        self._expect(visit.status == "booked", lambda: appointment_confirm(appointment_id=visit.pk, by=None))

    def undo(self, pick: Pick) -> None:
        """The last booking, move or cancellation of any visit, cancelled ones too."""
        visits = list(Appointment.objects.order_by("pk"))
        if visits:
            visit = visits[pick.nth % len(visits)]
            self._expect(None, lambda: appointment_undo(appointment_id=visit.pk, by=None))

    def close(self, pick: Pick) -> None:
        period = {"starts_at": self._at(pick.quarter), "ends_at": self._at(pick.quarter + pick.length // 4 + 1)}
        closure_create(location=self.world.places[pick.place], reason="Painters", **period)

    def open_again(self, pick: Pick) -> None:
        for closure in self.oracle.closures[:1]:
            closure_delete(closure_id=closure.pk)

    def go_away(self, pick: Pick) -> None:
        period = {"starts_at": self._at(pick.quarter), "ends_at": self._at(pick.quarter + pick.length)}
        time_off_create(practitioner=self.world.practitioners[pick.who], **period)

    def come_back(self, pick: Pick) -> None:
        for time_off in self.oracle.off[:1]:
            time_off_delete(time_off_id=time_off.pk)

    def work_other_hours(self, pick: Pick) -> None:
        """A practitioner's own hours at a location, on one day of the week; none there on other days from then on."""
        opens = pick.quarter % 80
        self._expect(
            None,  # these may overlap their own, or be those of somebody who does not practise there
            lambda: opening_hours_create(
                location=self.world.places[pick.place],
                practitioner=self.world.practitioners[pick.who],
                weekday=self._weekday(pick),
                opens_at=_clock(opens),
                closes_at=_clock(min(opens + pick.length, 95)),
            ),
        )

    def pause(self, pick: Pick) -> None:
        """A weekly break, of the location or of somebody there."""
        starts = pick.quarter % 90
        self._expect(
            None,
            lambda: break_create(
                location=self.world.places[pick.place],
                practitioner=self.world.practitioners[pick.who] if pick.nth % 2 else None,
                weekday=self._weekday(pick),
                starts_at=_clock(starts),
                ends_at=_clock(starts + pick.length % 5 + 1),
            ),
        )

    def pause_no_more(self, pick: Pick) -> None:
        for one in self.oracle.breaks[:1]:
            break_delete(break_id=one.pk)

    def open_longer(self, pick: Pick) -> None:
        """Extra hours on the afternoon or evening of one date, for everybody or for one."""
        opens = 56 + pick.quarter % 38
        self._expect(
            None,
            lambda: extra_hours_create(
                location=self.world.places[pick.place],
                practitioner=self.world.practitioners[pick.who] if pick.nth % 2 else None,
                on=self.world.first + timedelta(days=pick.patient % DAYS),
                opens_at=_clock(opens),
                closes_at=_clock(min(opens + pick.length, 95)),
            ),
        )

    def open_no_longer(self, pick: Pick) -> None:
        for extra in self.oracle.extras[:1]:
            extra_hours_delete(extra_hours_id=extra.pk)

    def work_as_it_is_open(self, pick: Pick) -> None:
        for hours in self.oracle.own_hours()[:1]:
            opening_hours_delete(opening_hours_id=hours.pk)

    def open_at_other_hours(self, pick: Pick) -> None:
        place = self.world.places[pick.place]
        row = OpeningHours.objects.get(location=place, practitioner=None, weekday=self._weekday(pick))
        opens = pick.quarter % 40
        changes = {"opens_at": _clock(opens), "closes_at": _clock(opens + 7 + pick.length)}
        opening_hours_update(opening_hours_id=row.pk, changes=changes)

    def wait(self, pick: Pick) -> None:
        """Past the grace period, or past some of the slots."""
        self.world.frozen.shift(MINUTE * (2 if pick.nth % 3 else 5 * pick.length))

    @invariant()
    def nobody_and_nothing_is_booked_twice_and_free_slots_are_exactly_those_there_are(self) -> None:
        """Slots for one place, patient and length in turn; one of them is booked, and so is something that is none."""
        self.oracle = oracle = Oracle()
        assert oracle.double_bookings() == []
        self.steps += 1
        location = self.world.places[self.steps % 2]
        patient = self.world.patients[self.steps % 3]
        minutes = MINUTES[self.steps % 4]
        slots = self._slots(location, Subject.of_consultation(patient), minutes)
        kind, now = self.world.kind(location), clock.now()
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
        length = MINUTE * minutes
        taken = [one for one in missing if oracle.works(location, one[0], one[1], one[1] + length)]
        shut = [one for one in missing if oracle.is_shut(location, one[0], one[1], one[1] + length)]
        for some in (taken or missing, shut or missing):  # another visit stands in the way; a closure, or time off
            if some:
                who, starts_at = some[self.steps * 37 % len(some)]
                self._expect(False, partial(self._book, location, who, patient, starts_at, minutes))

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
        **more: Any,
    ) -> Appointment:
        return appointment_book(
            **{
                "by": None,
                "location": location,
                "practitioner": practitioner,
                "starts_at": starts_at,
                "consultation_for": patient,
                "duration_minutes": minutes,
                **more,
            }
        )

    def _book_slot(self, slot: Slot, location: Location, patient: Patient, minutes: int) -> None:
        """As it was offered, room included."""
        room = location.rooms.get(pk=slot.room_id)
        visit = self._book(location, self._practitioner(slot), patient, slot.starts_at, minutes, room=room)
        assert (visit.room_id, visit.ends_at) == (slot.room_id, slot.ends_at)

    def _move(self, visit: Appointment, practitioner: Practitioner, starts_at: datetime) -> None:
        appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=starts_at, practitioner=practitioner)

    def _practitioner(self, slot: Slot) -> Practitioner:
        return next(one for one in self.world.practitioners if one.pk == slot.practitioner_id)

    def _slots(self, location: Location, subject: Subject, minutes: int) -> list[Slot]:
        return slots_for(
            frame_of(location.pk),
            subject,
            first=self.world.first,
            last=self.world.last,
            duration=MINUTE * minutes,
        )

    def _visit(self, pick: Pick) -> Appointment:
        return self.oracle.taken[pick.nth % len(self.oracle.taken)].visit

    def _at(self, quarter: int) -> datetime:
        return self.world.start + timedelta(minutes=15 * quarter)

    def _weekday(self, pick: Pick) -> int:
        return (self.world.first + timedelta(days=pick.nth % DAYS)).isoweekday()


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
