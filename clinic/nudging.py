"""Tells a worker that there may be work. Only a nudge: with the broker dead, the beat finds the same rows later."""

import logging
import math
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from celery import current_app
from kombu import Connection, pools
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from clinic import clock

logger = logging.getLogger(__name__)

LONGEST_COUNTDOWN_SECONDS = 60
"""Nothing durable waits in the broker: what is due later is the beat's."""
GRID_SECONDS = 2
"""Nudges for the same two seconds are one: a busy desk does not fill the broker."""
PATIENCE_SECONDS = 0.4
"""How long one operation of the broker may take."""
SILENCE_SECONDS = 15
"""After a failure no nudge is tried for this long: a broker that hangs costs one booking a moment, not each."""


class Nudger:
    """This process's line to the broker, for the task of this name."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.silent_until = 0.0
        self.last_nudged_for = 0.0

    @cached_property
    def connection(self) -> Connection:
        """The broker, with less patience than a worker has; kombu's pools tell the two apart by their options."""
        return impatient_connection(PATIENCE_SECONDS)

    def __call__(self, due_at: datetime | None = None, *args: str) -> None:
        """Ask a worker for the task at `due_at` (or now), if that is within a minute.

        Never raises; a failure is one log line.
        """
        wait = (due_at - clock.now()).total_seconds() if due_at else 0.0
        if wait > LONGEST_COUNTDOWN_SECONDS or time.monotonic() < self.silent_until:
            return
        if wait <= 0:
            self._publish(None, args)
            return
        nudged_for = math.ceil((time.time() + wait) / GRID_SECONDS) * GRID_SECONDS
        if nudged_for != self.last_nudged_for:
            self._publish(nudged_for - time.time(), args)
            self.last_nudged_for = nudged_for

    def _publish(self, countdown_seconds: float | None, args: Sequence[str]) -> None:
        try:
            with pools.producers[self.connection].acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
                current_app.send_task(
                    self.task,
                    args,
                    producer=producer,
                    retry=False,
                    countdown=countdown_seconds,
                    expires=(countdown_seconds or 0) + 60,
                )
        except (OSError, KombuError, RedisError) as error:
            self.silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning(
                "The broker took no nudge (%s: %s); the next pass finds what is due.", type(error).__name__, error
            )


def impatient_connection(seconds: float) -> Connection:
    """A connection to the broker, not opened yet, whose every operation takes at most `seconds`."""
    patience = {"socket_connect_timeout": seconds, "socket_timeout": seconds, "max_retries": 0}
    connection: Connection = current_app.connection_for_write(transport_options=patience)
    return connection
