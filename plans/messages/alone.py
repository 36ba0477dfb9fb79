"""Work on many things, each in a transaction of its own: one that is locked or cannot be done holds up no other."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db import OperationalError, connection

from clinic.audit.history import recorded

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    number: int = 0
    """The sum of what each gave."""
    busy: int = 0
    """Those that somebody had locked: to be done again."""
    failed: int = 0
    """Those that cannot be done; the log says why."""

    def __add__(self, other: "Done") -> "Done":
        return Done(self.number + other.number, self.busy + other.busy, self.failed + other.failed)


def each_alone(act: Callable[[T], int], things: Iterable[T], reason: str = "sweep") -> Done:
    """Do `act` to each of these; what was done by then stays done."""
    number = busy = failed = 0
    for thing in things:
        try:
            with recorded(reason):
                number += act(thing)
        except OperationalError:
            connection_mend()
            busy += 1
        except Exception:
            logger.exception("%s of %s could not be done.", act.__name__, thing)
            failed += 1
    return Done(number, busy, failed)


def connection_mend() -> None:
    """Let go of a connection that the server has closed: the next query opens another one."""
    if not connection.is_usable():
        connection.close()
