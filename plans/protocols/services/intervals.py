"""The rules of least intervals between sessions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from clinic.audit.history import recorded
from clinic.constraints import check_model
from clinic.errors import Invalid, SoftWarning
from clinic.locking import lock
from plans.protocols.models import IntervalRule
from plans.protocols.queries import intervals_in_force, protocols_with_steps, step_inputs, topic_codes
from plans.protocols.rules import interval_faults, step_faults

FIELDS = (
    "title",
    "after_modality",
    "before_modality",
    "is_across",
    "needle_over_mm",
    "needle_up_to_mm",
    "source",
    "minimum_days",
    "is_in_force",
)
"""What can be changed of a rule; its code stays."""


def interval_rule_create(
    *,
    code: str,
    title: str,
    minimum_days: int,
    after_modality: str = "",
    before_modality: str = "",
    is_across: bool = False,
    needle_over_mm: Decimal | None = None,
    needle_up_to_mm: Decimal | None = None,
    source: str = "",
    is_in_force: bool = True,
) -> tuple[IntervalRule, list[SoftWarning]]:
    """Make a rule. Returns it, and a warning for each current protocol that contradicts the rules from now on.

    Courses that run keep their windows until they are worked out anew.
    """
    rule = IntervalRule(
        code=code,
        title=title,
        minimum_days=minimum_days,
        after_modality=after_modality,
        before_modality=before_modality,
        is_across=is_across,
        needle_over_mm=needle_over_mm,
        needle_up_to_mm=needle_up_to_mm,
        source=source,
        is_in_force=is_in_force,
    )
    with recorded():
        _save(rule)
        return rule, _contradicted()


def interval_rule_edit(*, rule_id: UUID, changes: Mapping[str, Any]) -> tuple[IntervalRule, list[SoftWarning]]:
    """Change a rule, or take it out of force. Returns it, and warnings as for a new one."""
    with recorded():
        rule = lock(IntervalRule.objects.all(), rule_id)
        for name in FIELDS:
            if name in changes:
                setattr(rule, name, changes[name])
        _save(rule)
        return rule, _contradicted()


def _save(rule: IntervalRule) -> None:
    check_model(rule)
    found = interval_faults(
        after_modality=rule.after_modality,
        before_modality=rule.before_modality,
        is_across=rule.is_across,
        needle_over_mm=rule.needle_over_mm,
        needle_up_to_mm=rule.needle_up_to_mm,
        source=rule.source,
    )
    Invalid.gather(Invalid(fault.detail, attr=fault.attr) for fault in found)
    rule.save()


def _contradicted() -> list[SoftWarning]:
    intervals, topics = intervals_in_force(), topic_codes()
    return [
        SoftWarning("minimum_days", "protocol_contradicts", f"{protocol}: {fault.detail}")
        for protocol in protocols_with_steps().filter(is_current=True)
        for fault in step_faults(step_inputs(protocol), intervals, topics)
    ]
