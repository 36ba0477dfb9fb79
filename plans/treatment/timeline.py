"""The course of a plan on the calendar (pure): protocol steps and facts in; earliest, target and latest dates out.

Everything here is a local date in the plan's location; whoever gathers the facts turns instants into dates. Only
performed facts and pins move windows: a session that was performed anchors what follows it; until then its own target
does. No window opens before the intervals after everything that was given, none before the session ahead of it, and
none of a follow-up before the plan's start.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from clinic.words import count_of, date_in_full
from plans.treatment.intervals import Components, Given, Intervals, Need, soonest

SESSION, MAINTENANCE, CHECK_IN = "session", "maintenance", "check_in"
VISITS = frozenset({"assessment", "follow_up"})
NO_INTERVALS = Intervals()
Place = tuple[str, int | None, int, int]
"""What a visit counts from, and how far: anchor, number of the session, months, days."""


class Rule(StrEnum):
    """What set the earliest date."""

    PLAN_START = "plan_start"
    TARGET_WINDOW = "target_window"
    MINIMUM_INTERVAL = "minimum_interval"
    ORDER = "order"
    ABORTED = "aborted"
    RESUMED = "resumed"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a protocol version, as the calendar needs it. Days and months are counts, never negative."""

    position: int
    kind: str
    title: str
    anchor: str
    anchor_session: int | None = None
    offset_months: int = 0
    offset_days: int = 0
    tolerance_before_days: int = 0
    tolerance_after_days: int = 0
    minimum_interval_days: int = 0
    repetitions: int = 1
    components: Components = ()

    @property
    def place(self) -> Place:
        """Where it stands in the course, by which the same visit is known in another version of the protocol."""
        return self.anchor, self.anchor_session, self.offset_months, self.offset_days

    def target_after(self, anchor: date) -> date:
        """The target date, counted from `anchor`: calendar months first, then days."""
        months = relativedelta(months=self.offset_months) if self.offset_months else timedelta()
        return anchor + months + timedelta(days=self.offset_days)


@dataclass(frozen=True, slots=True)
class Bound:
    """What set the earliest date: the rule, the date it counts from, how much it adds, and to what."""

    rule: Rule
    since: date
    days: int = 0
    months: int = 0
    what: str = ""

    def __str__(self) -> str:
        """In words, for people: “At least 14 days after 3 March 2026 (PRP after PRP).”"""
        day = date_in_full(self.since)
        match self.rule:
            case Rule.PLAN_START:
                return f"The plan starts on {day}."
            case Rule.MINIMUM_INTERVAL:
                return f"At least {count_of(self.days, 'day')} after {day} ({self.what})."
            case Rule.ORDER:
                return f"After the session ahead of it, on {day}."
            case Rule.ABORTED:
                return f"It was stopped on {day}, and is owed again from then."
            case Rule.RESUMED:
                return f"The plan was resumed on {day}."
            case Rule.PIN:
                return f"Pinned to {day}."
        parts = [count_of(self.months, "month"), count_of(self.days, "day")]
        counted = " and ".join(part for part, number in zip(parts, (self.months, self.days), strict=True) if number)
        return f"{counted or 'On the day'} {'after' if counted else 'of'} {self.what} ({day})."


@dataclass(frozen=True, slots=True)
class Window:
    """Earliest, target and latest local date, both ends included, and what bound the earliest."""

    earliest: date
    target: date
    latest: date
    bound: Bound
    pin_conflict: str = ""
    """Why a pin cannot be met; the target is later then."""

    @property
    def rule(self) -> Rule:
        return self.bound.rule

    @property
    def dates(self) -> tuple[date, date, date]:
        """Earliest, target and latest."""
        return self.earliest, self.target, self.latest


@dataclass(frozen=True, slots=True)
class PlannedSession:
    sequence: int
    step: Step
    number: int
    """Its number among the step's kind, from 1."""
    window: Window


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A follow-up or a check-in."""

    step: Step
    window: Window


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened so far, and what a person has pinned; sessions by sequence."""

    performed_on: Mapping[int, date] = field(default_factory=dict)
    given: Mapping[int, Sequence[Given]] = field(default_factory=dict)
    """What was given in each session, in aborted tries too."""
    retry_from: Mapping[int, date] = field(default_factory=dict)
    """Where a try was aborted: the date from which the step is owed again."""
    pins: Mapping[int, date] = field(default_factory=dict)
    visit_pins: Mapping[Place, date] = field(default_factory=dict)
    """Pins of follow-ups, by the place of their step."""
    cancelled: frozenset[int] = frozenset()
    resumed_on: date | None = None
    """When a hold ended: no session that is still owed is aimed at an earlier day."""
    elsewhere: Sequence[Given] = ()
    """What the patient was given under other plans."""


@dataclass(frozen=True, slots=True)
class Course:
    """The whole initial course: sessions in order, and the visits after them."""

    sessions: list[PlannedSession]
    visits: list[PlannedVisit]


def course(steps: Iterable[Step], start: date, facts: Facts, intervals: Intervals = NO_INTERVALS) -> Course:
    """Every session and follow-up of the initial course, with its window."""
    steps = list(steps)
    planned = sessions(steps, start, facts, intervals)
    return Course(planned, follow_ups(steps, start, planned, facts))


def sessions(
    steps: Iterable[Step], start: date, facts: Facts, intervals: Intervals = NO_INTERVALS
) -> list[PlannedSession]:
    """Every session of the initial course in order, with its window."""
    planned: list[PlannedSession] = []
    days: dict[int, date] = {}
    """When each session that was not cancelled took place, or is aimed at."""
    own = [given for tries in facts.given.values() for given in tries]
    aimed: list[Given] = []
    """The sessions so far of which nothing is charted: still to come, as their steps plan them."""
    for sequence, (step, repetition) in enumerate(_each_session(steps), start=1):
        done = facts.performed_on.get(sequence)
        ahead = [given for given in own if done is None or given.on < done] + aimed
        elsewhere = [given for given in facts.elsewhere if done is None or given.on < done]
        window = _session_window(
            step,
            start=start,
            anchor=_session_anchor(step, repetition, start, days),
            previous=max(days.values(), default=None),
            own=ahead,
            elsewhere=elsewhere,
            intervals=intervals,
            retry_from=facts.retry_from.get(sequence),
            resumed_on=facts.resumed_on if done is None else None,
            pin=facts.pins.get(sequence),
        )
        planned.append(PlannedSession(sequence, step, sequence, window))
        if sequence in facts.cancelled:
            continue
        days[sequence] = done or window.target
        if done is None or sequence not in facts.given:
            aimed.append(Given(days[sequence], step.components))
    return planned


def maintenance(
    steps: Iterable[Step],
    last_performed: date,
    sequence: int,
    number: int,
    facts: Facts,
    intervals: Intervals = NO_INTERVALS,
) -> PlannedSession | None:
    """The next maintenance session after `last_performed`; None where the protocol has none."""
    step = next(iter(_of_kind(steps, {MAINTENANCE})), None)
    if step is None:
        return None
    window = _session_window(
        step,
        start=last_performed,
        anchor=_Anchor(last_performed, "the last session"),
        previous=last_performed,
        own=[given for tries in facts.given.values() for given in tries],
        elsewhere=facts.elsewhere,
        intervals=intervals,
        retry_from=facts.retry_from.get(sequence),
        resumed_on=facts.resumed_on,
        pin=facts.pins.get(sequence),
    )
    return PlannedSession(sequence, step, number, window)


def follow_ups(
    steps: Iterable[Step], start: date, planned: Sequence[PlannedSession], facts: Facts
) -> list[PlannedVisit]:
    """Every assessment and follow-up visit, in order, anchored on sessions as performed or as planned."""
    days = {
        session.sequence: facts.performed_on.get(session.sequence, session.window.target)
        for session in planned
        if session.sequence not in facts.cancelled
    }
    first, pins = Bound(Rule.PLAN_START, start), facts.visit_pins
    return [
        PlannedVisit(step, _visit_window(step, _visit_anchor(step, start, days), pins.get(step.place), first))
        for step in _of_kind(steps, VISITS)
    ]


def check_ins(steps: Iterable[Step], performed_on: date) -> list[PlannedVisit]:
    """The recovery check-ins after a session performed on this date."""
    anchor = _Anchor(performed_on, "the session")
    return [PlannedVisit(step, _visit_window(step, anchor)) for step in _of_kind(steps, {CHECK_IN})]


@dataclass(frozen=True, slots=True)
class _Anchor:
    day: date
    name: str


def _each_session(steps: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    for step in _of_kind(steps, {SESSION}):
        for repetition in range(step.repetitions):
            yield step, repetition


def _session_anchor(step: Step, repetition: int, start: date, days: Mapping[int, date]) -> _Anchor:
    """What a session counts from; a repetition counts from the one before it."""
    if not days or (step.anchor == "plan_start" and not repetition):
        return _Anchor(start, "the start of the plan")
    number = step.anchor_session
    if step.anchor == "session" and not repetition and number is not None and number in days:
        return _Anchor(days[number], f"session {number}")
    latest = max(days)
    return _Anchor(days[latest], f"session {latest}")


def _visit_anchor(step: Step, start: date, days: Mapping[int, date]) -> _Anchor:
    """What a follow-up counts from; where its session was cancelled, the next one, or else the last."""
    if not days or step.anchor == "plan_start":
        return _Anchor(start, "the start of the plan")
    if step.anchor == "session" and step.anchor_session is not None:
        number = min((one for one in days if one >= step.anchor_session), default=max(days))
        return _Anchor(days[number], f"session {number}")
    return _Anchor(days[max(days)], "the last session")


def _of_kind(steps: Iterable[Step], kinds: Iterable[str]) -> list[Step]:
    return sorted((step for step in steps if step.kind in kinds), key=lambda step: step.position)


def _session_window(
    step: Step,
    *,
    start: date,
    anchor: _Anchor,
    previous: date | None,
    own: Sequence[Given],
    elsewhere: Sequence[Given],
    intervals: Intervals,
    retry_from: date | None,
    resumed_on: date | None,
    pin: date | None,
) -> Window:
    target, bound = _aim(step, anchor, retry_from, resumed_on, pin)
    earliest = target - timedelta(days=step.tolerance_before_days)
    if previous is None and earliest <= start:
        earliest, bound = start, Bound(Rule.PLAN_START, start)
    for limit in _limits(step, previous, own, elsewhere, intervals):
        day = limit.since + timedelta(days=limit.days)
        if day > earliest:
            earliest, bound = day, limit
    conflict = str(bound) if pin is not None and earliest > pin else ""
    target = max(target, earliest)
    return Window(earliest, target, target + timedelta(days=step.tolerance_after_days), bound, conflict)


def _aim(
    step: Step, anchor: _Anchor, retry_from: date | None, resumed_on: date | None, pin: date | None
) -> tuple[date, Bound]:
    """The target before any interval, and what set it. A pin stands against an aborted try and a hold."""
    if pin is not None:
        return pin, Bound(Rule.PIN, pin)
    target = step.target_after(anchor.day)
    bound = Bound(Rule.TARGET_WINDOW, anchor.day, step.offset_days, step.offset_months, anchor.name)
    for rule, day in ((Rule.ABORTED, retry_from), (Rule.RESUMED, resumed_on)):
        if day is not None and day > target:
            target, bound = day, Bound(rule, day)
    return target, bound


def _limits(
    step: Step, previous: date | None, own: Sequence[Given], elsewhere: Sequence[Given], intervals: Intervals
) -> Iterator[Bound]:
    """What the earliest date may not fall below."""
    if previous is not None:
        yield Bound(Rule.ORDER, previous, days=1)
    if step.minimum_interval_days and own:
        latest = max(given.on for given in own)
        yield Bound(Rule.MINIMUM_INTERVAL, latest, step.minimum_interval_days, what="the protocol")
    strictest = soonest(step.components, [*own, *elsewhere], intervals)
    if strictest is not None:
        need: Need = strictest.need
        yield Bound(Rule.MINIMUM_INTERVAL, strictest.since, need.days, what=need.title)


def _visit_window(step: Step, anchor: _Anchor, pin: date | None = None, first: Bound | None = None) -> Window:
    if pin is not None:
        target, bound = pin, Bound(Rule.PIN, pin)
    else:
        target = step.target_after(anchor.day)
        bound = Bound(Rule.TARGET_WINDOW, anchor.day, step.offset_days, step.offset_months, anchor.name)
    return visit_window(target, step.tolerance_before_days, step.tolerance_after_days, bound, first)


def visit_window(target: date, days_before: int, days_after: int, bound: Bound, first: Bound | None = None) -> Window:
    """A window around a target that `bound` has set; it opens no earlier than the day of `first`, which binds it then.

    A target before that day is a window's first day itself.
    """
    earliest = target - timedelta(days=days_before)
    if first is not None and earliest < first.since:
        earliest, bound = min(first.since, target), first if first.since <= target else bound
    return Window(earliest, target, target + timedelta(days=days_after), bound)
