"""Reads what is owed after treatment, with its derived state computed in SQL, and who is to be called."""

from plans.followups.queries.calls import call_list, unreachable, with_calling
from plans.followups.queries.check_ins import (
    answered_later,
    check_in_state_of,
    check_ins_in_full,
    check_ins_of_use,
    check_ins_to_ask,
    red_flags_open,
    with_check_in_state,
    with_open_flags,
)
from plans.followups.queries.follow_ups import (
    DORMANT_PLANS,
    counts_from,
    follow_ups_in_full,
    open_follow_ups,
    state_of,
    with_state,
)
from plans.followups.queries.worklist import (
    OwedVisit,
    by_urgency,
    called_off_of,
    follow_ups_owed,
    missed_in_full,
    missed_visits,
    sessions_owed,
)

__all__ = [
    "DORMANT_PLANS",
    "OwedVisit",
    "answered_later",
    "by_urgency",
    "call_list",
    "called_off_of",
    "check_in_state_of",
    "check_ins_in_full",
    "check_ins_of_use",
    "check_ins_to_ask",
    "counts_from",
    "follow_ups_in_full",
    "follow_ups_owed",
    "missed_in_full",
    "missed_visits",
    "open_follow_ups",
    "red_flags_open",
    "sessions_owed",
    "state_of",
    "unreachable",
    "with_calling",
    "with_check_in_state",
    "with_open_flags",
    "with_state",
]
