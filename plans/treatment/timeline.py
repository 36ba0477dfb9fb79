"""The course of a plan on the calendar (pure): protocol steps and facts in; earliest, target and latest dates out.

Everything here is a local date in the plan's location. Only performed facts and pins move windows: a session that was
performed anchors what follows it; until then its own target does. No window opens before the minimum interval after
the last date on which anything was given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta


class Rule(StrEnum):
    """What set the earliest date."""

    PLAN_START = "plan_start"
    TARGET_WINDOW = "target_window"
    MINIMUM_INTERVAL = "minimum_interval"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a protocol version, as the calendar needs it. Days and months are counts, never negative."""

    position: int
    kind: str
    title: str
    anchor: str
    offset_months: int = 0
    offset_days: int = 0
    tolerance_before_days: int = 0
    tolerance_after_days: int = 0
    minimum_interval_days: int = 0
    repetitions: int = 1

    def target_after(self, anchor: date) -> date:
        """The target date, counted from `anchor`: calendar months first, then days."""
        return anchor + relativedelta(months=self.offset_months) + timedelta(days=self.offset_days)


@dataclass(frozen=True, slots=True)
class Window:
    """Earliest, target and latest local date, both ends included, and the rule that binds the earliest."""

    earliest: date
    target: date
    latest: date
    rule: Rule


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
    """What happened so far, by session sequence."""

    performed_on: Mapping[int, date] = field(default_factory=dict)
    given_on: Mapping[int, date] = field(default_factory=dict)
    """The last date on which an aborted try of this session gave anything."""
    retry_from: Mapping[int, date] = field(default_factory=dict)
    """Where a try was aborted: the date from which the step is owed again."""
    pins: Mapping[int, date] = field(default_factory=dict)
    cancelled: frozenset[int] = frozenset()
    resumed_on: date | None = None
    """When a hold ended: nothing that is still owed is aimed at an earlier day."""


SESSION, MAINTENANCE, CHECK_IN, ASSESSMENT = "session", "maintenance", "check_in", "assessment"


def sessions(steps: Iterable[Step], start: date, facts: Facts) -> list[PlannedSession]:
    """Every session of the initial course in order, with its window."""
    planned: list[PlannedSession] = []
    previous: date | None = None
    first: date | None = None
    last_given: date | None = None
    sequence = 0
    for step in _of_kind(steps, SESSION):
        for _ in range(step.repetitions):
            sequence += 1
            anchor = first if step.anchor == "first_session" else previous
            if sequence in facts.given_on:
                last_given = _later(last_given, facts.given_on[sequence])
            window = _session_window(
                step,
                anchor=start if anchor is None or step.anchor == "plan_start" else anchor,
                is_first=step.anchor == "plan_start",
                last_given=last_given,
                not_before=_latest(facts.retry_from.get(sequence), facts.resumed_on),
                pin=facts.pins.get(sequence),
            )
            planned.append(PlannedSession(sequence, step, sequence, window))
            if sequence in facts.cancelled:
                continue
            done = facts.performed_on.get(sequence)
            if done is not None:
                last_given = _later(last_given, done)
            previous = done or window.target
            last_given = _later(last_given, previous)
            first = first or previous
    return planned


def maintenance(
    steps: Iterable[Step],
    last_performed: date,
    sequence: int,
    number: int,
    *,
    last_given: date | None = None,
    not_before: date | None = None,
) -> PlannedSession | None:
    """The next maintenance session after `last_performed`; None where the protocol has none.

    `last_given` is the last date on which anything was given, in an aborted session too.
    """
    step = next(iter(_of_kind(steps, MAINTENANCE)), None)
    if step is None:
        return None
    given = _latest(last_performed, last_given)
    window = _session_window(step, anchor=last_performed, is_first=False, last_given=given, not_before=not_before)
    return PlannedSession(sequence, step, number, window)


def follow_ups(
    steps: Iterable[Step], start: date, course: Sequence[PlannedSession], facts: Facts
) -> list[PlannedVisit]:
    """Every assessment, in order, anchored on sessions as performed or as planned."""
    dates = [
        facts.performed_on.get(session.sequence, session.window.target)
        for session in course
        if session.sequence not in facts.cancelled
    ]
    anchors = {
        "plan_start": start,
        "first_session": dates[0] if dates else start,
        "last_session": dates[-1] if dates else start,
        "previous_session": dates[-1] if dates else start,
    }
    return [PlannedVisit(step, _visit_window(step, anchors[step.anchor])) for step in _of_kind(steps, ASSESSMENT)]


def check_ins(steps: Iterable[Step], performed_on: date) -> list[PlannedVisit]:
    """The recovery check-ins after a session performed on this date."""
    return [PlannedVisit(step, _visit_window(step, performed_on)) for step in _of_kind(steps, CHECK_IN)]


def _of_kind(steps: Iterable[Step], kind: str) -> list[Step]:
    return sorted((step for step in steps if step.kind == kind), key=lambda step: step.position)


def _latest(*days: date | None) -> date | None:
    return max((day for day in days if day is not None), default=None)


def _later(one: date | None, other: date) -> date:
    return other if one is None else max(one, other)


def _session_window(
    step: Step,
    *,
    anchor: date,
    is_first: bool,
    last_given: date | None,
    not_before: date | None = None,
    pin: date | None = None,
) -> Window:
    target = pin or step.target_after(anchor)
    if not_before is not None and pin is None:
        target = max(target, not_before)
    if is_first and pin is None and not_before is None:
        # Nothing comes before the plan's start; the first session has no previous one to keep away from.
        return Window(target, target, target + timedelta(days=step.tolerance_after_days), Rule.PLAN_START)
    earliest, rule = target - timedelta(days=step.tolerance_before_days), Rule.PIN if pin else Rule.TARGET_WINDOW
    if last_given is not None:
        soonest = last_given + timedelta(days=step.minimum_interval_days)
        if soonest > earliest:
            earliest, rule = soonest, Rule.MINIMUM_INTERVAL
    target = max(target, earliest)
    return Window(earliest, target, target + timedelta(days=step.tolerance_after_days), rule)


def _visit_window(step: Step, anchor: date) -> Window:
    target = step.target_after(anchor)
    return Window(
        target - timedelta(days=step.tolerance_before_days),
        target,
        target + timedelta(days=step.tolerance_after_days),
        Rule.TARGET_WINDOW,
    )
