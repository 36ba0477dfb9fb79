"""One run: real servers and processes, a desk that works, faults one after the other, rest, and the verdict."""

import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from clinic.local.broker import Valkey
from clinic.local.environment import fill_environment
from clinic.local.home import Home
from clinic.local.postgres import PostgreSQL
from clinic.local.process import Process
from tests.cluster import TEMPLATE, VOLATILE, Cluster
from tests.faults import broken, care, sink
from tests.faults.checker import Awaited, Row, Verdict, check
from tests.faults.journal import entries
from tests.faults.stage import AFTER_THE_BYTES, DIRECTORY, POINTS, Stage

WORKERS, BEATS, DESKS = 4, 2, 2
PRACTITIONERS, PATIENTS = 6, 120
REST_SECONDS = 90.0
HOUR = 3600.0
DEFAULT_REMINDERS = {"P7D", "P1D", "PT3H"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long faults are injected, from which seed, and which engine is put to the test."""

    seconds: float
    seed: int
    breaks: str = ""
    workers: int = WORKERS
    beats: int = BEATS


class _Database(Cluster):
    """A killed one has every commit that it had confirmed: it waits for the kernel, though not for the disk."""

    def __init__(self, home: Home) -> None:
        PostgreSQL.__init__(self, home, VOLATILE | {"synchronous_commit": "on", "full_page_writes": "on"})


class _Part(Process):
    """A process of the run, in its own log."""

    def __init__(self, home: Home, name: str, *argv: str, fds: tuple[int, ...] = ()) -> None:
        super().__init__(home, name, [sys.executable, "-W", "ignore", *argv], pass_fds=fds)
        self.grace_seconds = 2.0

    def end(self) -> None:
        """Kill it with its children."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


class Run:
    """The servers and processes, and what may happen to them."""

    def __init__(self, plan: Plan, home: Home, stage: Stage, say: Callable[[str], None]) -> None:
        self.plan, self.home, self.stage, self.say = plan, home, stage, say
        self.dice = random.Random(plan.seed)
        self.database, self.broker = _Database(home), Valkey(home)
        self.listener = socket.create_server(("127.0.0.1", 0))
        fd = self.listener.fileno()
        self.sink = _Part(home, "sink", "-m", "tests.faults.sink", str(fd), fds=(fd,))
        celery = ("-m", "celery", "-A", "tests.faults.app")
        pool = ("worker", "--pool=prefork", "--concurrency=1", "--loglevel=WARNING", "--without-gossip")
        self.workers = [
            _Part(home, f"worker{number}", *celery, *pool, "--without-mingle", f"--hostname=w{number}@{home.digest}")
            for number in range(plan.workers)
        ]
        scheduler = ("beat", "--scheduler=celery.beat:Scheduler", "--loglevel=WARNING")
        self.beats = [_Part(home, f"beat{number}", *celery, *scheduler) for number in range(plan.beats)]
        self.desks = [
            _Part(home, f"desk{number}", "-m", "tests.faults.desk", f"desk{number}", str(plan.seed * 10 + number))
            for number in range(DESKS)
        ]
        self.paused: list[tuple[float, int]] = []
        self.mode_until = 0.0
        self.points: list[str] = []

    # Parts

    @property
    def parts(self) -> list[_Part]:
        return [self.sink, *self.workers, *self.beats, *self.desks]

    def keep_up(self) -> None:
        """Start what has ended; wake what has slept long enough; let the mail server behave again."""
        for part in self.parts:
            if not part.alive:
                part.start()
        now = time.monotonic()
        for until, pid in list(self.paused):
            if now >= until:
                self.paused.remove((until, pid))
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        if self.mode_until and now >= self.mode_until:
            self.stage.mode, self.mode_until = sink.ACCEPT, 0.0

    def stop(self) -> None:
        for part in self.parts:
            part.stop()

    def fault(self, kind: str, **facts: object) -> None:
        self.stage.journal.write("fault", kind=kind, **facts)

    # Faults

    def kill_at_a_point(self) -> None:
        if not self.points:
            points = AFTER_THE_BYTES if "resends" in self.plan.breaks else POINTS
            self.points = self.dice.sample(points, len(points))
        self.stage.order_death(self.points.pop())

    def kill_a_child(self) -> None:
        children = [child for worker in self.workers for child in _children(worker)]
        if children:
            self.fault("SIGKILL of a worker’s process at random")
            with suppress(psutil.NoSuchProcess):  # it has just ended by itself
                self.dice.choice(children).kill()

    def kill_a_worker(self) -> None:
        self.fault("SIGKILL of a whole worker")
        self.dice.choice(self.workers).end()

    def kill_a_beat(self) -> None:
        self.fault("SIGKILL of a beat")
        self.dice.choice(self.beats).end()

    def kill_a_desk(self) -> None:
        self.fault("SIGKILL of a desk amid its work")
        self.dice.choice(self.desks).end()

    def pause_a_child(self) -> None:
        """For longer than its lease lasts."""
        children = [child for worker in self.workers for child in _children(worker)]
        if children:
            child = self.dice.choice(children)
            self.fault("a worker stands still for longer than its lease")
            self.paused.append((time.monotonic() + 12, child.pid))
            with suppress(psutil.NoSuchProcess):
                child.suspend()

    def flush_broker(self) -> None:
        import redis

        self.fault("FLUSHALL")
        with suppress(redis.RedisError), redis.Redis(unix_socket_path=str(self.home.broker_socket)) as client:
            client.flushall()

    def terminate_backends(self) -> None:
        import psycopg

        self.fault("pg_terminate_backend of all")
        with suppress(psycopg.Error), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as bare:
            bare.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def kill_database(self) -> None:
        self.fault("SIGKILL of the database, and a restart")
        self.database.kill()
        time.sleep(self.dice.uniform(0, 1.5))
        self.database.start()
        self.database.wait_until_answering(60)

    def kill_broker(self) -> None:
        self.fault("SIGKILL of the broker, and a restart")
        self.broker.kill()
        time.sleep(self.dice.uniform(0, 2))
        self.broker.start()
        self.broker.wait_until_answering(60)

    def kill_sink(self) -> None:
        self.fault("SIGKILL of the mail server, and a restart")
        self.sink.end()

    def misbehave(self) -> None:
        mode = self.dice.choice(sink.MODES)
        self.fault(f"mail server: {mode}")
        self.stage.mode = mode
        self.mode_until = time.monotonic() + self.dice.uniform(0.5, 3)

    def step_clock(self) -> None:
        """Forth by hours, so that reminders fall due; or wrongly forth or back, and right again a little later."""
        if self.dice.random() < 0.5:
            self.fault("clock set forth")
            self.stage.clock.step(self.dice.uniform(1, 8) * HOUR)
        else:
            seconds = self.dice.choice((-1, 1)) * self.dice.uniform(0.1, 4) * HOUR
            self.fault("clock wrong for a while, then right")
            self.stage.clock.step(seconds)
            time.sleep(self.dice.uniform(0.2, 1.5))
            self.stage.clock.step(-seconds)

    # The run

    def inject(self) -> None:
        """Faults for as long as the plan says, about one a second."""
        weights = {
            self.kill_at_a_point: 14,
            self.kill_a_child: 4,
            self.misbehave: 6,
            self.step_clock: 4,
            self.terminate_backends: 2,
            self.flush_broker: 2,
            self.kill_a_worker: 1,
            self.kill_a_beat: 1,
            self.kill_a_desk: 1,
            self.pause_a_child: 1,
            self.kill_database: 1,
            self.kill_broker: 1,
            self.kill_sink: 1,
        }
        until = time.monotonic() + self.plan.seconds
        deck: list[Callable[[], None]] = []
        while time.monotonic() < until:
            if not deck:  # each kind in its share, in another order every time
                deck = [act for act, weight in weights.items() for _ in range(weight)]
                self.dice.shuffle(deck)
            deck.pop()()
            self.keep_up()
            time.sleep(self.dice.uniform(0.2, 0.8))

    def rest(self) -> bool:
        """No more faults: wait until nothing is due and unsettled; whether that came."""
        for desk in self.desks:
            desk.end()
        self.desks = []
        self.stage.forget_orders()
        self.paused = [(0.0, pid) for _, pid in self.paused]
        self.stage.mode, self.mode_until = sink.ACCEPT, 0.0
        until, next_step = time.monotonic() + REST_SECONDS, 0.0
        while time.monotonic() < until:
            self.keep_up()
            left = _unsettled(self.stage)
            if not left:
                return True
            if time.monotonic() > next_step:  # what waits out its backoff need not do so in real time
                self.stage.clock.step(0.5 * HOUR)
                next_step = time.monotonic() + 4
            time.sleep(0.3)
        return False


def _children(worker: _Part) -> list[psutil.Process]:
    try:
        return psutil.Process(worker.pid).children() if worker.alive else []
    except psutil.NoSuchProcess:
        return []


def _unsettled(stage: Stage) -> int:
    from django.db import connection
    from django.db.models import Q

    from plans.messages import lacking
    from plans.messages.models import PatientMessage
    from plans.messages.sweep import NEAR

    connection.close_if_unusable_or_obsolete()
    now = stage.clock.now()
    due = Q(status="pending", due_at__lte=now) | Q(status="sending")
    closed_ahead = Q(status="expired", settled_at__gt=now, expires_at__gt=now)  # the next sweep opens it again
    planned = PatientMessage.objects.filter(due | closed_ahead).count()
    return planned + len(lacking.visits(now, now + NEAR, limit=1))  # the last change of a policy is followed, too


def run(plan: Plan, say: Callable[[str], None], *, keep: Path | None = None) -> Verdict:
    """Run `plan`; returns the verdict. `keep`: where journal and logs are left; else they go with the run."""
    with _servers(plan, say, keep) as one:
        _populate()
        one.say(f"Seed {plan.seed}: {plan.seconds:.0f} s of faults …")
        one.keep_up()
        _wait_for_first_pass(one)
        one.inject()
        is_at_rest = one.rest()
        for part in one.parts:
            part.end()
        verdict = check(list(entries(one.stage.journal.path)), _rows(), one.stage.clock.now(), _awaited())
        _look_at_health(verdict, is_at_rest)
        return verdict


def _look_at_health(verdict: Verdict, is_at_rest: bool) -> None:
    from plans.messages.health import OLDEST_DUE_ALARM_SECONDS, oldest_due_seconds

    oldest = oldest_due_seconds()
    if not is_at_rest:
        verdict.violations.append("Mail did not come to rest.")
    if oldest is not None and oldest > OLDEST_DUE_ALARM_SECONDS:
        verdict.violations.append(f"A message has been due for {oldest:.0f} s.")


def _wait_for_first_pass(one: Run) -> None:
    from plans.messages.passes import passes_ended

    until = time.monotonic() + 120
    while not passes_ended():
        if time.monotonic() > until:
            raise RuntimeError(f"No delivery pass ended:\n{one.workers[0].log.read_text()[-2000:]}")
        time.sleep(0.1)


@contextmanager
def _servers(plan: Plan, say: Callable[[str], None], keep: Path | None) -> Iterator[Run]:
    directory = Path(tempfile.mkdtemp(prefix="clinic-faults-"))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # PostgreSQL drops to another user on its way to its data
    home = Home(directory / "home")
    home.create()
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "PORT", "SMTP_PORT", "DATABASE_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "CLINIC_LOCAL": "1",
        "CLINIC_HOME": str(home.root),
        "BROKER_URL": home.broker_url,
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        DIRECTORY: str(directory),
        broken.VARIABLE: plan.breaks,
    }
    stage = Stage(directory, "director")
    stage.mode = sink.ACCEPT
    one = Run(plan, home, stage, say)
    os.environ["EMAIL_URL"] = "smtp://{}:{}".format(*one.listener.getsockname())
    os.environ["DATABASE_URL"] = urlsplit(home.database_url)._replace(path=f"/{TEMPLATE}").geturl()
    fill_environment(os.environ)
    for part in (one.database, one.broker, *one.parts):
        part.env = dict(os.environ)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        if keep is not None:
            stack.callback(_keep, directory, keep)
        stack.callback(home.remove_sockets)
        stack.callback(one.listener.close)
        stack.callback(one.database.stop)
        one.database.start_with_template()
        stack.callback(one.broker.stop)
        one.broker.start()
        one.broker.wait_until_answering()
        stack.callback(one.stop)
        stage.install_clock()

        import django

        django.setup()
        yield one


def _keep(directory: Path, where: Path) -> None:
    where.mkdir(parents=True, exist_ok=True)
    shutil.copy(directory / "journal.log", where)
    shutil.copytree(directory / "home" / "log", where / "log", dirs_exist_ok=True)


def _populate() -> None:
    """One clinic with people enough for many visits."""
    from clinic.access.roles import Role
    from clinic.people.models import Practitioner
    from tests import factories

    place = factories.make_location("Fault House")
    for number in range(PRACTITIONERS):
        factories.make_practitioner(place)
        factories.make_room(place, f"Further room {number}")
    factories.make_user((place, Role.FRONT_DESK), email="desk@faults.example")
    for _ in range(PATIENTS):
        factories.make_patient(place)
    care.populate(place, list(Practitioner.objects.select_related("user")))


def _rows() -> Mapping[str, Row]:
    from clinic import clock
    from plans.messages.models import SUBJECTS, PatientMessage
    from plans.messages.queries import to_call

    listed = set(to_call(clock.now()).values_list("pk", flat=True))
    found = PatientMessage.objects.select_related("appointment__session", "appointment__follow_up", "follow_up")
    return {
        str(row.pk): Row(
            id=str(row.pk),
            kind=row.kind,
            status=row.status,
            reason=row.status_reason,
            patient=str(row.patient_id) if row.staff_id is None else "",
            visit=str(row.appointment_id),
            revision=row.appointment_revision or 0,
            due_at=row.due_at,
            settled_at=row.settled_at,
            expires_at=row.expires_at,
            offset=row.offset,
            subject=next((str(key) for column in SUBJECTS if (key := getattr(row, f"{column}_id"))), ""),
            plan=_plan(row),
            number=row.offer_number or 0,
            is_listed=row.pk in listed or row.staff_id is not None or row.expires_at <= clock.now(),
        )
        for row in found
    }


def _plan(row: Any) -> str:
    owner = row.appointment and (row.appointment.session or row.appointment.follow_up)
    return str(owner.plan_id) if owner else ""


def _awaited() -> list[Awaited]:
    """The visits that are still to come, with the reminders that the policies ask for as they were left."""
    from clinic import clock
    from plans.messages.models import MessagePolicy
    from plans.scheduling.models import Appointment

    own = MessagePolicy.objects.filter(kind="reminder")
    offsets = {f"P{row.days_before}D" if row.days_before else f"PT{row.hours_before}H" for row in own}
    visits = Appointment.objects.filter(status__in=["booked", "confirmed"], starts_at__gt=clock.now())
    return [Awaited(str(visit.pk), visit.revision, frozenset(offsets or DEFAULT_REMINDERS)) for visit in visits]
