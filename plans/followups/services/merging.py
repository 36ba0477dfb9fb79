"""What merging two patients means for their follow-ups."""

from collections.abc import Sequence
from uuid import UUID

from clinic.locking import lock_all
from patients.services import MergePart
from plans.followups.models import FollowUp


def _lock(patients: Sequence[UUID]) -> None:
    lock_all(FollowUp.objects.filter(patient__in=patients))


FOLLOW_UPS = MergePart(lock=_lock)
