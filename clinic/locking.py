"""Row locks, advisory locks of people and places, and the check that the caller saw the row as it is now.

The one order everywhere: plan → session, follow-up, check-in (by key) → preparations → lots → waitlist entry → hours →
sorted advisory keys (location, patient, practitioners, rooms) → appointment → patient → messages. Lock first, then
check the state.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from clinic.errors import Stale
from clinic.records import Record

T = TypeVar("T", bound=Record)

DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE = "40P01", "55P03"


@dataclass(slots=True)
class _Expectation:
    model: type[models.Model]
    pk: Any
    versions: frozenset[int]
    checked: bool = False


_expectation: ContextVar[_Expectation | None] = ContextVar("expectation", default=None)


@contextmanager
def expecting(instance: Record, versions: Iterable[int]) -> Iterator[None]:
    """Within this block, locking `instance`'s row refuses with `Stale` unless it is at one of `versions`.

    The check happens under the lock, inside the service that changes the row: nothing can slip in between.
    """
    expectation = _Expectation(type(instance), instance.pk, frozenset(versions))
    token = _expectation.set(expectation)
    try:
        yield
    finally:
        _expectation.reset(token)
    if not expectation.checked:
        raise RuntimeError(f"a change of {instance._meta.label} did not lock its row")


def lock(queryset: models.QuerySet[T], pk: UUID | None) -> T:
    """The row of `queryset` with this key, locked until the transaction ends; related rows are not locked.

    Raises `queryset.model.DoesNotExist`, and `Stale` where the caller expected another version.
    """
    # Weak enough that others may insert rows that refer to it.
    locking = queryset.select_for_update(of=("self",), no_key=True)
    try:
        row = locking.get(pk=pk)
    except queryset.model.DoesNotExist:
        # A row that changed while we waited for it is read again, the rows joined to it are not: where it now refers
        # to another one, the join fails and the row falls out of the answer. It is ours by now, so look once more.
        row = locking.get(pk=pk)
    expectation = _expectation.get()
    if expectation is not None and expectation.pk == row.pk and expectation.model is type(row):
        expectation.checked = True
        if row.version not in expectation.versions:
            raise Stale(
                f"The {row._meta.verbose_name} has changed since it was read (it is at version {row.version}). "
                "Read it again, then repeat the change."
            )
    return row


def lock_all(queryset: models.QuerySet[T]) -> list[T]:
    """The rows of `queryset`, locked in the order of their keys, as they are once all are locked."""
    keys = queryset.select_related(None).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(queryset.filter(pk__in=list(keys.values_list("pk", flat=True))).order_by("pk"))


def hold(*ids: UUID | None, others: Iterable[UUID] = (), shared: Iterable[UUID] = ()) -> None:
    """Take the advisory locks of these people and places until the transaction ends: one statement, in one order.

    Two bookings that could collide on any of `ids` and `others` then run one after the other, before either touches an
    index. Those of `shared` are held together with everybody who shares them too, and against who holds them alone:
    a booking shares its location, a change of the location's hours holds it alone.
    """
    alone = {advisory_key(owner) for owner in (*ids, *others) if owner is not None}
    together = {advisory_key(owner) for owner in shared} - alone
    keys = sorted(alone | together)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(key) ELSE pg_advisory_xact_lock(key) END"
            " FROM unnest(%s::bigint[], %s::boolean[]) AS t(key, is_shared)",
            [keys, [key in together for key in keys]],
        )


def advisory_key(owner: UUID) -> int:
    """The signed 64-bit key under which a person or place is locked."""
    return int.from_bytes(blake2b(owner.bytes, digest_size=8).digest(), signed=True)


def is_contention(error: Exception) -> bool:
    """Whether a statement failed only because others hold what it wants: it may succeed in a moment."""
    return getattr(error.__cause__, "sqlstate", None) in (DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE)
