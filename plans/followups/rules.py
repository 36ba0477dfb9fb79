"""The derived states of follow-ups and check-ins, and who is to be called (pure).

`queries/` says the same in SQL; property tests hold them equal.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from clinic.places.wallclock import local_date
from plans.followups.models import CheckIn, ContactAttempt, FollowUp

MISSED_AFTER_OVERDUE = timedelta(days=30)
MISSED_AFTER_NO_SHOW = timedelta(days=14)
CHECK_IN_GRACE = timedelta(days=1)
"""Overdue after +24 h: the local day after the window's last one, of 23 or 25 hours where clocks change."""
ASKED_FOR = timedelta(days=14)
"""So long after its window somebody is reminded to ask; later the answer says little about the recovery."""
NO_SHOWS_TO_CALL = 2
MEANS_REACHED = frozenset({ContactAttempt.Outcome.REACHED, ContactAttempt.Outcome.DECLINED})
"""Somebody spoke to the patient; what they answered is another matter."""
NO_TRIES = frozenset({ContactAttempt.Outcome.PUT_OFF, ContactAttempt.Outcome.ASKED})
"""Written down beside the tries, without one."""

TRIES_AFTER: Mapping[str, int] = {ContactAttempt.Outcome.NO_ANSWER: 1, ContactAttempt.Outcome.LEFT_MESSAGE: 2}
"""Working days until the next try."""

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


@dataclass(frozen=True, slots=True)
class CheckInFacts:
    """What decides the state of a check-in; dates are local to its plan's location."""

    is_cancelled: bool
    is_answered: bool
    window_start: date
    window_end: date


def check_in_state(facts: CheckInFacts, today: date) -> CheckIn.State:
    """The state on `today`; the first that holds, in this order.

    A plan on hold changes nothing here: the patient recovers from what was given, and a hold is often the reason to
    ask. What the plan owes ends with the plan, by cancelling it.
    """
    if facts.is_cancelled:
        return CheckIn.State.CANCELLED
    if facts.is_answered:
        return CheckIn.State.ANSWERED
    if today > facts.window_end + CHECK_IN_GRACE:
        return CheckIn.State.OVERDUE
    if today >= facts.window_start:
        return CheckIn.State.DUE
    return CheckIn.State.PENDING


def is_of_use(window_end: date, today: date) -> bool:
    """Whether an answer to a check-in would still say something about the recovery."""
    return today <= window_end + ASKED_FOR


def next_try(outcome: str, today: date, weekdays: Collection[int]) -> date | None:
    """When to try again where nobody says otherwise: after no answer on the next day that is worked on (ISO weekdays),
    after a message on the one after it, so that they can call back; not at all once somebody spoke to them."""
    wait = TRIES_AFTER.get(outcome)
    if wait is None:
        return None
    day = today
    for _ in range(wait):
        day += timedelta(days=1)
        while weekdays and day.isoweekday() not in weekdays:
            day += timedelta(days=1)
    return day


class Unreachable(StrEnum):
    """Why no mail reaches a patient; the first that holds."""

    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    BOUNCED = "bounced"


class Call(StrEnum):
    """What a patient is called about."""

    NO_SHOWS = "no_shows"
    """They did not come, again, and nothing is booked."""
    VISIT = "visit"
    """A visit is coming up, and no mail says so."""
    FOLLOW_UP = "follow_up"
    """A follow-up is due or late, and no mail says so."""
    SESSION = "session"
    """A session is due and not booked, and no mail says so."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A follow-up that is due, overdue or missed, or a planned session that is due and not booked."""

    kind: Call
    window_start: date
    zone: ZoneInfo
    lost_at: datetime | None = None
    """When its last visit was cancelled or missed."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What decides whether a patient is to be called."""

    no_shows: Sequence[datetime] = ()
    """When each no-show since the last visit to which they came was marked."""
    is_booked: bool = False
    """Whether any visit is booked."""
    email: str = ""
    has_opted_out: bool = False
    bounced_at: datetime | None = None
    visits: Sequence[datetime] = ()
    """When each live visit of today or later was booked, or last moved."""
    owing: Sequence[Owing] = ()
    reached_at: datetime | None = None
    """When somebody last spoke to them."""


def calls(facts: CallFacts) -> frozenset[Call]:
    """What the patient is to be called about: every cause since which nobody has spoken to them."""
    found = set()
    if len(facts.no_shows) >= NO_SHOWS_TO_CALL and not facts.is_booked and not _told(facts, max(facts.no_shows)):
        found.add(Call.NO_SHOWS)
    if not facts.email or facts.has_opted_out or facts.bounced_at is not None:
        found |= {Call.VISIT for arranged_at in facts.visits if not _told(facts, arranged_at, facts.bounced_at)}
        found |= {
            owing.kind
            for owing in facts.owing
            if not _told(facts, owing.lost_at, facts.bounced_at)
            or facts.reached_at is None
            or local_date(facts.reached_at, owing.zone) < owing.window_start
        }
    return frozenset(found)


def _told(facts: CallFacts, *since: datetime | None) -> bool:
    """Whether somebody spoke to the patient after each of these instants, and at all."""
    reached = facts.reached_at
    return reached is not None and all(instant is None or reached > instant for instant in since)
