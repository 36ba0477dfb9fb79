"""Who and why, for the history that database triggers write.

A service opens its transaction with `recorded()`. That sets pghistory's context once for the transaction, in the same
statement as the lock timeout; every trigger that fires in it then points at one context row.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from clinic.records import uuid7
from clinic.text import trimmed


@dataclass(frozen=True, slots=True)
class Actor:
    """Where a change comes from, and who made it; asked for late, because the API knows its user late."""

    channel: str
    user_id: Callable[[], str | None] = lambda: None


SYSTEM = Actor("system")
_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)
_recording: ContextVar[bool] = ContextVar("recording", default=False)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Changes within this block are `actor`'s."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def recorded(reason: str = "") -> Iterator[None]:
    """One transaction whose changes the history ascribes to the present actor, for `reason`.

    A service that calls another one stays in the outer transaction.
    """
    if _recording.get():
        yield
        return
    actor = _actor.get()
    metadata = {"channel": actor.channel, "user": actor.user_id(), "reason": trimmed(reason)}
    token = _recording.set(True)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('pghistory.context_id', %s, true),"
                " set_config('pghistory.context_metadata', %s, true)",
                [settings.LOCK_TIMEOUT, str(uuid7()), json.dumps({k: v for k, v in metadata.items() if v})],
            )
            yield
    finally:
        _recording.reset(token)


def acting_user() -> str | None:
    """The key of the user who acts at present; None for the system itself."""
    return _actor.get().user_id()


def is_recording() -> bool:
    """Whether a service's transaction is open. Then a failed statement spoils all of it, and only its owner retries."""
    return _recording.get()
