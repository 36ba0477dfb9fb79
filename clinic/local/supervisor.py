"""Runs one machine's whole instance: starts every process in order, watches them, and stops them all."""

import errno
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import OperationalError, connection

from clinic.local.application import Beat, Web, Worker
from clinic.local.broker import Valkey
from clinic.local.environment import ADDRESSES, mailbox_url, port
from clinic.local.home import CannotStart, Home
from clinic.local.mailbox import Mailbox
from clinic.local.postgres import PostgreSQL
from clinic.local.process import Process, end_orphans

SHORTEST_WAIT, LONGEST_WAIT, STEADY_AFTER = 0.5, 30.0, 60.0
"""Seconds: before the first restart, before any restart, and after which a process counts as steady again."""


@dataclass
class Watched:
    """A process and when to start it again."""

    process: Process
    started_at: float
    wait: float = SHORTEST_WAIT
    restart_at: float | None = None


class Supervisor:
    """One run of `manage.py up`. An embedded part is started where `environ` holds its own address."""

    def __init__(self, environ: Mapping[str, str], out: OutputWrapper) -> None:
        self.environ = environ
        self.home = Home.of(environ)
        self.out = out
        self.mailbox_embedded = environ["EMAIL_URL"] == mailbox_url(environ)
        self.processes: list[Process] = []
        self.is_told_to_stop = False

    def run(self, *, demo: bool) -> None:
        """Start everything, then watch until a signal raises KeyboardInterrupt; nothing is left behind.

        Raises CannotStart with one sentence for a person.
        """
        began = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Also where a background job began with SIGINT ignored, which its children would inherit.
            signal.signal(number, self._interrupt)
        self.home.create()
        self.home.require_space()
        with self.home.claimed(), self._stopping_all():
            if ended := end_orphans(self.home):
                self._say(f"  Ended {ended} processes that an earlier run left behind.")
            with bind(self.environ, "PORT") as web, self._mail_listener() as mail:
                self.home.announce({name: self.environ[name] for name in ADDRESSES})
                self._start_servers(mail)
                self._prepare_database(demo=demo)
                self._start_application(web)
                self._say(self._summary(time.monotonic() - began, demo=demo))
                self._watch()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.is_told_to_stop = True
        raise KeyboardInterrupt

    def _stop_if_told(self) -> None:
        """An interrupt is lost where it is raised in a callback of the interpreter's own, such as an import has."""
        if self.is_told_to_stop:
            raise KeyboardInterrupt

    def _start_servers(self, mail: socket.socket | None) -> None:
        servers: dict[str, Process] = {}
        if self.environ["DATABASE_URL"] == self.home.database_url:
            servers["PostgreSQL"] = PostgreSQL(self.home)
        if self.environ["BROKER_URL"] == self.home.broker_url:
            servers["Valkey"] = Valkey(self.home)
        if mail:
            servers["Mailbox"] = Mailbox(self.home, mail)
        for title, server in servers.items():
            with self._step(title):
                self._start(server)
                server.wait_until_answering()

    def _prepare_database(self, *, demo: bool) -> None:
        with self.home.log("database").open("a") as log:
            try:
                with self._step("Migrations"):
                    call_command("migrate", interactive=False, stdout=log, stderr=log, no_color=True)
                if demo:  # all or nothing, and nothing where it is in already
                    with self._step("Demo courses"):
                        call_command("seed_demo", everyday=True, stdout=log, stderr=log, no_color=True)
            except OperationalError as error:
                reason = str(error).strip().splitlines()[0]
                raise CannotStart(f"The database failed: {reason} (`manage.py doctor` looks further).") from error
            finally:
                connection.close()

    def _start_application(self, web: socket.socket) -> None:
        """All at once: each spends its first seconds importing."""
        processes = {
            "Web": Web(self.home, web),
            "Worker": Worker(self.home),
            "Beat": Beat(self.home),
        }
        for process in processes.values():
            self._start(process)
        for title, process in processes.items():
            with self._step(title):
                process.wait_until_answering(60)

    def _start(self, process: Process) -> None:
        self.processes.append(process)
        process.start()

    def _watch(self) -> None:
        watched = [Watched(process, time.monotonic()) for process in self.processes]
        while True:
            self._stop_if_told()
            time.sleep(0.25)
            for one in watched:
                if not one.process.alive:
                    self._revive(one, time.monotonic())

    def _revive(self, one: Watched, now: float) -> None:
        """Start a dead process again, later each time. Why it ended does not matter: none may."""
        if one.restart_at is None:
            if now - one.started_at > STEADY_AFTER:
                one.wait = SHORTEST_WAIT
            one.restart_at = now + one.wait
            one.process.stop()  # what is left of it: its children
            self._log(f"{one.process.name} stopped; starting it again in {one.wait:g} s (see {one.process.log})")
        elif now >= one.restart_at:
            one.wait = min(2 * one.wait, LONGEST_WAIT)
            one.started_at, one.restart_at = now, None
            try:
                one.process.start()
            except (CannotStart, OSError) as error:
                self._log(f"{one.process.name} cannot start: {error}")
            else:
                self._log(f"{one.process.name} started again")

    @contextmanager
    def _stopping_all(self) -> Iterator[None]:
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # every step below ends by itself in bounded time
            for process in self.processes:
                if isinstance(process, Web | Worker | Beat):
                    process.ask_to_stop()
            for process in reversed(self.processes):
                process.stop()
            self.home.remove_sockets()

    @contextmanager
    def _mail_listener(self) -> Iterator[socket.socket | None]:
        if self.mailbox_embedded:
            with bind(self.environ, "SMTP_PORT") as listener:
                yield listener
        else:
            yield None

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """Show what is being done, then a tick and the seconds it took."""
        began = time.monotonic()
        self.out.write(f"  {title:<14}", ending="")
        self.out.flush()
        try:
            yield
        except BaseException:
            self._say("✗")
            raise
        self._say(f"✓ {time.monotonic() - began:5.1f} s")
        self._stop_if_told()

    def _say(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()

    def _log(self, text: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')} {text}")

    def _summary(self, seconds: float, *, demo: bool) -> str:
        url = self.environ["PUBLIC_URL"].rstrip("/")
        lines = [
            f"\nThe clinic runs ({seconds:.0f} s).\n",
            f"  Console    {url}/",
            f"  API docs   {url}/api/v1/docs/",
        ]
        if self.mailbox_embedded:
            lines.append(f"  Mailbox    {url}/mailbox/  (takes mail on 127.0.0.1:{self.environ['SMTP_PORT']})")
        if demo:
            lines += [
                "\n  Sign in with the password demo-clinic-2026 as",
                *(f"    {role}@demo.example" for role in ("practitioner", "assistant", "frontdesk", "manager")),
            ]
        lines.append(f"\n  Data and logs are in {self.home.root}. Ctrl-C stops everything.\n")
        return "\n".join(lines)


@contextmanager
def bind(environ: Mapping[str, str], name: str) -> Iterator[socket.socket]:
    """The port that variable `name` asks for, bound on this machine only and kept; the process that gets it listens.

    Raises CannotStart when it is taken.
    """
    number = port(environ, name)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError as error:
            why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error})"
            other = number % 60000 + 1001
            raise CannotStart(
                f"Port {number} ({name}) {why}: free it, or choose another, as in `{name}={other} make run`."
            ) from None
        yield listener
