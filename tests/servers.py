"""The servers that tests run against: real ones in a temporary home, never those of `make run`.

One PostgreSQL serves the whole run; pytest-django copies its migrated database for each worker. Every process that
runs tests has a broker and a mailbox of its own, so a test sees only its own tasks and mails, and may kill both.
"""

import atexit
import email
import email.policy
import os
import shutil
import socket
import tempfile
import time
from collections.abc import MutableMapping
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

import redis

from clinic.local.broker import Valkey
from clinic.local.environment import fill_environment
from clinic.local.home import Home
from clinic.local.mailbox import Mailbox
from tests.cluster import Cluster


class Broker:
    """This worker's Valkey. `kill`, `stop` and `start` it at will: the fixture brings it back."""

    def __init__(self, server: Valkey) -> None:
        self.server = server

    @cached_property
    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.server.home.broker_socket), decode_responses=True)

    def start(self) -> None:
        if not self.server.alive:
            self.server.start()
            self.server.wait_until_answering(120)

    def stop(self) -> None:
        self.server.stop()

    def kill(self) -> None:
        self.server.kill()

    def flush(self) -> None:
        """Lose everything it holds, tasks and cache."""
        self.client.flushall()


class Inbox:
    """What this worker's mailbox holds. `kill`, `stop` and `start` its server at will: the fixture brings it back.

    While the server is down its port refuses connections.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.server: Mailbox | None = None

    def start(self) -> None:
        if self.server and self.server.alive:
            return
        if self.listener.fileno() == -1:
            self.listener = socket.create_server(self.address)
        self.server = Mailbox(self.home, self.listener)
        self.server.start()
        self.server.wait_until_answering(120)

    def stop(self) -> None:
        if self.server:
            self.server.stop()
        self.listener.close()

    def kill(self) -> None:
        if self.server:
            self.server.kill()
        self.stop()

    def files(self) -> list[Path]:
        """The stored mails, oldest first."""
        return sorted((self.home.mail / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)

    def messages(self) -> list[EmailMessage]:
        """The stored mails, oldest first, each read whole."""
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in self.files()]

    def wait_for(self, count: int, seconds: float = 90.0) -> list[EmailMessage]:
        """The mails once there are at least `count`; fails when there are fewer after `seconds`."""
        deadline = time.monotonic() + seconds
        while len(self.files()) < count:
            assert time.monotonic() < deadline, f"{len(self.files())} of {count} mails arrived within {seconds:.0f} s"
            time.sleep(0.02)
        return self.messages()

    def clear(self) -> None:
        for path in self.files():
            path.unlink()


class Servers:
    """This process's share of the run's servers: the controller's PostgreSQL, or a worker's broker and mailbox."""

    def __init__(self, worker: str | None, run: Path | None) -> None:
        self.owns_run = run is None
        self.run = run or Path(tempfile.mkdtemp(prefix="clinic-tests-"))
        if self.owns_run and os.geteuid() == 0:
            self.run.chmod(0o711)  # PostgreSQL drops to another user on its way to its data
        self.home = Home(self.run / (worker or "main"))
        self.postgres = Cluster(self.home)
        self.broker = Broker(Valkey(self.home))
        self.inbox = Inbox(self.home)
        atexit.register(self.stop)  # for a run that ends before pytest is configured

    @classmethod
    def of_this_process(cls) -> "Servers":
        """A worker finds the run's home in its environment, where the controller's settings put it."""
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        return cls(worker, Path(os.environ["CLINIC_HOME"]).parent if worker else None)

    def fill(self, environ: MutableMapping[str, str]) -> None:
        """Point `environ` at these servers, whatever the developer's shell says."""
        environ["CLINIC_LOCAL"] = "1"
        environ["CLINIC_HOME"] = str(self.home.root)
        environ["BROKER_URL"] = self.home.broker_url
        environ["EMAIL_URL"] = "smtp://{}:{}".format(*self.inbox.address)
        if self.owns_run:
            environ["DATABASE_URL"] = self.home.database_url
            for name in ("SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL", "PORT", "SMTP_PORT"):
                environ.pop(name, None)
        fill_environment(environ)

    def start_database(self) -> None:
        self.postgres.start_with_template()

    def start_own(self) -> None:
        self.broker.start()
        self.inbox.start()

    def logs(self) -> list[Path]:
        """What this worker's processes write, whether they run or have ended."""
        return sorted(self.home.root.glob("log/*.log"))

    def stop(self) -> None:
        for server in (self.inbox, self.broker, self.postgres):
            server.stop()
        self.home.remove_sockets()
        if self.owns_run:
            shutil.rmtree(self.run, ignore_errors=True)


servers = Servers.of_this_process()
