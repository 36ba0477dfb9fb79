"""One supervised process: started in its own session, logged to its own file, stopped without a trace."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from clinic.local.account import Account
from clinic.local.home import PROJECT, CannotStart, Home

STAMP = "CLINIC_SUPERVISED_FROM"
"""Carried by every process an instance starts, so that a later instance knows a dead one's orphans."""

LOG_LIMIT = 10 * 2**20


class Process:
    """A command that belongs to the instance in `home`.

    Subclasses say what must be true before a start (`prepare`) and when it is of use (`answers`).
    """

    stop_signal = signal.SIGTERM
    grace_seconds = 15.0

    def __init__(
        self,
        home: Home,
        name: str,
        argv: Sequence[str] = (),
        *,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.home = home
        self.name = name
        self.argv = list(argv)
        self.env = dict(os.environ if env is None else env)
        self.account = account
        self.pass_fds = tuple(pass_fds)
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home.log(self.name)

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def prepare(self) -> None:
        """Called before every start, also the one after a crash."""

    def answers(self) -> bool:
        """Whether it does its work yet."""
        return self.alive

    def start(self) -> None:
        """Start it without waiting. From the main thread only: the parent's death signal follows the thread."""
        self._end_group()  # children of one that was killed would hold its sockets
        self.prepare()
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.argv,
                cwd=PROJECT if self.account is None else "/",
                env=self.env | {STAMP: str(self.home.root), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=_signal_when_parent_dies(self.stop_signal),  # noqa: PLW1509 (no threads where these start)
                **({} if self.account is None else self.account.as_popen_arguments()),
            )

    def wait_until_answering(self, seconds: float = 30.0) -> None:
        """Return once it answers. Raises CannotStart when it stops, or takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if not self.alive:
                raise CannotStart(f"{self.name} stopped while starting{self._last_words()}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} did not answer within {seconds:.0f} s{self._last_words()}")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        if self.alive:
            os.kill(self.pid, self.stop_signal)

    def stop(self) -> None:
        """Stop it and its children: asked first, made to after `grace_seconds`."""
        self.ask_to_stop()
        if self._popen is not None:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(self.grace_seconds)
            self._end_group()

    def kill(self) -> None:
        """Kill -9, of the one process only, as an accident would."""
        os.kill(self.pid, signal.SIGKILL)
        while self.alive:
            time.sleep(0.01)

    def _end_group(self) -> None:
        if self._popen is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        self._popen = None

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "."
        if any("No space left on device" in line for line in lines[-30:]):
            return f": the disk that holds {self.home.root} is full. Free some space, or set CLINIC_HOME elsewhere."
        return f"; the end of {self.log}:\n" + "\n".join(f"    {line}" for line in lines[-8:])


def end_orphans(home: Home) -> int:
    """End what an earlier instance of `home` left running after being killed; returns how many processes.

    Only for the one who holds the home's claim. PostgreSQL is left to `PostgreSQL.prepare`.
    """
    orphans = [process for process in psutil.process_iter(["name"]) if _is_orphan(process, home)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(orphans, timeout=5)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return len(orphans)


def _is_orphan(process: psutil.Process, home: Home) -> bool:
    try:
        stamped: bool = process.environ().get(STAMP) == str(home.root)
    except (psutil.Error, OSError):  # gone meanwhile, or not ours to look at
        return False
    return stamped and process.pid != os.getpid() and process.info["name"] != "postgres"


def _signal_when_parent_dies(number: signal.Signals) -> Callable[[], None] | None:
    """Where the kernel offers it (Linux), a killed supervisor or test run takes its processes along."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(1, number)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return arrange
