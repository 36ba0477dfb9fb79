"""Counters in the shared cache, in fixed windows of time. Requests are never refused because the cache is down."""

import hashlib
import time

from django.core.cache import cache

from clinic.cache import tried


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
