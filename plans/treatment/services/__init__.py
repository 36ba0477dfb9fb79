"""The only writers of plans and sessions."""

from plans.treatment.services.charting import ComponentInput
from plans.treatment.services.consenting import ConsentInput
from plans.treatment.services.interval_rules import (
    Ruled,
    interval_rule_create,
    interval_rule_edit,
    interval_rule_roll_out,
)
from plans.treatment.services.pins import session_pin
from plans.treatment.services.plans import (
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_propose,
    plan_resume,
)
from plans.treatment.services.previews import (
    Preview,
    Rebooking,
    plan_hold_preview,
    plan_preview,
    plan_resume_preview,
    session_pin_preview,
)
from plans.treatment.services.revising import plan_revise
from plans.treatment.services.rollouts import (
    rollout_advance,
    rollout_nudge,
    rollout_start,
    rollout_stop,
    rollout_try,
    rollouts_standing_still,
)
from plans.treatment.services.sessions import (
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_sign,
    session_start,
)

__all__ = [
    "ComponentInput",
    "ConsentInput",
    "Preview",
    "Rebooking",
    "Ruled",
    "interval_rule_create",
    "interval_rule_edit",
    "interval_rule_roll_out",
    "plan_accept",
    "plan_complete",
    "plan_create",
    "plan_decline",
    "plan_discontinue",
    "plan_edit",
    "plan_hold",
    "plan_hold_preview",
    "plan_preview",
    "plan_propose",
    "plan_resume",
    "plan_resume_preview",
    "plan_revise",
    "rollout_advance",
    "rollout_nudge",
    "rollout_start",
    "rollout_stop",
    "rollout_try",
    "rollouts_standing_still",
    "session_abort",
    "session_amend",
    "session_cancel",
    "session_perform",
    "session_pin",
    "session_pin_preview",
    "session_sign",
    "session_start",
]
