"""Books the same slots from several processes at once. Run as a program: a race on stdin, what came of it on stdout.

One process sets Django up and forks the bookers before any connection is open; each then has a connection of its own.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any
from unittest.mock import patch
from uuid import UUID

import django

PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class Outcome:
    """What one attempt came to: `booked`, or the code of its refusal or failure; and how long it took."""

    round: int
    result: str
    seconds: float


def attempt(wish: dict[str, Any]) -> str:
    """Book or move a visit as `wish` says; returns what came of it."""
    from django.db import OperationalError

    from clinic.errors import Refusal
    from clinic.people.models import Practitioner
    from clinic.places.models import Location
    from patients.models import Patient
    from plans.scheduling.services import appointment_book, appointment_reschedule

    starts_at = datetime.fromisoformat(wish["starts_at"])
    practitioner = Practitioner.objects.get(pk=wish["practitioner"])
    try:
        if "appointment" in wish:
            appointment_reschedule(
                appointment_id=wish["appointment"], by=None, starts_at=starts_at, practitioner=practitioner
            )
        else:
            appointment_book(
                by=None,
                location=Location.objects.get(pk=wish["location"]),
                practitioner=practitioner,
                starts_at=starts_at,
                consultation_for=Patient.objects.get(pk=wish["patient"]),
            )
    except Refusal as refusal:
        return refusal.code
    except OperationalError as error:
        return getattr(error.__cause__, "sqlstate", None) or "failed"
    return "booked"


def book_all(wishes: list[dict[str, Any]], together: Barrier, tell: Connection) -> None:
    """One booker: in every round, when all are ready, make its wish."""
    from django.db import connection

    connection.ensure_connection()
    outcomes = []
    for number, wish in enumerate(wishes):
        together.wait(PATIENCE_SECONDS)
        begun = time.perf_counter()
        result = attempt(wish)
        outcomes.append(asdict(Outcome(number, result, time.perf_counter() - begun)))
    tell.send(outcomes)


def race(wishes: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Let one process for each list of wishes make them, round by round; returns every outcome."""
    context = multiprocessing.get_context("fork")
    together = context.Barrier(len(wishes))
    hear: list[Connection] = []
    for own in wishes:
        end, tell = context.Pipe(duplex=False)
        context.Process(target=book_all, args=(own, together, tell), daemon=True).start()
        hear.append(end)
    outcomes: list[dict[str, Any]] = []
    for end in hear:
        if not end.poll(PATIENCE_SECONDS):
            raise TimeoutError("a booker did not come to an end")
        outcomes += end.recv()
    for process in multiprocessing.active_children():
        process.join()
    return outcomes


def take_locks_off() -> None:
    """From now on no booking waits for another one before it looks at the calendar."""

    def hold_nothing(*ids: UUID | None, others: Iterable[UUID] = (), shared: Iterable[UUID] = ()) -> None:
        pass

    patch("plans.scheduling.services.booking.hold", hold_nothing).start()
    patch("plans.scheduling.services.booking.patient_lock").start()  # which is there for merges, and guards this too


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    django.setup()
    if not asked["locks"]:
        take_locks_off()
    json.dump(race(asked["wishes"]), sys.stdout)
