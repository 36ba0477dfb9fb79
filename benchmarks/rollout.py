"""Moving many plans to another version of their protocol: real workers, one of them killed, and the same end."""

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import psutil
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Max, Min, Model
from django.test.utils import CaptureQueriesContext

from benchmarks.courses import running_plan
from benchmarks.memory import peak_mb
from clinic.audit.history import recorded
from clinic.local.application import Beat, Worker
from clinic.local.home import Home
from clinic.local.process import Process
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.protocols.queries import protocols_with_steps, step_inputs
from plans.protocols.services import protocol_write
from plans.treatment.models import ProcedureSession, ProtocolRollout, RolloutPlan, SessionComponent, TreatmentPlan
from plans.treatment.services import rollout_advance, rollout_start

SHORT_DAYS, LONG_DAYS = 28, 42
"""Between sessions, in the versions that the plans are moved to and from."""
SAMPLE = 20
"""Plans whose SQL statements are counted."""
AT_ONCE = 1_000
"""Plans made in one transaction: in a longer one the history's triggers slow down."""
PATIENCE_SECONDS = 3 * 3600


@dataclass(frozen=True, slots=True)
class Run:
    """One roll-out: seconds from the first plan that a worker settled to the last, and the peak of a worker's memory.

    `digest` is over every window of every plan as the roll-out left them.
    """

    title: str
    plans: int
    seconds: float
    peak_mb: float | None
    digest: str

    def __str__(self) -> str:
        memory = f"{self.peak_mb:.0f}" if self.peak_mb else "–"
        rate = self.plans / self.seconds
        return f"| {self.title} | {self.plans:,} | {self.seconds:.0f} | {rate:.1f} | {memory} | {self.digest[:12]} |"


def rollouts(plans: int, say: Callable[[str], None]) -> str:
    """`plans` plans moved by one worker, back by two, and forth by one that is killed halfway, as a Markdown table.

    `say` takes each line as it is known. Raises RuntimeError where a plan was refused, or where the windows after the
    kill are not those of the first run.
    """
    began = time.monotonic()
    _make_plans(plans)
    made = time.monotonic() - began
    first = _start(LONG_DAYS)
    statements = _statements_a_plan(first)
    plain = _run("one worker", first, workers=1)
    say(str(plain))
    double = _run("two workers", _start(SHORT_DAYS), workers=2)
    say(str(double))
    killed = _run("one worker, killed -9 halfway, and another one", _start(LONG_DAYS), workers=1, kills=True)
    if killed.digest != plain.digest:
        raise RuntimeError("After the kill the windows are not those of an undisturbed roll-out.")
    remark = (
        f"{statements:.1f} SQL statements a plan, of which four open and close transactions; the plans were made in "
        f"{made:.0f} s. What a killed worker leaves the beat takes up once nothing was settled for a while: that wait "
        "is in the last row's seconds."
    )
    lines = [
        "| roll-out | plans | seconds | a second | peak of a worker, MB | digest of all windows |",
        "|---|--:|--:|--:|--:|---|",
        *(str(run) for run in (plain, double, killed)),
        "",
        remark,
    ]
    return "\n".join(lines)


def _start(days: int) -> ProtocolRollout:
    """Ask for the plans to follow a new version of their protocol, with `days` between sessions."""
    current = protocols_with_steps().get(code="prp", is_current=True)
    steps = [
        replace(step, offset_days=days) if step.anchor == "previous_session" else step for step in step_inputs(current)
    ]
    protocol = protocol_write(
        by=None,
        code=current.code,
        title=current.title,
        description=current.description,
        expectation=current.expectation,
        evidence=current.evidence,
        change_note=f"{days} days between sessions.",
        steps=steps,
    )
    return rollout_start(by=None, protocol=protocol, reason="Benchmark")


def _statements_a_plan(rollout: ProtocolRollout) -> float:
    def statements(plans: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            rollout_advance(rollout_id=rollout.pk, limit=plans)
        return len(captured)

    one = statements(1)
    return (statements(SAMPLE + 1) - one) / SAMPLE


def _run(title: str, rollout: ProtocolRollout, *, workers: int, kills: bool = False) -> Run:
    """Let `workers` workers settle it; `kills` ends the first one halfway, amid whatever it does."""
    home = Home(Path(os.environ["CLINIC_HOME"]))
    waiting = RolloutPlan.objects.filter(rollout=rollout, status="waiting")
    mine = list(waiting.values_list("pk", flat=True))
    with _processes() as start:
        started = [start(Worker(home, f"bench{number}", children=1)) for number in range(workers)]
        start(Beat(home))
        if kills:
            _wait(lambda: waiting.count() <= len(mine) // 2)
            os.killpg(started[0].pid, signal.SIGKILL)
            started = [start(Worker(home, "bench-another", children=1))]
        _wait(lambda: ProtocolRollout.objects.filter(pk=rollout.pk, finished_at__isnull=False).exists())
        peaks = [peak for worker in started for peak in _peaks_mb(worker)]
    if refused := RolloutPlan.objects.filter(rollout=rollout, status="refused").first():
        raise RuntimeError(f"A plan was not moved: {refused.detail}")
    settled = RolloutPlan.objects.filter(pk__in=mine).aggregate(first=Min("settled_at"), last=Max("settled_at"))
    seconds = (settled["last"] - settled["first"]).total_seconds()
    return Run(title, len(mine), seconds, max(peaks, default=None), _digest())


@contextmanager
def _processes() -> Iterator[Callable[[Process], Process]]:
    started: list[Process] = []

    def start(process: Process) -> Process:
        started.append(process)
        process.start()
        process.wait_until_answering(120)
        return process

    try:
        yield start
    finally:
        for process in reversed(started):
            process.stop()


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("The roll-out does not come to an end.")
        time.sleep(0.2)


def _peaks_mb(worker: Process) -> list[float]:
    """The most memory that each process of a worker has held; nothing where the kernel does not say."""
    peaks = [peak_mb(process.pid) for process in psutil.Process(worker.pid).children(recursive=True)]
    return [peak for peak in peaks if peak is not None]


def _digest() -> str:
    """Of every window and state, plan by plan."""
    window = ("window_start", "target_date", "window_end", "window_rule", "window_because")
    of = hashlib.sha256()
    for rows in (
        ProcedureSession.objects.values_list("plan", "sequence", "status", "title", *window),
        FollowUp.objects.values_list("plan", "sequence", "cancelled_at", "title", *window),
    ):
        for row in rows.order_by("plan", "sequence", "pk").iterator(chunk_size=5_000):
            of.update(repr(row).encode())
    return of.hexdigest()


# Plans, by INSERT … SELECT from one that the services made


def _make_plans(count: int) -> None:
    """`count` plans as one that has its first session behind it, each of a patient of its own."""
    template = TreatmentPlan.objects.filter(protocol__code="prp", status="active").first() or running_plan()[0]
    for first in range(0, count, AT_ONCE):
        with recorded("benchmark"), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE made_plan ON COMMIT DROP AS"
                " SELECT uuidv7() AS plan, uuidv7() AS patient FROM generate_series(1, %s)",
                [min(AT_ONCE, count - first)],
            )
            cursor.execute(
                "CREATE TEMPORARY TABLE made_session ON COMMIT DROP AS"
                " SELECT uuidv7() AS session, one.id AS template, made.plan"
                " FROM made_plan made CROSS JOIN plans_proceduresession one WHERE one.plan_id = %s",
                [template.pk],
            )
            mrn = "'MRN-' || to_char(nextval('patients_mrn'), 'FM999999000000')"
            _copies(
                cursor, Patient, {"id": "made.patient", "mrn": mrn}, "CROSS JOIN made_plan made", template.patient_id
            )
            _copies(
                cursor,
                TreatmentPlan,
                {"id": "made.plan", "patient_id": "made.patient"},
                "CROSS JOIN made_plan made",
                template.pk,
            )
            _copies(
                cursor,
                ProcedureSession,
                {"id": "made.session", "plan_id": "made.plan"},
                "JOIN made_session made ON made.template = one.id",
            )
            _copies(
                cursor,
                SessionComponent,
                {"id": "uuidv7()", "session_id": "made.session"},
                "JOIN made_session made ON made.template = one.session_id",
            )
            _copies(
                cursor,
                FollowUp,
                {"id": "uuidv7()", "plan_id": "made.plan", "patient_id": "made.patient"},
                f"JOIN made_plan made ON one.plan_id = '{template.pk}'",
            )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _copies(
    cursor: CursorWrapper, model: type[Model], others: Mapping[str, str], joined: str, template: UUID | None = None
) -> None:
    """Insert copies of rows, with the columns of `others` from SQL instead."""
    table = connection.ops.quote_name(model._meta.db_table)
    names = [str(field.column) for field in model._meta.concrete_fields]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    values = ", ".join(others.get(name, f"one.{connection.ops.quote_name(name)}") for name in names)
    only = "" if template is None else " WHERE one.id = %s"
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} one {joined}{only}",
        [] if template is None else [template],
    )
