"""What is asked of the shared cache, which may be away: no request fails for it, and none waits for it twice."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import redis

log = logging.getLogger(__name__)

T = TypeVar("T")
AWAY_SECONDS = 5.0
"""How long the cache is not asked again after it did not answer: no request waits for it more than once."""


@dataclass
class _Cache:
    """What this process knows of the cache server."""

    away_until: float = 0.0


_known = _Cache()


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
