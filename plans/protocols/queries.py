"""Reads protocols."""

from typing import Any

from django.db.models import Count, Prefetch, QuerySet

from plans.protocols.drafts import StepInput
from plans.protocols.models import CareText, CareTopic, IntervalRule, Protocol, ProtocolStep, StepCare
from plans.treatment.intervals import Component, Components, Interval, Intervals
from plans.treatment.timeline import Step


def protocols_with_steps() -> QuerySet[Protocol]:
    """Protocols with their steps, components and care advice, in three more queries."""
    care = Prefetch("steps__care", StepCare.objects.select_related("topic"))
    return Protocol.objects.prefetch_related("steps__components", care)


def versions_of(code: str) -> QuerySet[Any]:
    """The versions of a protocol, newest first, with `plan_count`: how many plans follow each."""
    return (
        Protocol.objects.filter(code=code)
        .select_related("made_by")
        .annotate(plan_count=Count("plans"))
        .order_by("-version_number")
    )


def step_inputs(protocol: Protocol) -> tuple[StepInput, ...]:
    """The steps of a version as they would be written; takes a row of `protocols_with_steps`."""
    return tuple(
        StepInput(
            kind=step.kind,
            title=step.title,
            anchor=step.anchor,
            anchor_session=step.anchor_session,
            offset_months=step.offset_months,
            offset_days=step.offset_days,
            tolerance_before_days=step.tolerance_before_days,
            tolerance_after_days=step.tolerance_after_days,
            minimum_interval_days=step.minimum_interval_days,
            advised_interval_days=step.advised_interval_days,
            repetitions=step.repetitions,
            duration_minutes=step.duration_minutes,
            components=_components(step),
            care=tuple(care.topic.code for care in step.care.all()),
        )
        for step in protocol.steps.all()
    )


def topic_codes() -> set[str]:
    """The codes of the care topics that exist."""
    return set(CareTopic.objects.values_list("code", flat=True))


def current_texts(language: str = "") -> Prefetch[str, QuerySet[CareText], str]:
    """The texts in force of a care topic, of one language if it is named, as its `current_texts`."""
    texts = CareText.objects.filter(is_current=True).order_by("language")
    return Prefetch("texts", texts.filter(language=language) if language else texts, to_attr="current_texts")


def topics_with_texts(language: str = "") -> QuerySet[CareTopic]:
    """Care topics with their `current_texts`, in one more query."""
    return CareTopic.objects.prefetch_related(current_texts(language))


def timeline_step(step: ProtocolStep) -> Step:
    """The step as the calendar arithmetic takes it."""
    return Step(
        position=step.position,
        kind=step.kind,
        title=step.title,
        anchor=step.anchor,
        anchor_session=step.anchor_session,
        offset_months=step.offset_months,
        offset_days=step.offset_days,
        tolerance_before_days=step.tolerance_before_days,
        tolerance_after_days=step.tolerance_after_days,
        minimum_interval_days=step.minimum_interval_days,
        repetitions=step.repetitions,
        components=_components(step),
    )


def intervals_in_force() -> Intervals:
    """The rules of least intervals between sessions, as the calendar arithmetic takes them."""
    return Intervals(
        Interval(
            code=rule.code,
            title=rule.title,
            days=rule.minimum_days,
            after=rule.after_modality,
            before=rule.before_modality,
            is_across=rule.is_across,
            needle_over_mm=rule.needle_over_mm,
            needle_up_to_mm=rule.needle_up_to_mm,
            source=rule.source,
        )
        for rule in IntervalRule.objects.filter(is_in_force=True)
    )


def _components(step: ProtocolStep) -> Components:
    return tuple(
        Component(component.modality, component.needle_length_mm, component.source)
        for component in step.components.all()
    )
