"""Whether the reader of a page may keep a visit where it stands."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from clinic.console.reader import Reader
from plans.scheduling.queries import limits_by_visit, standing_of, why_rebook
from plans.scheduling.rules import Limits, keeping_of, why_not_kept


def may_keep(who: Reader, appointment: Any) -> bool:
    """Whether it wants another time and can stay, and that is the reader's to decide; `appointment_keep` asks the same.

    A query for who may not book early, unless `read_limits` was there before.
    """
    if not _can_stay(appointment):
        return False
    if who.may_on("book_early", appointment):
        return True
    read_limits(who, [appointment])
    standing = standing_of(appointment)
    limits = _limits(who)[appointment.pk]
    return standing is not None and not keeping_of(standing, limits, was_early=appointment.is_early).needs_right


def read_limits(who: Reader, appointments: Iterable[Any]) -> None:
    """Read for a whole list what `may_keep` asks of each: at most one query."""
    known = _limits(who)
    asked = [row for row in appointments if row.pk not in known]
    known |= limits_by_visit([row for row in asked if _can_stay(row) and not who.may_on("book_early", row)])


def _can_stay(appointment: Any) -> bool:
    standing = standing_of(appointment)
    return standing is not None and why_rebook(appointment) is not None and why_not_kept(standing) is None


def _limits(who: Reader) -> dict[UUID, Limits | None]:
    return who.once("limits of visits", dict)
