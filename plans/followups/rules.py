"""The one derived state of a follow-up (pure). `queries.py` says the same in SQL; a property test holds them equal."""

from dataclasses import dataclass
from datetime import date, timedelta

from plans.followups.models import FollowUp

MISSED_AFTER_OVERDUE = timedelta(days=30)
MISSED_AFTER_NO_SHOW = timedelta(days=14)

State = FollowUp.State


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides the state; dates are local to the follow-up's location."""

    is_cancelled: bool
    is_attended: bool
    """An appointment of it was fulfilled."""
    is_booked: bool
    """A live appointment exists."""
    is_dormant: bool
    """Its plan is not accepted yet, or on hold: nothing is owed at present."""
    window_start: date
    window_end: date
    last_no_show_on: date | None = None


def state(facts: Facts, today: date) -> FollowUp.State:
    """The state on `today`; the first that holds, in this order."""
    if facts.is_cancelled:
        return State.CANCELLED
    if facts.is_attended:
        return State.ATTENDED
    if facts.is_booked:
        return State.SCHEDULED
    if facts.is_dormant:
        return State.PENDING
    no_show = facts.last_no_show_on
    if today > facts.window_end + MISSED_AFTER_OVERDUE or (no_show and today > no_show + MISSED_AFTER_NO_SHOW):
        return State.MISSED
    if today > facts.window_end:
        return State.OVERDUE
    if today >= facts.window_start:
        return State.DUE
    return State.PENDING
