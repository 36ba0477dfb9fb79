"""Booking against a rule: who may, and that it is their decision."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.core.exceptions import PermissionDenied

from clinic.people.models import User
from clinic.text import says_nothing, trimmed
from plans.scheduling.subjects import Subject


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision to book against a rule: why, and which rules they may set aside."""

    reason: str = ""
    may_overbook: bool = False
    may_book_early: bool = False

    @classmethod
    def of(cls, reason: str, by: User | None, location_id: UUID) -> "Override":
        """Raises `PermissionDenied` for a reason of somebody without any such right at the location."""
        if says_nothing(reason):
            return cls()
        reason = trimmed(reason)
        may_overbook, may_book_early = (
            by is not None and by.may("plans.appointment", action, location_id) for action in ("overbook", "book_early")
        )
        if not may_overbook and not may_book_early:
            raise PermissionDenied("Booking against a rule needs a right that you do not have at this location.")
        return cls(reason, may_overbook, may_book_early)

    def allows_early(self, subject: Subject, day: date, *, stands: bool = False) -> bool:
        """Whether a visit on this local date is too early, and is so by decision: this one, or one that still stands.

        Raises `TooEarly` where nobody decided it, `PermissionDenied` where the person may not.
        """
        refusal = subject.too_early(day)
        if refusal is None:
            return False
        if stands or self.may_book_early:
            return True
        if self.reason:
            raise PermissionDenied("Booking before the earliest date needs a right that you do not have here.")
        raise refusal
