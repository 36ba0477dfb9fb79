"""What several people want at once: advisory locks in one order, and one retry."""

from collections.abc import Callable, Iterable
from functools import wraps
from hashlib import blake2b
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import OperationalError, connection

from clinic.audit.history import is_recording
from clinic.errors import Busy
from clinic.locking import is_contention

P = ParamSpec("P")
R = TypeVar("R")


def hold(*ids: UUID | None, others: Iterable[UUID] = ()) -> None:
    """Take the advisory locks of these people and rooms until the transaction ends: one statement, in one order.

    Two bookings that could collide on any of them then run one after the other, before either touches an index.
    """
    keys = sorted({advisory_key(owner) for owner in (*ids, *others) if owner is not None})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])


def advisory_key(owner: UUID) -> int:
    """The signed 64-bit key under which a person or room is locked."""
    return int.from_bytes(blake2b(owner.bytes, digest_size=8).digest(), signed=True)


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run `service` once more where it lost a deadlock or waited too long for a lock; then refuse with `Busy`.

    Inside another service's transaction the failure goes up to that service.
    """

    @wraps(service)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_recording():
            return service(*args, **kwargs)
        try:
            return service(*args, **kwargs)
        except OperationalError as error:
            if not is_contention(error):
                raise
        try:
            return service(*args, **kwargs)
        except OperationalError as error:
            if not is_contention(error):
                raise
            raise Busy("Somebody else is changing this right now. Nothing was changed; try again.") from error

    return attempt
