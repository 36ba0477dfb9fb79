"""Counters in the shared cache, in fixed windows of time. Requests are never refused because the cache is down."""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import redis
from django.core.cache import cache

log = logging.getLogger(__name__)

T = TypeVar("T")
AWAY_SECONDS = 5.0
"""How long the cache is not asked again after it did not answer: no request waits for it more than once."""


@dataclass
class _Cache:
    """What this process knows of the cache server."""

    away_until: float = 0.0


_known = _Cache()


def add(key: str, window_seconds: int) -> int:
    """Count one more in the present window. Returns the count, 0 without the cache."""

    def count_up() -> int:
        named = _named(key, window_seconds)
        cache.add(named, 0, timeout=window_seconds)
        return int(cache.incr(named))

    return tried(count_up, 0)


def count(key: str, window_seconds: int) -> int:
    """The count in the present window, 0 without the cache."""
    return tried(lambda: int(cache.get(_named(key, window_seconds), 0)), 0)


def forget(key: str, window_seconds: int) -> None:
    """Begin again at 0."""
    tried(lambda: cache.delete(_named(key, window_seconds)), False)


def seconds_left(window_seconds: int) -> int:
    """Until the next window begins: 1 to `window_seconds`."""
    return window_seconds - int(time.time()) % window_seconds


def _named(key: str, window_seconds: int) -> str:
    """A cache key that memcached would take too; addresses and emails do not stand in it."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"count:{window_seconds}:{int(time.time()) // window_seconds}:{digest}"


def tried(ask: Callable[[], T], otherwise: T) -> T:
    """What `ask` finds in the cache, `otherwise` while the cache does not answer."""
    if time.monotonic() < _known.away_until:
        return otherwise
    try:
        return ask()
    except (redis.RedisError, OSError, ValueError) as error:
        # ValueError: the window ended between two commands.
        if not isinstance(error, ValueError):
            _known.away_until = time.monotonic() + AWAY_SECONDS
            log.warning("the cache does not answer, nothing is asked of it for %g s: %s", AWAY_SECONDS, error)
        return otherwise
