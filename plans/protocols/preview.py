"""The calendar that a protocol makes of a start date (pure): what its editor draws, and what the API previews."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from plans.protocols.drafts import Fault, StepInput
from plans.protocols.rules import is_drawable, step_faults
from plans.treatment import timeline
from plans.treatment.intervals import Given, Intervals
from plans.treatment.timeline import MAINTENANCE, SESSION, Facts, Window


@dataclass(frozen=True, slots=True)
class Entry:
    """One date of the calendar: a step, the window in which it falls, and what set its earliest day."""

    position: int
    """Of its step, from 1."""
    kind: str
    title: str
    window: Window

    @property
    def why(self) -> str:
        return str(self.window.bound)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft comes to: its calendar, empty where it cannot be worked out, and what is wrong with it."""

    start_date: date
    calendar: list[Entry]
    faults: list[Fault]


def preview_of(steps: Sequence[StepInput], start: date, intervals: Intervals, topics: Collection[str]) -> Preview:
    """The calendar of these steps from `start`, and their faults. `topics` are the care topics that exist."""
    found = step_faults(steps, intervals, topics)
    return Preview(start, calendar_of(steps, start, intervals) if is_drawable(steps) else [], found)


def calendar_of(steps: Sequence[StepInput], start: date, intervals: Intervals) -> list[Entry]:
    """Every date of a course that begins on `start` and goes as planned, by target; `rules.is_drawable` comes first.

    Check-ins follow each session; one maintenance session stands for all that follow it.
    """
    on_calendar = [step.on_calendar(position) for position, step in enumerate(steps, start=1)]
    course = timeline.course(on_calendar, start, Facts(), intervals)
    of = len(course.sessions)
    found = [
        Entry(
            session.step.position, SESSION, f"Session {session.number} of {of} · {session.step.title}", session.window
        )
        for session in course.sessions
    ]
    for session in course.sessions:
        found += [
            Entry(one.step.position, one.step.kind, f"{one.step.title} · session {session.number}", one.window)
            for one in timeline.check_ins(on_calendar, session.window.target)
        ]
    found += [Entry(visit.step.position, visit.step.kind, visit.step.title, visit.window) for visit in course.visits]
    if course.sessions:
        performed = {session.sequence: session.window.target for session in course.sessions}
        given = {
            session.sequence: [Given(session.window.target, session.step.components)] for session in course.sessions
        }
        following = timeline.maintenance(
            on_calendar, max(performed.values()), of + 1, 1, Facts(performed_on=performed, given=given), intervals
        )
        if following is not None:
            title = f"Maintenance · {following.step.title}"
            found.append(Entry(following.step.position, MAINTENANCE, title, following.window))
    return sorted(found, key=lambda entry: (entry.window.target, entry.position))
