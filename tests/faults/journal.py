"""The append-only log of a run: what each process did and when, by the one monotonic clock of the machine."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` in monotonic nanoseconds."""

    at: int
    who: str
    event: str
    facts: dict[str, Any]


class Journal:
    """Each entry is one write to a file opened for appending, so that no two tear each other apart and a killed
    process leaves everything that it had said."""

    def __init__(self, path: Path, who: str) -> None:
        self.path, self.who = path, who
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, event: str, **facts: Any) -> None:
        entry = {"at": time.monotonic_ns(), "who": f"{self.who}:{os.getpid()}", "event": event, **facts}
        os.write(self._file, f"{json.dumps(entry, default=str)}\n".encode())


def entries(path: Path) -> Iterator[Entry]:
    """Everything that was written, in the order of its time."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for line in sorted(found, key=lambda line: line["at"]):
        yield Entry(line.pop("at"), line.pop("who"), line.pop("event"), line)
