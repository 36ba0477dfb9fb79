"""The harness: real PostgreSQL, broker, SMTP and worker for every test that asks, and no way out of this machine."""

import gc
import ipaddress
import os
import signal
import socket
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db.backends.postgresql.operations import DatabaseOperations
from pytest_django import Settings
from xdist import is_xdist_controller

from clinic.local.application import Worker
from clinic.local.home import CannotStart
from clinic.local.process import Process
from tests.servers import Broker, Inbox, servers

LONGEST = (
    *("tests/browser/", "tests/faults/", "tests/deployment/", "tests/concurrency/"),
    *("tests/clinic/local/", "tests/clinic/console/test_walk.py", "tests/journeys/"),
    *("tests/plans/messages/test_processes.py", "tests/plans/treatment/test_rollout_processes.py"),
)
OF_THE_CODE = {"django_content_type", "auth_permission"}


def pytest_configure(config: pytest.Config) -> None:
    if servers.owns_run and not config.option.collectonly:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is told to end cleans up like Ctrl-C
        try:
            servers.start_database()
        except CannotStart as error:
            raise pytest.UsageError(str(error)) from None


def pytest_sessionstart(session: pytest.Session) -> None:
    if not is_xdist_controller(session) and not session.config.option.collectonly:
        servers.start_own()
        refuse_foreign_sockets()
        delete_instead_of_truncating()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has browsers and processes of its own begins first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_collection_finish() -> None:
    """What is loaded by now stays, so no search for garbage has to look through it again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    servers.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the processes beside it have said."""
    report = yield
    if report.failed:
        for log in servers.logs():
            report.sections.append(
                (f"end of {log.name}", "\n".join(log.read_text(errors="replace").splitlines()[-40:]))
            )
    return report


def refuse_foreign_sockets() -> None:
    """From now on a connection that would leave this machine is an error, in whatever library it begins."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
        def guard(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not is_loopback(address[0]):
                raise PermissionError(f"a test tried to connect to {address}: only this machine's servers are allowed")
            return original(self, address)

        return guard

    socket.socket.connect = guarded(connect)  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = guarded(connect_ex)  # type: ignore[method-assign, assignment]


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def delete_instead_of_truncating() -> None:
    """After a test that committed, Django truncates every table, which makes new files for each: 0.5 s and more.

    Deleting its few rows takes a tenth of that. As a replica no trigger fires, so nothing lands in the history. What
    stands for the code alone stays: Django would only write it again.
    """

    def sql_flush(self: DatabaseOperations, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        deletes = [f"DELETE FROM {self.quote_name(table)}" for table in tables if table not in OF_THE_CODE]
        return [
            "; ".join(["SET session_replication_role = replica", *deletes, "SET session_replication_role = DEFAULT"])
        ]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign, assignment]


@pytest.fixture(autouse=True)
def desk_number(request: pytest.FixtureRequest) -> None:
    """The number beside Follow-ups, on every page of the console, is in the shared cache for most of its readers.

    So it is here, as nothing to do: each test has readers of its own, and to count for the first time takes longer than
    most pages do. Tests marked `desk_number` have it counted on a reader's first page, however long they take; and who
    counts queries counts those of this number on every page.
    """
    if not {"django_assert_num_queries", "django_assert_max_num_queries"}.isdisjoint(request.fixturenames):
        request.getfixturevalue("settings").DESK_NUMBER_SECONDS = 0
    elif request.node.get_closest_marker("desk_number") is not None:
        request.getfixturevalue("settings").DESK_NUMBER_SECONDS = 3600
    else:
        patch = request.getfixturevalue("monkeypatch")
        patch.setattr("plans.followups.admin.worklist.tabs.kept_number", lambda who: 0)


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    """The clock stands at Monday 2 March 2026, 15:00 UTC; `move_to` and `shift` move it. PostgreSQL's does not."""
    with time_machine.travel(datetime(2026, 3, 2, 15, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Inbox]:
    """A real SMTP server's empty mailbox, this worker's own. Django sends there, and not into a list in memory."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    servers.inbox.start()
    servers.inbox.clear()
    yield servers.inbox
    servers.inbox.start()


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A real and empty broker, this worker's own."""
    from clinic.cache import _known

    servers.broker.start()
    servers.broker.flush()
    yield servers.broker
    servers.broker.start()
    _known.away_until = 0.0  # the next test finds it there, also within the seconds in which it would not be asked


@pytest.fixture(scope="session")
def child_environment(django_db_setup: None) -> dict[str, str]:
    """The environment in which a process of its own works on this worker's database, broker and mailbox."""
    from django.db import connection

    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return environment | {"DATABASE_URL": database.geturl(), "DJANGO_SETTINGS_MODULE": "clinic.settings"}


@pytest.fixture
def start_process() -> Iterator[Callable[[Process], Process]]:
    """Start a process that is stopped with the test; returns it once it answers."""
    started: list[Process] = []

    def start(process: Process) -> Process:
        started.append(process)
        process.start()
        process.wait_until_answering(120)
        return process

    yield start
    for process in reversed(started):
        process.stop()


@pytest.fixture
def celery_worker_process(
    transactional_db: None,
    child_environment: dict[str, str],
    start_process: Callable[[Process], Process],
    broker: Broker,
    mailbox: Inbox,
) -> Process:
    """A real Celery worker on this test's database, broker and mailbox, ready for work. It sees what is committed."""
    return start_process(Worker(servers.home, uuid.uuid4().hex, children=1, env=child_environment))
