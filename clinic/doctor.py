"""`manage.py doctor`: looks at every part the service needs, says what is wrong and how to mend it.

Begins before Django is set up, as it has to explain what keeps Django from starting.
"""

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import django
from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 18
NEEDED_DISK_MB = 300
PIN = re.compile(r"^(?P<name>[\w.-]+)(\[[^]]*])?==(?P<version>[^\s;\\]+)(?P<marker>\s*;)?", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """What was found of one part. `mend` says how to put right what is wrong, and is empty when nothing is."""

    part: str
    state: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{'✗' if self.mend else '✓'} {self.part:<13} {self.state}{f' → {self.mend}' if self.mend else ''}"


further_checks: list[Callable[[], Finding]] = []
"""Rooms above this package add theirs when they start (`AppConfig.ready`)."""


def main() -> int:
    """Print one line a part; returns the exit code."""
    wrong = 0
    for finding in examine():
        sys.stdout.write(f"{finding}\n")
        sys.stdout.flush()
        wrong += bool(finding.mend)
    return 1 if wrong else 0


def examine() -> Iterator[Finding]:
    """Look at one part after the other; at those that need settings only if these load."""
    yield python()
    yield requirements()
    yield zone_data()
    yield disk()
    try:
        django.setup()
    except (ImproperlyConfigured, ImportError) as error:
        yield Finding("environment", "settings do not load", str(error))
        return
    yield Finding("environment", "local mode" if _local() else "complete")
    yield from database()
    yield broker()
    yield mail()
    for check in further_checks:
        yield check()


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    mend = "" if sys.version_info >= OLDEST_PYTHON else "install Python 3.11 or later, then `make clean run`"
    return Finding("python", version, mend)


def requirements() -> Finding:
    """Whether what is installed is what is pinned."""
    pins = PROJECT / ("requirements-dev.txt" if _local() else "requirements.txt")
    wrong = [
        pin["name"]
        for pin in PIN.finditer(pins.read_text())
        # A pin with a marker ("only on Windows") may be left out, but not be there in another version.
        if (installed := _installed_version(pin["name"])) != pin["version"] and (installed or not pin["marker"])
    ]
    if not wrong:
        return Finding("requirements", f"as pinned in {pins.name}")
    shown = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    mend = f"{sys.executable} -m pip install --require-hashes -r {pins.name}"
    return Finding("requirements", f"not as pinned: {shown}", mend)


def zone_data() -> Finding:
    try:
        ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")
    except ZoneInfoNotFoundError as error:
        return Finding("time zones", str(error.args[0]), "install the system's tzdata, or `pip install tzdata`")
    return Finding("time zones", "found")


def disk() -> Finding:
    home = Path(os.environ.get("CLINIC_HOME") or PROJECT / ".clinic")
    place = home if home.is_dir() else PROJECT
    free = shutil.disk_usage(place).free // 2**20
    return Finding("disk", f"{free} MB free at {place}", "" if free >= NEEDED_DISK_MB else "free some space")


def database() -> Iterator[Finding]:
    """Reachable, new enough, and migrated."""
    from django.db import Error, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        connection.ensure_connection()
    except Error as error:
        yield Finding("database", _first_line(error), _start_or("correct DATABASE_URL, or start its server"))
        return
    version = connection.cursor().connection.info.server_version // 10_000
    old = version < OLDEST_POSTGRESQL
    yield Finding("database", f"PostgreSQL {version}", f"use PostgreSQL {OLDEST_POSTGRESQL} or later" if old else "")
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield Finding("migrations", f"{missing} not applied", _start_or("manage.py migrate"))
    else:
        yield Finding("migrations", "applied")


def broker() -> Finding:
    """Reachable, with a worker on it. Anything the transport raises means it is not."""
    from clinic.celery import app

    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
            workers = len(app.control.ping(timeout=1.0, connection=connection) or [])
    except Exception as error:  # noqa: BLE001
        return Finding("broker", _first_line(error), _start_or("correct BROKER_URL, or start its server"))
    if not workers:
        return Finding("worker", "none answers", _start_or("celery -A clinic worker"))
    return Finding("broker", f"answers, and so do its workers ({workers})")


def mail() -> Finding:
    """Whether the mail server takes a connection; a backend without one says so at delivery."""
    from django.core.mail import get_connection

    try:
        backend = get_connection()
        backend.open()
        backend.close()
    except OSError as error:  # SMTP's errors are some
        return Finding("mail", _first_line(error), _start_or("correct EMAIL_URL, or start its server"))
    return Finding("mail", "takes connections")


def _local() -> bool:
    return os.environ.get("CLINIC_LOCAL") == "1"


def _start_or(mend: str) -> str:
    return "start it with `make run`" if _local() else mend


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
