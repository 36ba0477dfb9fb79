"""What the processes of a run share: a directory with the journal, the clock, the sink's mode and orders to die.

The clock runs faster than the machine's, so that the engine's own leases, backoffs and grace periods fit into a run as
they are; whoever is told to may step it.
"""

import mmap
import os
import signal
import struct
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinic import clock
from tests.faults.journal import Journal

DIRECTORY = "FAULTS_DIRECTORY"
RATE = 20.0
BEGINS = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""A Monday morning in New York, six days before the clocks there change."""
PACKED = struct.Struct("dd")
SENDING, OTHER = "sending", "other work"
POINTS = (
    "after the lease",
    f"before the commit of {SENDING}",
    f"after the commit of {SENDING}",
    "amid the mail",
    "after the final dot",
    "after the answer",
    "before recording alone",
    "after recording alone",
    "before the release",
    f"before the commit of {OTHER}",
    f"after the commit of {OTHER}",
)
"""Everywhere between two effects: what is in the database, what the mail server has."""
AFTER_THE_BYTES = ("after the final dot", "after the answer")
"""Where an engine that sends again what it has no word of sends it twice."""


class FastClock:
    """`RATE` times as fast as the machine's, plus whatever it has been stepped by; one for all processes."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(PACKED.pack(time.monotonic(), 0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), PACKED.size)

    def now(self) -> datetime:
        began, stepped = PACKED.unpack(self._shared[:])
        return BEGINS + timedelta(seconds=(time.monotonic() - began) * RATE + stepped)

    def step(self, seconds: float) -> None:
        """Set it forth or back."""
        began, stepped = PACKED.unpack(self._shared[:])
        self._shared[:] = PACKED.pack(began, stepped + seconds)


class Stage:
    """A run's directory, as one of its processes sees it."""

    def __init__(self, directory: Path, who: str) -> None:
        self.directory = directory
        self.journal = Journal(directory / "journal.log", who)
        self.clock = FastClock(directory / "clock")
        self.orders = directory / "orders"
        self.orders.mkdir(exist_ok=True)

    @classmethod
    def of_this_process(cls, who: str) -> "Stage":
        return cls(Path(os.environ[DIRECTORY]), who)

    def install_clock(self) -> None:
        clock.now = self.clock.now

    def order_death(self, point: str) -> None:
        """Let the next process that comes to `point` die there."""
        (self.orders / point.replace(" ", "-")).touch()

    def point(self, point: str) -> None:
        """A place where a process may die: SIGKILL, where that was ordered. One process obeys one order."""
        try:
            (self.orders / point.replace(" ", "-")).unlink()
        except FileNotFoundError:
            return
        self.journal.write("killed", kind="at a point", point=point)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def forget_orders(self) -> None:
        for order in self.orders.iterdir():
            with suppress(FileNotFoundError):
                order.unlink()

    @property
    def mode(self) -> str:
        return (self.directory / "mode").read_text()

    @mode.setter
    def mode(self, mode: str) -> None:
        draft = self.directory / "mode.draft"
        draft.write_text(mode)
        draft.rename(self.directory / "mode")
