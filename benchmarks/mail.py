"""Mail in bulk: how fast one, two and four processes deliver, what a claim costs among many rows, what a worker holds.

Processes of their own deliver into Postfix's `smtp-sink`, in turns with processes that send a prebuilt mail over one
connection each into the same: that is the floor.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from django.db import connection, transaction

from benchmarks.scene import p50, p95, seconds_of
from benchmarks.sink import SMTP_SINK, PostfixSink
from clinic import clock
from clinic.local.home import PROJECT, Home
from plans.messages.health import oldest_due_seconds
from plans.messages.leases import BATCH, lease
from plans.messages.models import PatientMessage
from plans.messages.sweep import Found, reconcile

PROCESSES = (1, 2, 4)
TURNS = 3
CLAIMS = 200
LOOKS = 100
FEW = 10_000
LONG_AGO, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_offsets = count(1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """`mails` a turn of the delivery rate, `messages` in the table for the claims, `drained` by one process."""

    mails: int
    messages: int
    drained: int


def mails(sizes: Sizes, say: Callable[[str], None]) -> str:
    """All of it, as Markdown tables. `say` takes each line as it is known."""
    parts = []
    _let_settle()
    with _mail_server(say) as environment:
        parts.append(_claims(sizes.messages, say))  # the small table first
        parts.append(_rates(sizes.mails, environment, say))
        if sizes.drained:
            parts.append(_drain(sizes.drained, environment, say))
    return "\n\n".join(parts)


@contextmanager
def _mail_server(say: Callable[[str], None]) -> Iterator[dict[str, str]]:
    """The environment of processes that deliver into `smtp-sink`; into the benchmarks' own where that is missing."""
    if not SMTP_SINK.exists():
        say(f"{SMTP_SINK} is missing (Debian's `postfix` has it): mail goes into the sink of these benchmarks instead.")
        yield dict(os.environ)
        return
    sink = PostfixSink(Home(Path(os.environ["CLINIC_HOME"])))
    sink.start()
    try:
        sink.wait_until_answering()
        yield os.environ | {"EMAIL_URL": sink.url}
    finally:
        sink.stop()


# Delivery rate


def _rates(mails_a_turn: int, environment: dict[str, str], say: Callable[[str], None]) -> str:
    lines = [
        "| processes | mails | a second | floor, as many processes | ratio | of the floor of one |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    alone = 0.0
    for processes in PROCESSES:
        ours: list[float] = []
        floor: list[float] = []
        for turn in range(TURNS):
            pair = [(floor, "floor"), (ours, "deliver")]
            for rates, what in reversed(pair) if turn % 2 else pair:
                if what == "deliver":
                    _make_due(mails_a_turn)
                rates.append(_rate(what, processes, mails_a_turn, environment))
        alone = alone or p50(floor)
        cells = [str(processes), f"{mails_a_turn:,}", f"{p50(ours):,.0f}", f"{p50(floor):,.0f}"]
        lines.append(f"| {' | '.join(cells)} | {p50(ours) / p50(floor):.2f} | {p50(ours) / alone:.2f} |")
        say(lines[-1])
    return "\n".join(lines)


def _rate(what: str, processes: int, mails_in_all: int, environment: dict[str, str]) -> float:
    """Mails a second of so many processes together, from the first that begins to the last that ends."""
    found = _work(what, processes, mails_in_all, environment)
    sent = sum(one["sent"] for one in found)
    if sent != mails_in_all:
        raise RuntimeError(f"{sent} of {mails_in_all} mails were sent.")
    return sent / (max(one["ended"] for one in found) - min(one["began"] for one in found))


def _work(what: str, processes: int, mails_in_all: int, environment: dict[str, str]) -> list[dict[str, float]]:
    """Let so many processes share the work, beginning together; returns what each says of itself."""
    share = mails_in_all // processes if what == "floor" else mails_in_all
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.deliverer", what, str(share)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError("A process that should deliver did not come up.")
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate()[0].splitlines()[-1]) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


# Claims


CLAIMS_HEAD = (
    "| messages | claimed a second | 25 of them, p50 ms | p95 ms | nothing due, p50 ms | p95 ms | oldest due, p50 ms |"
    " sweep, s |"
)


def _claims(messages: int, say: Callable[[str], None]) -> str:
    lines = [CLAIMS_HEAD, "|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for size in (FEW, messages):
        there = PatientMessage.objects.count()
        # About visits that are over: a sweep would bring those of visits to come in line with their policy.
        _make(max(0, size - there), clock.now() + timedelta(days=400), (LONG_AGO, clock.now()))
        while lease(None, BATCH, clock.now()).rows:  # what a sweep has planned and is due
            pass
        _vacuum()
        nothing = [seconds_of(lambda: _lease(0)) for _ in range(LOOKS)]
        _make_due(CLAIMS * BATCH)
        claims = [seconds_of(lambda: _lease(BATCH)) for _ in range(CLAIMS)]
        oldest = [seconds_of(oldest_due_seconds) for _ in range(LOOKS)]
        PatientMessage.objects.filter(lease_token__isnull=False).delete()
        while reconcile() != Found(0, 0, 0):
            pass
        sweep = seconds_of(reconcile)
        cells = [f"{PatientMessage.objects.count():,}", f"{BATCH / p50(claims):,.0f}"]
        cells += [f"{seconds * 1000:.3g}" for half in (claims, nothing) for seconds in (p50(half), p95(half))]
        lines.append(f"| {' | '.join(cells)} | {p50(oldest) * 1000:.3g} | {sweep:.2f} |")
        say(lines[-1])
    return "\n".join(lines)


def _lease(expected: int) -> None:
    found = lease(None, BATCH, clock.now())
    if len(found.rows) != expected:
        raise RuntimeError(f"{len(found.rows)} rows were claimed instead of {expected}.")


def _vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE plans_patientmessage")
        cursor.execute("RESET statement_timeout")


# Memory


def _drain(mails_in_all: int, environment: dict[str, str], say: Callable[[str], None]) -> str:
    _make_due(mails_in_all)
    _vacuum()
    began = time.monotonic()
    (found,) = _work("deliver", 1, mails_in_all, environment)
    seconds = time.monotonic() - began
    if found["sent"] != mails_in_all:
        raise RuntimeError(f"{found['sent']} of {mails_in_all} mails were sent.")
    text = f"One process drained {mails_in_all:,} mails in {seconds:,.0f} s ({mails_in_all / seconds:,.0f} a second)."
    if found["peak_mb"] is not None:  # the kernel says it
        text += f" It held {found['warm_mb']:.0f} MB after its first mails and {found['peak_mb']:.0f} MB at most."
    say(text)
    return text


# Rows


def _let_settle() -> None:
    """Make the location one that has stood for a day: after a change of it a sweep would walk all of its mail."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # its history is append-only
        cursor.execute("UPDATE clinic_locationevent SET pgh_created_at = pgh_created_at - interval '1 day'")


def _make_due(number: int) -> None:
    """So many mails that are due now, about visits to come."""
    _make(number, clock.now() - timedelta(seconds=1), (clock.now() + timedelta(days=2), LATEST))


def _make(number: int, due_at: datetime, between: tuple[datetime, datetime]) -> None:
    """Reminders of visits that start between these, by INSERT … SELECT; each has an offset of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for first in range(0, number, 50_000):
            size = min(50_000, number - first)
            cursor.execute(COPIES, [*between, size, next(_offsets), due_at, due_at])
        cursor.execute("RESET statement_timeout")


COPIES = """
    WITH visit AS (
      SELECT row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS visits, *
      FROM plans_appointment
      WHERE (status IN ('booked', 'confirmed') OR starts_at < now()) AND starts_at BETWEEN %s AND %s
    )
    INSERT INTO plans_patientmessage (
      id, created_at, updated_at, patient_id, location_id, kind, "offset", appointment_id, appointment_revision,
      status, status_reason, due_at, not_before, expires_at, attempts, to_address, message_id, failure
    )
    SELECT key, now(), now(), patient_id, location_id, 'reminder', 'B' || to_hex(of.batch) || '-' || to_hex(of.number),
           visit.id, visit.revision, 'pending', '', of.due_at, of.not_before,
           greatest(visit.starts_at, of.due_at + interval '1 day'), 0, '', '<' || key || '@localhost>', ''
    FROM (
      SELECT uuidv7() AS key, number, %s::int AS size, %s::int AS batch, %s::timestamptz AS due_at,
             %s::timestamptz AS not_before
      FROM generate_series(1, 50000) AS number
    ) of
    JOIN visit ON visit.number = 1 + of.number %% visit.visits
    WHERE of.number <= of.size
"""
