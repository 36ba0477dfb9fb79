"""Reads protocols."""

from django.db.models import QuerySet

from plans.protocols.models import Protocol, ProtocolStep
from plans.treatment.timeline import Step


def protocols_with_steps() -> QuerySet[Protocol]:
    """Protocols with their steps and components, in two more queries."""
    return Protocol.objects.prefetch_related("steps__components")


def timeline_step(step: ProtocolStep) -> Step:
    """The step as the calendar arithmetic takes it."""
    return Step(
        position=step.position,
        kind=step.kind,
        title=step.title,
        anchor=step.anchor,
        offset_months=step.offset_months,
        offset_days=step.offset_days,
        tolerance_before_days=step.tolerance_before_days,
        tolerance_after_days=step.tolerance_after_days,
        minimum_interval_days=step.minimum_interval_days,
        repetitions=step.repetitions,
    )
