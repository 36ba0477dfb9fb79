"""The one clock. Rules and services take `now` from here, so a test or a replay can move it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_moved_to: ContextVar[datetime | None] = ContextVar("clock_moved_to", default=None)


def now() -> datetime:
    """The present instant, in UTC."""
    return _moved_to.get() or datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The present local date in `zone`."""
    return now().astimezone(zone).date()


@contextmanager
def moved_to(instant: datetime) -> Iterator[None]:
    """Within this block the clock stands at `instant` (replaying a course of care)."""
    if instant.tzinfo is None:
        raise ValueError("the clock moves to an instant with an offset")
    token = _moved_to.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _moved_to.reset(token)
