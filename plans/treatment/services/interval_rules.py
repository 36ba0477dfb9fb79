"""The rules of least intervals between sessions. What a rule asks for reaches the plans that run: saving one works them
out anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from clinic.audit.history import recorded
from clinic.constraints import clean_model
from clinic.errors import Conflict, Invalid, SoftWarning, require_reason
from clinic.locking import lock
from clinic.people.models import Modality, User
from clinic.words import days
from plans.protocols.drafts import SOURCES_IN_WORDS
from plans.protocols.models import IntervalRule
from plans.protocols.queries import intervals_in_force, protocols_with_steps, step_inputs, topic_codes
from plans.protocols.rules import interval_faults, step_faults
from plans.protocols.services import check_code_is_free
from plans.treatment.models import ProtocolRollout
from plans.treatment.services.rollouts import rollout_start_of_rule

CHANGEABLE = (
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


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule that was saved, and what follows from it."""

    rule: IntervalRule
    warnings: Sequence[SoftWarning]
    """One for each current protocol that contradicts the rules from now on."""
    rollout: ProtocolRollout | None
    """Which works the running plans out anew; None where none runs, or where the rule asks for nothing else."""


def interval_rule_create(
    *,
    by: User | None,
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
) -> Ruled:
    """Make a rule; the running plans follow it as soon as the roll-out that this starts has come to them."""
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
        check_code_is_free(IntervalRule, code)
        _save(rule)
        said = f"new, {days(rule.minimum_days)}" if rule.is_in_force else ""
        return Ruled(rule, _contradicted(), _work_out(by, rule, said))


def interval_rule_edit(*, by: User | None, rule_id: UUID, changes: Mapping[str, Any]) -> Ruled:
    """Change a rule, or put it out of force or back; the running plans follow as after `interval_rule_create`."""
    with recorded():
        rule = lock(IntervalRule.objects.all(), rule_id)
        before = {name: getattr(rule, name) for name in CHANGEABLE}
        for name in CHANGEABLE:
            if name in changes:
                setattr(rule, name, changes[name])
        _save(rule)
        return Ruled(rule, _contradicted(), _work_out(by, rule, _difference(before, rule)))


def interval_rule_roll_out(*, by: User | None, rule_id: UUID, reason: str) -> ProtocolRollout:
    """Work the running plans out anew though the rule is as it was: some were refused, or their roll-out was stopped.

    Raises `Conflict`: `rollout_running` while one that this rule asked for goes on, `no_running_plans` where no plan
    runs.
    """
    require_reason(reason)
    with recorded(reason):
        rule = lock(IntervalRule.objects.all(), rule_id)
        if rule.rollouts.filter(ProtocolRollout.UNDER_WAY).exists():
            raise Conflict(
                f"The plans are being worked out anew for “{rule.title}” already; wait until that has finished.",
                code="rollout_running",
            )
        rollout = rollout_start_of_rule(by=by, rule=rule, reason=reason)
        if rollout is None:
            raise Conflict("No plan is running: there is nothing to work out anew.", code="no_running_plans")
    return rollout


def _save(rule: IntervalRule) -> None:
    clean_model(rule)
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


def _work_out(by: User | None, rule: IntervalRule, said: str) -> ProtocolRollout | None:
    """Start the roll-out for what is different in the rule, `said` in words; nothing where nothing is."""
    if not said:
        return None
    return rollout_start_of_rule(by=by, rule=rule, reason=f"Interval rule “{rule.title}”: {said}")


def _difference(before: Mapping[str, Any], rule: IntervalRule) -> str:
    """What the rule asks for now and did not before: “14 → 28 days”; empty where that is the same.

    Its title asks for nothing, and a rule that is not in force and was not asks for nothing either.
    """
    was, now = before["is_in_force"], rule.is_in_force
    if not was and not now:
        return ""
    if not now:
        return f"no longer in force (it was {days(before['minimum_days'])})"
    if not was:
        return f"in force again, {days(rule.minimum_days)}"
    found = [
        f"{label}{tell(before[name])} → {tell(getattr(rule, name))}{unit}"
        for name, (label, tell, unit) in TOLD.items()
        if before[name] != getattr(rule, name)
    ]
    return "; ".join(found)


def _modality(value: str) -> str:
    return str(Modality(value).label) if value else "any treatment"


def _needle(value: Decimal | None) -> str:
    return f"{value.normalize():f} mm" if value is not None else "any length"


TOLD: Mapping[str, tuple[str, Callable[[Any], str], str]] = {
    "minimum_days": ("", str, " days"),
    "after_modality": ("after ", _modality, ""),
    "before_modality": ("before ", _modality, ""),
    "is_across": (
        "between ",
        lambda is_across: "different treatments only" if is_across else "the same treatment too",
        "",
    ),
    "needle_over_mm": ("needles over ", _needle, ""),
    "needle_up_to_mm": ("needles up to ", _needle, ""),
    "source": ("stem cells from ", lambda source: SOURCES_IN_WORDS.get(source, "any source"), ""),
}
"""How a change of each field is told: what comes before, each value, and what comes after."""
