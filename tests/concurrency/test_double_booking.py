"""Nobody is booked twice, whoever commits when: separate processes at the same slots, with the guards off and on.

`pytest tests/concurrency -n 0 -s` prints the figures.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Busy
from clinic.locking import advisory_key
from clinic.people.models import Practitioner
from clinic.places.models import Location
from patients.models import Patient
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, appointment_cancel
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

BOOKERS, ROUNDS = 6, 6
CONSTRAINTS = ("practitioner_not_double_booked", "room_not_double_booked", "patient_not_double_booked")
OVERLAPS = """
    SELECT count(*) FROM plans_appointment a JOIN plans_appointment b ON a.id < b.id
    WHERE a.status IN ('booked', 'confirmed', 'arrived') AND b.status IN ('booked', 'confirmed', 'arrived')
        AND a.{column} = b.{column} AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"""

Wish = dict[str, str]


@dataclass
class Races:
    """Who and what is raced for. Every race is one slot a round, and one winner."""

    location: Location
    practitioners: list[Practitioner]
    patients: list[Patient]
    days: list[date]

    def wishes(self) -> list[list[Wish]]:
        """For each booker its wishes, round by round: the practitioner, the room and the patient in turn."""
        rounds: list[list[Wish]] = []
        for number in range(ROUNDS):
            rounds.append([self._wish(self.location, number, "09:00", 0, booker) for booker in range(BOOKERS)])
            rounds.append([self._wish(self._one_room, number, "11:00", booker, booker) for booker in range(BOOKERS)])
            rounds.append([self._wish(self.location, number, "14:00", booker, 0) for booker in range(BOOKERS)])
        return [list(own) for own in zip(*rounds, strict=True)]

    @property
    def _one_room(self) -> Location:
        return Location.objects.get(name="One room")

    def _wish(self, location: Location, number: int, clock: str, practitioner: int, patient: int) -> Wish:
        return {
            "location": str(location.pk),
            "practitioner": str(self.practitioners[practitioner].pk),
            "patient": str(self.patients[patient].pk),
            "starts_at": factories.local(location, self.days[number], clock).isoformat(),
        }


@pytest.fixture
def races(transactional_db: None) -> Races:
    location, one_room = factories.make_location("Many rooms"), factories.make_location("One room")
    for number in range(BOOKERS):
        factories.make_room(location, f"Booth {number}")
    one_room.rooms.exclude(pk=one_room.rooms.earliest("position").pk).delete()
    practitioners = [factories.make_practitioner(location) for _ in range(BOOKERS)]
    for practitioner in practitioners:
        practitioner.user.memberships.create(location=one_room, role="practitioner")
    first = factories.next_weekday(location, after_days=30)
    weekdays = [first + timedelta(days=offset) for offset in range(2 * ROUNDS)]
    return Races(
        location,
        practitioners,
        [factories.make_patient(location) for _ in range(BOOKERS)],
        [day for day in weekdays if day.isoweekday() <= 5][:ROUNDS],
    )


class Scratch:
    """A copy of this test's database: what is taken off there is missing nowhere else."""

    def __init__(self, environment: dict[str, str], name: str) -> None:
        self.name = name
        self.url = urlsplit(environment["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        self.environment = environment | {"DATABASE_URL": self.url}

    def ask(self, sql: str) -> Any:
        """The one value of a query on the copy."""
        with self.connect() as copy:
            ((value,),) = copy.execute(sql).fetchall()
            return value

    def drop_constraints(self) -> None:
        with self.connect() as copy:
            for name in CONSTRAINTS:
                copy.execute(f"ALTER TABLE plans_appointment DROP CONSTRAINT {name}")

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(**(connection.get_connection_params() | {"dbname": self.name, "cursor_factory": None}))

    def overlaps(self) -> dict[str, int]:
        """Pairs of live visits at the same time, by who or what is taken twice."""
        return {
            column: self.ask(OVERLAPS.format(column=f"{column}_id")) for column in ("practitioner", "room", "patient")
        }

    def deadlocks(self) -> int:
        """How many PostgreSQL has broken; complete once the bookers' connections are closed."""
        found: int = self.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return found


@contextmanager
def maintenance() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server that holds no test's database open."""
    parameters = connection.get_connection_params() | {"dbname": "postgres", "cursor_factory": None}
    connection.close()
    with psycopg.connect(**parameters, autocommit=True) as server:
        yield server


@contextmanager
def copied(environment: dict[str, str]) -> Iterator[Scratch]:
    """A copy of what this test has committed so far. Nobody may hold open what is copied: idle connections end."""
    name = f"race_{uuid4().hex}"
    with maintenance() as server:
        source = connection.settings_dict["NAME"]
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source])
        server.execute(f'CREATE DATABASE {name} TEMPLATE "{source}"')
    try:
        yield Scratch(environment, name)
    finally:
        with maintenance() as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def scratch(races: Races, child_environment: dict[str, str]) -> Iterator[Scratch]:
    with copied(child_environment) as copy:
        yield copy


@dataclass(frozen=True)
class Result:
    outcomes: list[dict[str, Any]]
    overlaps: dict[str, int]
    deadlocks: int

    def of(self, race: int) -> list[Counter[str]]:
        """What came of each round of one race, by result."""
        rounds: dict[int, Counter[str]] = {}
        for outcome in self.outcomes:
            if outcome["round"] % 3 == race:
                rounds.setdefault(outcome["round"], Counter())[outcome["result"]] += 1
        return list(rounds.values())

    def tell(self, guards: str) -> None:
        worst = max(outcome["seconds"] for outcome in self.outcomes)
        results = dict(Counter(outcome["result"] for outcome in self.outcomes))
        sys.stdout.write(
            f"\n{guards}: {BOOKERS} processes, {len(self.outcomes)} attempts: {results}; taken twice {self.overlaps}; "
            f"deadlocks {self.deadlocks}; worst wait {worst * 1000:.0f} ms\n"
        )


def run(scratch: Scratch, wishes: list[list[Wish]], *, locks: bool, guards: str) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "tests.concurrency.booker"],
        input=json.dumps({"locks": locks, "wishes": wishes}),
        env=scratch.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = Result(json.loads(done.stdout), scratch.overlaps(), scratch.deadlocks())
    result.tell(guards)
    return result


def test_without_guards_practitioner_room_and_patient_are_booked_twice(races: Races, scratch: Scratch) -> None:
    """The race is real: otherwise the tests below would prove nothing."""
    scratch.drop_constraints()

    result = run(scratch, races.wishes(), locks=False, guards="no locks, no constraints")

    assert all(result.overlaps.values()), result.overlaps


def test_the_constraints_alone_let_nobody_be_booked_twice(races: Races, scratch: Scratch) -> None:
    """Fails where a constraint is dropped: nothing else holds here."""
    few = [own[:9] for own in races.wishes()]  # what the constraints let wait for each other takes a second to resolve

    result = run(scratch, few, locks=False, guards="constraints alone")

    assert result.overlaps == {"practitioner": 0, "room": 0, "patient": 0}


def test_with_locks_and_constraints_one_booking_wins_each_slot_and_nothing_deadlocks(
    races: Races, scratch: Scratch
) -> None:
    result = run(scratch, races.wishes(), locks=True, guards="locks and constraints")

    assert result.overlaps == {"practitioner": 0, "room": 0, "patient": 0}
    assert result.deadlocks == 0
    for race in range(3):
        assert result.of(race) == [Counter(booked=1, slot_taken=BOOKERS - 1)] * ROUNDS


def test_visits_that_change_places_and_race_for_one_time_neither_collide_nor_deadlock(
    races: Races, child_environment: dict[str, str]
) -> None:
    hours = [f"{hour:02}:00" for hour in range(9, 9 + BOOKERS)]
    visits = [
        appointment_book(
            by=None,
            location=races.location,
            practitioner=races.practitioners[booker],
            starts_at=factories.local(races.location, races.days[0], hours[booker]),
            consultation_for=races.patients[booker],
        )
        for booker in range(BOOKERS)
    ]

    def wish(booker: int, practitioner: int, clock: str) -> Wish:
        return {
            "appointment": str(visits[booker].pk),
            "practitioner": str(races.practitioners[practitioner % BOOKERS].pk),
            "starts_at": factories.local(races.location, races.days[0], clock).isoformat(),
        }

    wishes = [
        [
            wish(booker, number, "16:00") if number % 2 else wish(booker, booker + number, hours[booker])
            for number in range(ROUNDS)
        ]
        for booker in range(BOOKERS)
    ]
    with copied(child_environment) as copy:
        result = run(copy, wishes, locks=True, guards="moves")

    assert result.overlaps == {"practitioner": 0, "room": 0, "patient": 0}
    assert result.deadlocks == 0
    for number in range(ROUNDS):
        came = Counter(outcome["result"] for outcome in result.outcomes if outcome["round"] == number)
        assert came == (Counter(booked=1, slot_taken=BOOKERS - 1) if number % 2 else Counter(booked=BOOKERS))


@contextmanager
def somebody_holding(sql: str, value: object) -> Iterator[None]:
    """Another transaction that has taken a lock, as `sql` does, and does not end."""
    parameters = connection.get_connection_params() | {"cursor_factory": None}
    with psycopg.connect(**parameters) as other:
        other.execute(sql, [value])
        yield
        other.rollback()


def test_a_booking_waits_for_a_lock_no_longer_than_twice_the_timeout_and_then_says_busy(
    races: Races, settings: LazySettings
) -> None:
    settings.LOCK_TIMEOUT = "100ms"
    patient = races.patients[0]
    book = partial(
        appointment_book,
        by=None,
        location=races.location,
        practitioner=races.practitioners[0],
        starts_at=factories.local(races.location, races.days[0], "10:00"),
        consultation_for=patient,
    )

    with (
        somebody_holding("SELECT pg_advisory_xact_lock(%s)", advisory_key(patient.pk)),
        CaptureQueriesContext(connection) as queries,
        pytest.raises(Busy),
    ):
        book()

    assert sum("pg_advisory_xact_lock" in entry["sql"] for entry in queries.captured_queries) == 2
    assert not Appointment.objects.exists()
    assert book().is_live


def test_a_change_of_a_visit_that_somebody_else_changes_says_busy(races: Races, settings: LazySettings) -> None:
    settings.LOCK_TIMEOUT = "100ms"
    visit = appointment_book(
        by=None,
        location=races.location,
        practitioner=races.practitioners[0],
        starts_at=factories.local(races.location, races.days[0], "10:00"),
        consultation_for=races.patients[0],
    )
    cancel = partial(appointment_cancel, appointment_id=visit.pk, by=None, reason="patient")

    with somebody_holding("SELECT FROM plans_appointment WHERE id = %s FOR UPDATE", visit.pk), pytest.raises(Busy):
        cancel()

    assert cancel().status == Appointment.Status.CANCELLED
