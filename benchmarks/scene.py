"""What every measure takes: the act timed in turns with its floor, and the location under load that it works on."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import psycopg

from clinic import clock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from plans.scheduling.models import Appointment

SEARCH_DAYS, SEARCH_PRACTITIONERS = 14, 10


@dataclass
class Measure:
    """Seconds of one act, ours and the floor's, a value for each turn."""

    title: str
    floor_title: str
    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    remark: str = ""
    """What a time does not say; printed below the table."""

    def turn(self, ours: Callable[[], Any], floor: Callable[[], Any], *, acts: int = 1) -> None:
        """Time `acts` of each; the floor goes first every second turn."""
        pair = [(self.ours, ours), (self.floor, floor)]
        for values, act in reversed(pair) if len(self.ours) % 2 else pair:
            values.append(seconds_of(act) / acts)


def seconds_of(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def p50(values: Sequence[float]) -> float:
    return median(values)


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


@dataclass(frozen=True)
class Scene:
    """What the measures work on: a location under load, and how often to try."""

    location: Location
    desk: User
    turns: int
    batch: int
    """Mails a turn, and timelines."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def windows(self) -> list[tuple[date, date]]:
        """`turns` random fortnights among the days that have visits to come."""
        today = clock.today(self.location.zone)
        ends = Appointment.objects.filter(location=self.location).latest("starts_at").starts_at.date()
        last = max((ends - today).days - SEARCH_DAYS, 1)
        firsts = [today + timedelta(days=self.dice.randint(1, last)) for _ in range(self.turns)]
        return [(first, first + timedelta(days=SEARCH_DAYS - 1)) for first in firsts]

    def practitioners(self) -> list[UUID]:
        here = Practitioner.objects.filter(user__memberships__location=self.location).order_by("pk")
        return self.dice.sample(list(here.values_list("pk", flat=True)), SEARCH_PRACTITIONERS)

    def patients(self, count: int) -> list[Patient]:
        return list(Patient.objects.filter(home_location=self.location)[:count])


def bare_connection() -> psycopg.Connection[Any]:
    """PostgreSQL without Django; parameters are bound as Django binds them, so that the plans are the same."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, cursor_factory=psycopg.ClientCursor)


def repeat(act: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        act()
