"""CLINIC_HOME: where one machine's instance keeps its state, and how its processes find each other."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent.parent

NEEDED_MB = 300
"""A new cluster with its write-ahead log takes about 120 MB; the rest is room to work."""


class CannotStart(Exception):
    """A part cannot start; the message is the one sentence to show."""


@dataclass(frozen=True)
class Home:
    """Paths and addresses of the instance under `root`. Nothing exists before `create()`."""

    root: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Home":
        """The home that `environ` names, else `.clinic` in the project."""
        return cls(Path(environ.get("CLINIC_HOME") or PROJECT / ".clinic").absolute())

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def digest(self) -> str:
        """Names this home outside of it, in places where its path would be too long or need quoting."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]

    @property
    def sockets(self) -> Path:
        """Where the servers listen: a Unix socket's path may not exceed about 100 bytes, a home's may."""
        return Path("/tmp") / f"clinic-{self.digest}"  # the same in every terminal, whatever its TMPDIR

    @property
    def postgres_sockets(self) -> Path:
        """PostgreSQL's own directory in there: as root's it belongs to the user that PostgreSQL runs as."""
        return self.sockets / "postgres"

    @property
    def database_url(self) -> str:
        return f"postgresql://clinic@/clinic?host={quote(str(self.postgres_sockets), safe='')}"

    @property
    def broker_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.broker_socket}"

    def log(self, name: str) -> Path:
        return self.root / "log" / f"{name}.log"

    def create(self) -> None:
        """Make the directories, if need be. Root's let others pass: PostgreSQL drops to another user on its way in."""
        self._create_root()
        (self.root / "log").mkdir(mode=0o700, exist_ok=True)
        try:
            self.sockets.mkdir(mode=_passable())
        except FileExistsError:
            found = self.sockets.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise CannotStart(
                    f"{self.sockets} exists and is not this instance's own directory: "
                    "remove it, or set CLINIC_HOME to another path."
                ) from None

    def _create_root(self) -> None:
        if not self.root.is_dir():
            self.root.mkdir(parents=True)
            self.root.chmod(_passable())

    def require_space(self) -> None:
        free = shutil.disk_usage(self.root).free // 2**20
        if free < NEEDED_MB:
            raise CannotStart(
                f"The disk that holds {self.root} has {free} MB left and {NEEDED_MB} MB are needed: "
                "free some space, or set CLINIC_HOME to a directory on another disk."
            )

    def remove_sockets(self) -> None:
        shutil.rmtree(self.sockets, ignore_errors=True)

    def secret_key(self) -> str:
        """This instance's key: made once, readable by its owner only, the same for processes that start at once."""
        path = self.root / "secret_key"
        if not path.exists():
            self._create_root()
            with tempfile.NamedTemporaryFile("w", dir=self.root, prefix=".secret_key-") as draft:  # mode 0600
                draft.write(secrets.token_urlsafe(50))
                draft.flush()
                with suppress(FileExistsError):
                    os.link(draft.name, path)  # whole or not at all; the first of several wins
        return path.read_text()

    @property
    def _lock(self) -> Path:
        return self.root / "lock"

    @property
    def _running(self) -> Path:
        return self.root / "running.json"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold this home for one instance; a second one gets `CannotStart`. A killed holder leaves no claim."""
        with self._lock.open("a") as lock:
            deadline = time.monotonic() + 1  # somebody may be looking (`addresses_of_running_instance`)
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise CannotStart(
                            f"The clinic already runs from {self.root}: stop it there with Ctrl-C, "
                            "or set CLINIC_HOME, PORT and SMTP_PORT for a second one."
                        ) from None
                    time.sleep(0.05)
            try:
                yield
            finally:
                self._running.unlink(missing_ok=True)

    def announce(self, addresses: Mapping[str, str]) -> None:
        """Tell commands in other terminals how to reach this instance."""
        draft = self._running.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(dict(addresses)))
        draft.replace(self._running)

    def addresses_of_running_instance(self) -> dict[str, str]:
        """What a live instance announced; nothing when none runs, whatever a killed one left behind."""
        try:
            with self._lock.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return dict(json.loads(self._running.read_text()))
        except FileNotFoundError:
            pass
        return {}


def _passable() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700
