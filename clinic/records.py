"""What every row has: a time-ordered key, a version for optimistic locking, and when it was made and changed."""

from collections.abc import Iterable
from uuid import UUID

import pgtrigger
import uuid_utils.compat
from django.db import models
from django.db.models import F, Func, Q


def uuid7() -> UUID:
    """A new UUIDv7: in time order on disk, not guessable in a URL. It follows the machine's clock, not ours."""
    return uuid_utils.compat.uuid7()


class UuidV7(Func):
    """PostgreSQL's own generator, for rows that Django does not insert (COPY, psql)."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class TsTzRange(Func):
    """`tstzrange(from, to)`, half-open."""

    function = "tstzrange"
    template = "%(function)s(%(expressions)s, '[)')"


class Record(models.Model):
    """Base of every table with public rows.

    `version` is counted by a database trigger, so that psql, bulk updates and services all move it; it is the ETag.
    """

    # Both defaults on purpose: without the Python one, bulk_create and inline forms have no key to point at.
    id = models.UUIDField(primary_key=True, default=uuid7, db_default=UuidV7(), editable=False)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True
        triggers = [
            pgtrigger.Trigger(
                name="count_version",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                # After pghistory's own triggers in name order it does not matter: those run AFTER the update.
                func="NEW.version := OLD.version + 1; RETURN NEW;",
            )
        ]


def stamped(field: str, statuses: Iterable[str]) -> Q:
    """`field` is set exactly in `statuses`: ties a status to its timestamp in a CHECK constraint."""
    inside = Q(status__in=tuple(statuses))
    present = Q(**{f"{field}__isnull": False})
    return (inside & present) | (~inside & ~present)


def stamped_once(field: str, statuses: Iterable[str]) -> Q:
    """`field` is set at least in `statuses`, and may stay set after them."""
    return ~Q(status__in=tuple(statuses)) | Q(**{f"{field}__isnull": False})


def in_order(first: str, second: str) -> Q:
    """`first` is before `second`, both set."""
    return Q(**{f"{first}__lt": F(second)})
