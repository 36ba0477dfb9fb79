"""What merging two patients means for plans: they are of one person from then on, and keep their distances."""

from collections.abc import Sequence
from uuid import UUID

from clinic.locking import lock_all
from patients.models import Patient
from patients.services import MergePart
from plans.treatment.models import CourseMove, TreatmentPlan
from plans.treatment.services.recalculation import course_recalculate

IN_FULL = TreatmentPlan.objects.select_related("protocol", "location", "patient")


def _lock(patients: Sequence[UUID]) -> None:
    lock_all(TreatmentPlan.objects.filter(patient__in=patients))


def _follow(kept: Patient) -> None:
    """What was given under the plans of the one record keeps the sessions of the other's away too."""
    for plan in lock_all(IN_FULL.filter(patient=kept, status__in=TreatmentPlan.MAY_MOVE)):
        course_recalculate(plan, lock_all(plan.sessions.select_related("step")), CourseMove.Act.ELSEWHERE)


PLANS = MergePart(lock=_lock, follow=_follow)
