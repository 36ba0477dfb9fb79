"""Writes protocols. A version that a plan uses is never edited: a change makes a new version."""

from clinic.audit.history import recorded
from plans.protocols.catalogue import ASSESSMENTS, CHECK_INS, EXPECTATION, PROTOCOLS, ProtocolSeed
from plans.protocols.models import Protocol, ProtocolStep, StepComponent


def protocols_seed() -> list[Protocol]:
    """Insert the protocols of the catalogue whose code was never here; return those inserted."""
    known = set(Protocol.objects.values_list("code", flat=True))
    missing = [seed for seed in PROTOCOLS if seed.code not in known]
    if not missing:
        return []
    with recorded("initial catalogue"):
        return [_insert(seed) for seed in missing]


def _insert(seed: ProtocolSeed) -> Protocol:
    protocol = Protocol.objects.create(
        code=seed.code,
        title=seed.title,
        description=seed.description,
        evidence=seed.evidence,
        expectation=EXPECTATION,
    )
    series = seed.series
    steps = [
        ProtocolStep(
            kind=ProtocolStep.Kind.SESSION,
            title=series.title,
            anchor=ProtocolStep.Anchor.PLAN_START,
            tolerance_after_days=3,
            duration_minutes=series.minutes,
        )
    ]
    if series.count > 1:
        steps.append(
            ProtocolStep(
                kind=ProtocolStep.Kind.SESSION,
                title=series.title,
                anchor=ProtocolStep.Anchor.PREVIOUS_SESSION,
                offset_days=series.interval,
                tolerance_before_days=3,
                tolerance_after_days=3,
                minimum_interval_days=series.blocked_under,
                advised_interval_days=series.advised_from,
                repetitions=series.count - 1,
                duration_minutes=series.minutes,
            )
        )
    steps.append(
        ProtocolStep(
            kind=ProtocolStep.Kind.MAINTENANCE,
            title=series.title,
            anchor=ProtocolStep.Anchor.LAST_SESSION,
            offset_days=series.maintenance,
            tolerance_before_days=series.maintenance_before,
            tolerance_after_days=series.maintenance_after,
            minimum_interval_days=series.blocked_under,
            advised_interval_days=series.advised_from,
            duration_minutes=series.minutes,
        )
    )
    visits = len(steps)
    steps += [
        ProtocolStep(
            kind=ProtocolStep.Kind.CHECK_IN,
            title=f"Check-in, day {day}",
            anchor=ProtocolStep.Anchor.EACH_SESSION,
            offset_days=day,
            tolerance_before_days=tolerance,
            tolerance_after_days=tolerance,
        )
        for day, tolerance in CHECK_INS
    ]
    steps += [
        ProtocolStep(
            kind=ProtocolStep.Kind.ASSESSMENT,
            title=f"{months}-month review",
            anchor=ProtocolStep.Anchor.FIRST_SESSION,
            offset_months=months,
            tolerance_before_days=tolerance,
            tolerance_after_days=tolerance,
            duration_minutes=30,
        )
        for months, tolerance in ASSESSMENTS
    ]
    for position, step in enumerate(steps, start=1):
        step.protocol, step.position = protocol, position
    ProtocolStep.objects.bulk_create(steps)
    StepComponent.objects.bulk_create(
        StepComponent(step=step, modality=modality, position=position)
        for step in steps[:visits]
        for position, modality in enumerate(series.modalities, start=1)
    )
    return protocol
