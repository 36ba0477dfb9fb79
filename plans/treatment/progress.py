"""How far a plan is, how well it is kept, and what stands in the way of its next step (pure).

*Adherence* is what was kept ÷ what had to be by now, in percent, of sessions, maintenance and follow-ups. A visit is
*kept* if it took place on a day of its window, both ends included; a follow-up may also have been attended early. What
had to be is every visit that took place, on whatever day, and every one still owed whose window has closed. Cancelled
and aborted ones count in neither, nor does what is still owed while the plan is on hold; as long as nothing counts,
there is no percentage. Check-ins are counted beside it: three of them follow each session, and would outweigh the
visits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import mean, median
from uuid import UUID

from django.db.models import TextChoices

from clinic.people.models import Modality
from clinic.words import date_in_full
from plans.treatment.models import TreatmentPlan

BLOCKS = frozenset({"unsigned", "not_accepted", "on_hold", "in_progress", "consent_missing", "too_early", "not_booked"})
"""The codes of what can stand in the way."""
BOOK_AHEAD = timedelta(days=14)
"""A step waits for booking from so long before its window opens."""


class Kind(TextChoices):
    SESSION = "session", "Session"
    MAINTENANCE = "maintenance", "Maintenance"
    FOLLOW_UP = "follow_up", "Follow-up"
    CHECK_IN = "check_in", "Check-in"


class State(TextChoices):
    """Where any step of a course stands.

    *Pending*: its window is not open, a session ahead of it is still owed, or nothing of its plan is at present.
    *Done*: performed, attended or answered.
    """

    PENDING = "pending", "Pending"
    DUE = "due", "Due"
    OVERDUE = "overdue", "Overdue"
    MISSED = "missed", "Missed"
    SCHEDULED = "scheduled", "Scheduled"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    ABORTED = "aborted", "Aborted"
    CANCELLED = "cancelled", "Cancelled"


class Flag(StrEnum):
    """By which plans are picked out of a list; `with_flags` says the same in SQL."""

    SLIPPING = "slipping"
    """Accepted or active, and a session is past its window and not booked, or a follow-up is overdue or missed."""
    WAITING = "waiting"
    """Accepted or active, and its next step is not booked, though its window is open or opens within 14 days."""
    ON_HOLD = "on_hold"

    @property
    def said(self) -> str:
        return {Flag.SLIPPING: "Slipping", Flag.WAITING: "Waits for booking", Flag.ON_HOLD: "On hold"}[self]


@dataclass(frozen=True, slots=True)
class Step:
    """One session, follow-up or check-in of a plan; all days are local dates."""

    kind: Kind
    id: UUID
    title: str
    sequence: int
    earliest: date
    target: date
    latest: date
    state: State
    done_on: date | None = None
    booked_at: datetime | None = None
    modalities: frozenset[Modality] = frozenset()
    """What needs a consent before it starts."""
    is_unsigned: bool = False
    """Over, but its record is not signed yet."""

    @property
    def place(self) -> tuple[date, int, int, UUID]:
        """What puts the steps of a course in order: the target, and of two on one day the session first."""
        return self.target, _RANK[self.kind], self.sequence, self.id

    @property
    def days_late(self) -> int | None:
        """Days after its target on which it was done, negative where early; None while it is not done."""
        return None if self.done_on is None else (self.done_on - self.target).days

    @property
    def is_kept(self) -> bool:
        """Done by the last day of its window, and a session not before its first; a visit that serves may be early."""
        if self.done_on is None or self.done_on > self.latest:
            return False
        return self.kind is Kind.FOLLOW_UP or self.done_on >= self.earliest


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that stands in the way of the next step."""

    code: str
    text: str
    until: date | None = None
    """The first day on which it is gone, where time alone mends it."""
    modality: Modality | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """All of it, for one plan on one day."""

    sessions_done: int
    sessions_due: int
    """Owed, the window has opened, and no session is to be given before it."""
    sessions_owed: int
    """Of the initial course, not done yet; with `sessions_done` all of it."""
    maintenance_done: int
    timing: list[Step]
    """The sessions that were performed, in order; see their `days_late`."""
    median_days_late: float | None
    mean_days_late: float | None
    follow_ups_kept: int
    follow_ups_missed: int
    follow_ups_open: int
    check_ins_answered: int
    check_ins_overdue: int
    check_ins_open: int
    adherence_kept: int
    adherence_counted: int
    next: Step | None
    blocks: list[Block]
    flags: frozenset[Flag]

    @property
    def sessions_total(self) -> int:
        return self.sessions_done + self.sessions_owed

    @property
    def adherence_pct(self) -> int | None:
        """0 to 100; None while nothing counts."""
        return round(100 * self.adherence_kept / self.adherence_counted) if self.adherence_counted else None


def progress(steps: Iterable[Step], status: str, today: date, consented: Iterable[Modality] = frozenset()) -> Progress:
    """The progress of a plan in this status, with the consents that stand."""
    steps = list(steps)
    sessions = _of(steps, Kind.SESSION)
    performed = [step for step in steps if step.kind in _SESSIONS and step.state is State.DONE]
    follow_ups, check_ins = _of(steps, Kind.FOLLOW_UP), _of(steps, Kind.CHECK_IN)
    counted = [step for step in steps if _counts(step, status, today)]
    late = [step.days_late for step in performed if step.days_late is not None]
    following = next_step(steps)
    return Progress(
        sessions_done=_number(sessions, {State.DONE}),
        sessions_due=sum(
            step.state in _OPEN - {State.PENDING} and step.earliest <= today
            for step in sessions
            if status in TreatmentPlan.MAY_BOOK
        ),
        sessions_owed=_number(sessions, _OPEN),
        maintenance_done=_number(_of(steps, Kind.MAINTENANCE), {State.DONE}),
        timing=sorted(performed, key=lambda step: (step.done_on or step.target, step.sequence)),
        median_days_late=float(median(late)) if late else None,
        mean_days_late=round(mean(late), 1) if late else None,
        follow_ups_kept=_number(follow_ups, {State.DONE}),
        follow_ups_missed=_number(follow_ups, {State.MISSED}),
        follow_ups_open=_number(follow_ups, _OPEN - {State.MISSED}),
        check_ins_answered=_number(check_ins, {State.DONE}),
        check_ins_overdue=_number(check_ins, {State.OVERDUE}),
        check_ins_open=_number(check_ins, _OPEN - {State.OVERDUE}),
        adherence_kept=sum(step.is_kept for step in counted),
        adherence_counted=len(counted),
        next=following,
        blocks=list(_blocks(steps, following, status, today, frozenset(consented))),
        flags=flags(steps, status, today),
    )


def next_step(steps: Iterable[Step]) -> Step | None:
    """The visit that comes next: what is in progress, or else the first that is open. A check-in is no visit."""
    visits = [step for step in steps if step.kind is not Kind.CHECK_IN and step.state in _OPEN]
    return min(visits, key=lambda step: (step.state is not State.IN_PROGRESS, step.place), default=None)


def flags(steps: Sequence[Step], status: str, today: date) -> frozenset[Flag]:
    """By which of the lists' filters the plan is found."""
    if status == TreatmentPlan.Status.ON_HOLD:
        return frozenset({Flag.ON_HOLD})
    if status not in TreatmentPlan.MAY_BOOK:
        return frozenset()
    found = set()
    if any(_slips(step) for step in steps):
        found.add(Flag.SLIPPING)
    following = next_step(steps)
    if following is not None and _waits(following, today):
        found.add(Flag.WAITING)
    return frozenset(found)


_SESSIONS = frozenset({Kind.SESSION, Kind.MAINTENANCE})
_OPEN = frozenset({State.PENDING, State.DUE, State.OVERDUE, State.MISSED, State.SCHEDULED, State.IN_PROGRESS})
_RANK = {Kind.SESSION: 0, Kind.MAINTENANCE: 0, Kind.FOLLOW_UP: 1, Kind.CHECK_IN: 2}


def _counts(step: Step, status: str, today: date) -> bool:
    """Whether adherence counts it by now."""
    if step.kind is Kind.CHECK_IN:
        return False
    is_closed = step.state in _OPEN and today > step.latest and status in TreatmentPlan.MAY_BOOK
    return is_closed or step.state is State.DONE


def _slips(step: Step) -> bool:
    return step.kind is not Kind.CHECK_IN and step.state in (State.OVERDUE, State.MISSED)


def _waits(step: Step, today: date) -> bool:
    return step.state not in (State.SCHEDULED, State.IN_PROGRESS) and step.earliest - BOOK_AHEAD <= today <= step.latest


def _blocks(
    steps: Sequence[Step], following: Step | None, status: str, today: date, consented: frozenset[Modality]
) -> Iterable[Block]:
    yield from (
        Block("unsigned", f"{step.title} is over, but its record is not signed.") for step in steps if step.is_unsigned
    )
    if status in _CLOSED_BY:
        yield Block(*_CLOSED_BY[TreatmentPlan.Status(status)])
    if following is None:
        return
    if following.state is State.IN_PROGRESS:
        yield Block("in_progress", f"{following.title} is in progress.")
        return
    for modality in sorted(following.modalities - consented):
        yield Block("consent_missing", f"Consent for {modality.label} is missing.", modality=modality)
    if following.state is State.SCHEDULED:
        return
    if today < following.earliest:
        yield Block("too_early", f"Too early until {date_in_full(following.earliest)}.", until=following.earliest)
    if status in TreatmentPlan.MAY_BOOK:
        yield Block("not_booked", f"{following.title} is not booked.")


_CLOSED_BY = {
    TreatmentPlan.Status.DRAFT: ("not_accepted", "The plan is a draft; it has to be proposed and accepted."),
    TreatmentPlan.Status.PROPOSED: ("not_accepted", "The plan waits for the patient to accept it."),
    TreatmentPlan.Status.ON_HOLD: ("on_hold", "The plan is on hold."),
}


def _of(steps: Iterable[Step], kind: Kind) -> list[Step]:
    return [step for step in steps if step.kind is kind]


def _number(steps: Iterable[Step], states: Iterable[State]) -> int:
    return sum(step.state in states for step in steps)
