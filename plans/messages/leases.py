"""Which rows belong to which process, and for how long.

A lease is a token and an end. Whoever has lost the token can settle nothing, so clocks decide only how soon a row is
taken over, never whether a mail goes out twice.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from clinic import clock
from clinic.places.models import Location
from plans.messages import rules
from plans.messages.models import SUBJECTS, PatientMessage
from plans.messages.places import places_of
from plans.messages.render import Place

Status = PatientMessage.Status

BATCH = 25
LEASE = timedelta(seconds=180)
"""How long a batch belongs to the process that leased it."""
AT_ONCE = 1_000
"""Rows that are settled in one statement."""
UNREACHABLE_BACKOFF_SECONDS = 15
LOCKED_BACKOFF_SECONDS = 5
LOST = "The process that was sending it ended without recording what became of it."


@dataclass(frozen=True, slots=True)
class Leased:
    """One row of a batch."""

    id: UUID
    location_id: UUID
    subject: tuple[str, UUID] | None
    """Its column and key; None: the mail is about its recipient alone."""

    @classmethod
    def of(cls, pk: UUID, location: UUID, *keys: UUID | None) -> "Leased":
        """`keys` of `SUBJECTS`, of which at most one is set."""
        found = [(column, key) for column, key in zip(SUBJECTS, keys, strict=True) if key is not None]
        return cls(pk, location, found[0] if found else None)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that belong to this process, under `token`, until `leased_until`; and the places they tell of."""

    token: UUID
    leased_until: datetime
    rows: Sequence[Leased]
    places: Mapping[UUID, Place]


def unheld(now: datetime) -> Q:
    """Rows that nobody holds: never leased, leased until a time that is past, or until one that no lease made now
    could reach. The last were leased before the clock was set back; else they would be held for as long as that was.
    """
    return Q(leased_until__isnull=True) | Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)


def lease(until: datetime | None, size: int, started: datetime, locked: Collection[UUID] = ()) -> Batch:
    """Up to `size` rows that are due now, longest due first; with `until` also those that fall due by then, except
    what this pass has tried: what it has begun since `started`, and what it found `locked`."""
    now = clock.now()
    token, leased_until = uuid4(), now + LEASE
    due = Q(not_before__lte=now)
    if until is not None:
        untried = Q(sending_at=None) | Q(sending_at__lt=started) | Q(sending_at__gt=now)
        due |= Q(not_before__lte=until) & untried & ~Q(pk__in=locked)
    with transaction.atomic():
        rows = [
            Leased.of(*row)
            for row in PatientMessage.objects.filter(
                unheld(now),
                due,
                status=Status.PENDING,
                not_before__lte=now if until is None else max(now, until),
            )
            .order_by("not_before")
            .select_for_update(skip_locked=True, no_key=True)
            .values_list("id", "location_id", *(f"{column}_id" for column in SUBJECTS))[:size]
        ]
        if rows:
            # By key, not by status: that index would be read whole (docs/reliability.md).
            PatientMessage.objects.filter(pk__in=[row.id for row in rows]).update(
                lease_token=token, leased_until=leased_until
            )
    places = Location.objects.in_bulk({row.location_id for row in rows}) if rows else {}
    return Batch(token, leased_until, rows, places_of(places.values()))


def leases_settle() -> int:
    """Call every mail *unknown* whose sender ended without a word; returns how many. It is never sent again blindly."""
    now = clock.now()
    return settle(Q(unheld(now), status=Status.SENDING), Status.UNKNOWN, LOST, now, failure=LOST)


def settle(rows: Q, status: PatientMessage.Status, reason: str, now: datetime, **columns: object) -> int:
    """End these rows as `status`, some at a time, and none that somebody has locked: those are somebody's work, and a
    statement that waits for many rows in no order could deadlock with them. Returns how many."""
    number = 0
    while True:
        some = PatientMessage.objects.filter(rows).select_for_update(skip_locked=True, no_key=True)
        with transaction.atomic():
            keys = list(some.values_list("pk", flat=True)[:AT_ONCE])
            number += PatientMessage.objects.filter(pk__in=keys).update(
                **rules.settled_as(status, reason, now), **columns
            )
        if len(keys) < AT_ONCE:
            return number


def postpone(token: UUID, row: Leased) -> None:
    """Let somebody try this row a little later. It has not gone out: also where its *sending* may have been committed
    before the connection broke."""
    now = clock.now()
    PatientMessage.objects.filter(pk=row.id, lease_token=token, status__in=[Status.PENDING, Status.SENDING]).update(
        status=Status.PENDING,
        lease_token=None,
        leased_until=None,
        not_before=Greatest(F("due_at"), now + timedelta(seconds=LOCKED_BACKOFF_SECONDS)),
        updated_at=now,
    )


def release(batch: Batch, *, is_unreachable: bool) -> None:
    """Give back what of this batch was not begun; a little later where the mail server cannot be used."""
    now = clock.now()
    released: dict[str, object] = {"lease_token": None, "leased_until": None}
    if is_unreachable:
        seconds = UNREACHABLE_BACKOFF_SECONDS * random.uniform(0.8, 1.2)
        released |= {"not_before": Greatest(F("due_at"), now + timedelta(seconds=seconds)), "updated_at": now}
    PatientMessage.objects.filter(
        pk__in=[row.id for row in batch.rows], lease_token=batch.token, status=Status.PENDING
    ).update(**released)
