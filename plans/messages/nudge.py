"""Tells a worker that mail may be due. Only a nudge: with the broker dead, the beat finds the same rows later."""

import logging
import time
from datetime import datetime, timedelta
from functools import cache

from celery import current_app
from kombu import Connection, pools
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from clinic import clock

logger = logging.getLogger(__name__)

TASK = "plans.messages.tasks.deliver_due"
LONGEST_COUNTDOWN = timedelta(minutes=1)
"""Nothing durable waits in the broker: what is due later is the beat's."""
PATIENCE_SECONDS = 0.4
"""How long one operation of the broker may take. A publication makes two or three of them."""
SILENCE_SECONDS = 15.0
"""After a failure no nudge is tried for this long: a broker that hangs costs one booking a moment, not each."""

_silent_until = 0.0


def nudge(due_at: datetime) -> None:
    """Ask a worker to deliver at `due_at`, if that is within a minute. Never raises; logs one line where it fails."""
    global _silent_until
    wait = max(due_at - clock.now(), timedelta(0))
    if wait > LONGEST_COUNTDOWN or time.monotonic() < _silent_until:
        return
    try:
        with pools.producers[_connection()].acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
            current_app.send_task(
                TASK,
                producer=producer,
                retry=False,
                countdown=wait.total_seconds() or None,
                expires=wait.total_seconds() + 60,
            )
    except (OSError, OperationalError, RedisError) as error:
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning("The broker took no nudge (%s); the next pass finds what is due.", type(error).__name__)


@cache
def _connection() -> Connection:
    """The broker, with less patience than a worker has; pools tell the two apart by their options."""
    connection: Connection = current_app.connection_for_write()
    patience = {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS, "max_retries": 0}
    connection.transport_options = {**connection.transport_options, **patience}
    return connection
