"""The only writers of plans and sessions."""

from plans.treatment.services.charting import ComponentInput
from plans.treatment.services.plans import (
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
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
    "plan_accept",
    "plan_complete",
    "plan_create",
    "plan_decline",
    "plan_discontinue",
    "plan_edit",
    "plan_hold",
    "plan_propose",
    "plan_resume",
    "plan_revise",
    "session_abort",
    "session_amend",
    "session_cancel",
    "session_perform",
    "session_sign",
    "session_start",
]
