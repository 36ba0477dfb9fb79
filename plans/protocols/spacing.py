"""How the steps of a protocol fit together (pure): what counts from what, and whether the dates leave room enough."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clinic.words import days as in_days
from plans.protocols.drafts import (
    ANCHORS,
    MOST_SESSIONS,
    ONE_SESSION,
    PLAN_START,
    STARTS,
    Fault,
    StepInput,
    months_after,
    named,
    offset_field,
    shortest_days,
)
from plans.treatment.intervals import Intervals
from plans.treatment.timeline import CHECK_IN, MAINTENANCE, SESSION, VISITS, Place


def faults_between(steps: Sequence[StepInput], intervals: Intervals, known: Collection[str]) -> Iterator[Fault]:
    """What is wrong with these steps together; `known` are the fields at which one of them is wrong alone."""
    together = [*_sessions_count(steps), *_anchors(steps), *_maintenance_once(steps), *_same_places(steps)]
    yield from together
    yield from _spacing(steps, intervals, {*known, *(fault.attr for fault in together)})


def _numbered(steps: Sequence[StepInput]) -> list[tuple[int, int, StepInput]]:
    """Place, number of the first session, and step, of each session step; a count out of its range counts as near."""
    found, number = [], 1
    for place, step in enumerate(steps):
        if step.kind == SESSION:
            found.append((place, number, step))
            number += min(max(step.repetitions, 1), MOST_SESSIONS)
    return found


def _sessions_count(steps: Sequence[StepInput]) -> Iterator[Fault]:
    sessions = _numbered(steps)
    if not sessions:
        yield Fault("steps", "A protocol has at least one session; there is none.")
        return
    total = 0
    for place, _, step in sessions:
        total += max(step.repetitions, 1)
        if total > MOST_SESSIONS and 1 <= step.repetitions <= MOST_SESSIONS:
            yield Fault(
                f"steps.{place}.repetitions",
                f"{named(place, step)}: with it there are {total} sessions; a protocol has at most {MOST_SESSIONS}.",
            )
            return


def _anchors(steps: Sequence[StepInput]) -> Iterator[Fault]:
    sessions = _numbered(steps)
    total = sum(min(max(step.repetitions, 1), MOST_SESSIONS) for _, _, step in sessions)
    for place, number, step in sessions:
        if number == 1:
            if step.anchor in ANCHORS[SESSION] and step.anchor != PLAN_START:
                yield Fault(
                    f"steps.{place}.anchor",
                    f"{named(place, step)}: no session is before it; the first one counts from the start of the plan.",
                )
        elif step.anchor == ONE_SESSION and (step.anchor_session or 0) >= number:
            which = "itself" if step.anchor_session == number else "one that comes later"
            yield Fault(
                f"steps.{place}.anchor_session",
                f"{named(place, step)}: it is session {number} and counts from session {step.anchor_session}, {which}: "
                f"they would wait for each other. Allowed is 1 to {number - 1}.",
            )
    for place, step in enumerate(steps):
        named_session = step.anchor_session or 0
        if step.kind in VISITS and step.anchor == ONE_SESSION and sessions and named_session > total:
            yield Fault(
                f"steps.{place}.anchor_session",
                f"{named(place, step)}: it counts from session {named_session}; the sessions are 1 to {total}.",
            )


def _maintenance_once(steps: Sequence[StepInput]) -> Iterator[Fault]:
    found = [(place, step) for place, step in enumerate(steps) if step.kind == MAINTENANCE]
    for place, step in found[1:]:
        yield Fault(
            f"steps.{place}.kind",
            f"{named(place, step)}: step {found[0][0] + 1} is maintenance already; a protocol has one such step.",
        )


def _same_places(steps: Sequence[StepInput]) -> Iterator[Fault]:
    """Two visits, or two check-ins, on one day: nobody could tell them apart."""
    places: dict[tuple[bool, Place], int] = {}
    for place, step in enumerate(steps):
        if step.kind not in VISITS and step.kind != CHECK_IN:
            continue
        first = places.setdefault((step.kind == CHECK_IN, step.on_calendar(1).place), place)
        if first != place:
            yield Fault(
                f"steps.{place}.{offset_field(step)}",
                f"{named(place, step)}: it falls on the same day as step {first + 1} “{steps[first].title}”; "
                "two visits have two days.",
            )


@dataclass(frozen=True, slots=True)
class _Stop:
    """One session as it stands in the order."""

    place: int
    step: StepInput
    name: str
    is_first_of_step: bool
    counts_from: int | None
    """The index of the session it counts from; None for the start of the plan."""
    is_usable: bool
    """Whether its own numbers and anchor are in order; what counts from one that is not cannot be placed."""

    def target_after(self, anchor: date) -> date:
        months = self.step.offset_months
        return (months_after(anchor, months) if months else anchor) + timedelta(days=self.step.offset_days)


def _spacing(steps: Sequence[StepInput], intervals: Intervals, known: Collection[str]) -> Iterator[Fault]:
    """Sessions whose dates contradict their order, a minimum interval, or each other's windows."""
    stops = _stops(steps, known)
    courses = _courses(stops)
    told: set[int] = set()
    for index, stop in enumerate(stops):
        if stop.place in told:
            continue
        short = max(
            (
                one
                for earlier in range(index)
                if (one := _shortage(stops, courses, earlier, index, intervals)) is not None
            ),
            key=lambda one: one.missing,
            default=None,
        )
        if short is None and stop.is_first_of_step:
            short = _late_window(stops, courses, index, intervals)
        if short is not None:
            told.add(stop.place)
            yield Fault(f"steps.{stop.place}.{short.field}", f"{named(stop.place, stop.step)}: {short.detail}")
    yield from _maintenance_again(steps, intervals, {*known, *(f"steps.{place}.offset_days" for place in told)})


def _stops(steps: Sequence[StepInput], known: Collection[str]) -> list[_Stop]:
    wanted = ("kind", "anchor", "anchor_session", "offset_months", "offset_days", "repetitions")
    usable = [
        step.kind in ANCHORS and not any(f"steps.{place}.{name}" in known for name in wanted)
        for place, step in enumerate(steps)
    ]
    stops: list[_Stop] = []
    for place, number, step in _numbered(steps):
        for repetition in range(min(max(step.repetitions, 1), MOST_SESSIONS)):
            if len(stops) == MOST_SESSIONS:
                return stops
            index = number + repetition - 1
            counts_from: int | None = index - 1 if index else None
            if not repetition and step.anchor == PLAN_START:
                counts_from = None
            elif not repetition and step.anchor == ONE_SESSION and step.anchor_session:
                counts_from = step.anchor_session - 1
            name = f"session {index + 1}"
            stops.append(_Stop(place, step, name, not repetition, counts_from, usable[place]))
    last = len(stops) - 1
    for place, step in enumerate(steps):
        if step.kind == MAINTENANCE and last >= 0 and f"steps.{place}.kind" not in known:
            stops.append(_Stop(place, step, "the maintenance session", True, last, usable[place]))
    return stops


def _courses(stops: Sequence[_Stop]) -> list[list[date | None]]:
    """The target dates of the stops for every start that matters, before any interval moves them."""
    has_months = any(stop.step.offset_months for stop in stops if stop.is_usable)
    placed = []
    for start in STARTS if has_months else STARTS[:1]:
        days: list[date | None] = []
        for stop in stops:
            anchor = None
            if stop.is_usable:
                anchor = start if stop.counts_from is None else days[stop.counts_from]
            days.append(None if anchor is None else stop.target_after(anchor))
        placed.append(days)
    return placed


@dataclass(frozen=True, slots=True)
class _Short:
    missing: int
    field: str
    detail: str


def _shortage(
    stops: Sequence[_Stop], courses: Sequence[Sequence[date | None]], earlier: int, index: int, intervals: Intervals
) -> _Short | None:
    """Where `index` comes too soon after `earlier` in the tightest of the courses."""
    before, stop = stops[earlier], stops[index]
    need, why = _asked(before, stop, intervals, is_next=earlier == index - 1)
    if not need:
        return None
    gaps = [
        (later - first).days
        for days in courses
        if (first := days[earlier]) is not None and (later := days[index]) is not None
    ]
    gap = min(gaps, default=need)
    if gap >= need:
        return None
    field = offset_field(stop.step)
    if gap <= 0:
        when = f"on the day of {before.name}" if gap == 0 else f"{-gap} days before {before.name}"
        return _Short(
            need - gap,
            field,
            f"{stop.name} would come {when}; sessions follow each other in the order of the steps, and at least "
            f"{in_days(need)} must lie between these ({why}).",
        )
    return _Short(
        need - gap,
        field,
        f"{stop.name} would come {in_days(gap)} after {before.name}; at least {in_days(need)} must lie between them "
        f"({why}).",
    )


def _asked(before: _Stop, stop: _Stop, intervals: Intervals, *, is_next: bool) -> tuple[int, str]:
    """How many days must lie between two sessions, and which rule says so."""
    need = intervals.between(before.step.components, stop.step.components)
    days, why = need.days, need.title
    own = stop.step.minimum_interval_days
    if is_next and own > days:
        days, why = own, "its own minimum interval"
    if is_next and not days:
        days, why = 1, "one session a day"
    return days, why


def _late_window(
    stops: Sequence[_Stop], courses: Sequence[Sequence[date | None]], index: int, intervals: Intervals
) -> _Short | None:
    """Where a session may be so late, within its window, that the next one's window is over before it may come.

    A session that counts from the one before moves with it; one that counts from anything else does not.
    """
    stop = stops[index]
    if not index or stop.counts_from == index - 1:
        return None
    before = stops[index - 1]
    need, why = _asked(before, stop, intervals, is_next=True)
    spare = [
        (later - first).days + stop.step.tolerance_after_days - before.step.tolerance_after_days
        for days in courses
        if (first := days[index - 1]) is not None and (later := days[index]) is not None
    ]
    left = min(spare, default=need)
    if left >= need:
        return None
    return _Short(
        need - left,
        "tolerance_after_days",
        f"its window ends {in_days(stop.step.tolerance_after_days)} after the target, too soon where {before.name} "
        f"takes place at the end of its own: at least {in_days(need)} must lie between them ({why}). "
        f"Allowed is {stop.step.tolerance_after_days + need - left} or more.",
    )


def _maintenance_again(steps: Sequence[StepInput], intervals: Intervals, known: Collection[str]) -> Iterator[Fault]:
    """A maintenance step follows itself, too."""
    for place, step in enumerate(steps):
        if step.kind != MAINTENANCE or any(attr.startswith(f"steps.{place}.") for attr in known):
            continue
        need = intervals.between(step.components, step.components)
        gap = shortest_days(step.offset_months) + step.offset_days
        if gap < max(need.days, 1):
            yield Fault(
                f"steps.{place}.{offset_field(step)}",
                f"{named(place, step)}: it would come again {in_days(gap)} after itself; at least "
                f"{in_days(max(need.days, 1))} must lie between ({need.title or 'one session a day'}).",
            )
