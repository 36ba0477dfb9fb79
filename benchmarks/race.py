"""Many processes that book the same slots at once: bookings a second, overlaps, deadlocks, and the longest wait.

Run as a program it is the bookers: their wishes on stdin, what came of each on stdout. One process sets Django up and
forks them before any connection is open; each then has one of its own.
"""

import json
import multiprocessing
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.scene import Scene

PROCESSES = 12
PATIENCE_SECONDS = 1800
OVERLAPS = """
WITH raced AS MATERIALIZED (
    SELECT * FROM plans_appointment
    WHERE location_id = %(location)s AND status IN ('booked', 'confirmed', 'arrived')
        AND starts_at >= %(first)s AND starts_at <= %(last)s
)
SELECT count(*) FILTER (WHERE a.practitioner_id = b.practitioner_id AND a.practitioner_busy && b.practitioner_busy)
    + count(*) FILTER (WHERE a.room_id = b.room_id AND a.room_busy && b.room_busy)
    + count(*) FILTER (WHERE a.patient_id = b.patient_id)
FROM raced a JOIN raced b ON a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: `booked`, or the code of its refusal, with what is free instead; in how many seconds; and when, by
    one clock for all."""

    result: str
    seconds: float
    ended: float


@dataclass(frozen=True, slots=True)
class Race:
    """What came of one race."""

    title: str
    tried: Sequence[Tried]
    seconds: float
    """From the first attempt's start to the last one's end."""
    overlaps: int
    deadlocks: int

    def __str__(self) -> str:
        from benchmarks.scene import p50, p95

        results = Counter(one.result for one in self.tried)
        waits = [one.seconds for one in self.tried]
        others = len(waits) - results["booked"] - results["slot_taken"]
        cells = [
            self.title,
            f"{len(waits):,}",
            f"{results['booked']:,}",
            f"{results['booked'] / self.seconds:.1f}",
            f"{len(waits) / self.seconds:.1f}",
            *(f"{wait * 1000:,.0f}" for wait in (p50(waits), p95(waits), max(waits))),
            *(str(number) for number in (self.overlaps, self.deadlocks, others)),
        ]
        return f"| {' | '.join(cells)} |"


HEAD = (
    f"| {PROCESSES} processes | tries | booked | booked a second | tries a second | p50 ms | p95 ms | worst ms "
    "| overlaps | deadlocks | other refusals |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def races(scene: "Scene", slots: int) -> str:
    """`slots` slots wanted by every process, and as many by one process each, as a Markdown table.

    Raises RuntimeError where anybody or anything was booked twice, or a slot that all wanted was given to nobody.
    """
    from datetime import timedelta

    from plans.scheduling.availability import frame_of
    from plans.scheduling.search import slots_for

    (first, _), *_ = scene.windows()
    free = slots_for(
        frame_of(scene.location.pk),
        None,
        first=first,
        last=first + timedelta(days=60),
        practitioners=scene.practitioners(),
    )
    even = [slot for slot in free if slot.starts_at.minute in (0, 30)]
    chosen = scene.dice.sample(even, 2 * slots)
    patients = iter(scene.patients(slots * (PROCESSES + 1)))

    def wish(number: int) -> dict[str, str]:
        slot = chosen[number]
        return {
            "location": str(scene.location.pk),
            "practitioner": str(slot.practitioner_id),
            "starts_at": slot.starts_at.isoformat(),
            "patient": str(next(patients).pk),
        }

    together = [[wish(number) for number in range(slots)] for _ in range(PROCESSES)]
    apart: list[list[dict[str, str]]] = [[] for _ in range(PROCESSES)]
    for number in range(slots, 2 * slots):
        apart[number % PROCESSES].append(wish(number))
    run = [_run(scene, f"all at the same {slots} slots", together), _run(scene, f"{slots} slots, each its own", apart)]
    booked = sum(one.result == "booked" for one in run[0].tried)
    if any(race.overlaps for race in run):
        raise RuntimeError(f"Somebody was booked twice: {[race.overlaps for race in run]} overlaps")
    if booked > slots:
        raise RuntimeError(f"{slots} slots were booked {booked} times")
    return "\n".join([HEAD, *map(str, run)])


def _run(scene: "Scene", title: str, wishes: list[list[dict[str, str]]]) -> Race:
    before = _one(DEADLOCKS)
    starts = sorted(datetime.fromisoformat(wish["starts_at"]) for own in wishes for wish in own)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.race"], input=json.dumps(wishes), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"The bookers failed: {done.stderr[-2000:]}")
    tried = [Tried(**one) for one in json.loads(done.stdout)]
    span = max(one.ended for one in tried) - min(one.ended - one.seconds for one in tried)
    overlaps = _one(OVERLAPS, {"location": scene.location.pk, "first": starts[0], "last": starts[-1]})
    return Race(title, tried, span, overlaps, _one(DEADLOCKS) - before)


def _one(sql: str, parameters: dict[str, Any] | None = None) -> int:
    from benchmarks.scene import bare_connection

    with bare_connection() as bare:
        row = bare.execute(sql, parameters).fetchone()
    assert row is not None
    return int(row[0])


def _attempt(wish: dict[str, str]) -> str:
    from clinic.errors import Refusal
    from clinic.people.models import Practitioner
    from clinic.places.models import Location
    from patients.models import Patient
    from plans.scheduling.services import appointment_book

    try:
        appointment_book(
            by=None,
            location=Location.objects.get(pk=wish["location"]),
            practitioner=Practitioner.objects.select_related("user").get(pk=wish["practitioner"]),
            starts_at=datetime.fromisoformat(wish["starts_at"]),
            consultation_for=Patient.objects.get(pk=wish["patient"]),
        )
    except Refusal as refusal:
        code, _ = refusal.code, refusal.extra  # as the API says them
        return code
    return "booked"


def _book_all(wishes: list[dict[str, str]], together: Barrier, tell: Connection) -> None:
    from django.db import connection

    connection.ensure_connection()
    together.wait(PATIENCE_SECONDS)
    found = []
    for wish in wishes:
        begun = time.monotonic()
        result = _attempt(wish)
        ended = time.monotonic()
        found.append(asdict(Tried(result, ended - begun, ended)))
    tell.send(found)


def _race(wishes: list[list[dict[str, str]]]) -> list[dict[str, Any]]:
    context = multiprocessing.get_context("fork")
    together = context.Barrier(len(wishes))
    hear: list[Connection] = []
    for own in wishes:
        end, tell = context.Pipe(duplex=False)
        context.Process(target=_book_all, args=(own, together, tell), daemon=True).start()
        tell.close()  # so that a booker that dies is heard to have ended
        hear.append(end)
    return [one for end in hear for one in end.recv()]


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(_race(json.load(sys.stdin))))
