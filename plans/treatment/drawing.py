"""A course of care drawn on a calendar (pure): dates in, places along a line out, as percentages of its width.

Percentages leave the width to the page, so that words keep their size on a phone. Nothing here knows HTML or SVG.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta


class State(StrEnum):
    """Where a step stands: it says shape and colour."""

    PLANNED = "planned"
    OPEN = "open"
    """Planned, and it wants somebody now."""
    BOOKED = "booked"
    DONE = "done"
    LATE = "late"
    STOPPED = "stopped"

    @property
    def said(self) -> str:
        """In a word."""
        return WORDS[self]


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of a course; all days are local dates, and the window includes both its ends."""

    title: str
    kind: str
    """`session`, `maintenance`, `visit` or `check_in`."""
    earliest: date
    target: date
    latest: date
    state: str = State.PLANNED
    at: date | None = None
    """The day it was performed, attended or answered, or is booked for."""
    note: str = ""
    """What else is to be read of it: the rule that binds, a pin."""
    word: str = ""
    """Its state in words, where more is known than the state alone says."""
    url: str = ""
    """Where a click leads."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of a month; `label` is empty where words would stand too close."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One mark, placed."""

    mark: Mark
    look: State
    word: str
    x: str
    width: str
    target_x: str
    at_x: str
    """Where its sign stands: on its day, or else on its target."""
    summary: str
    """All of it in one sentence, for who does not see the drawing."""

    @property
    def is_check_in(self) -> bool:
        return self.mark.kind == "check_in"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Rows under a calendar from the first of a month to the end of one."""

    first: date
    last: date
    ticks: list[Tick]
    rows: list[Row]
    today_x: str | None
    """None where today is not asked for, or lies outside."""

    @property
    def looks(self) -> list[State]:
        """What a legend has to explain, in one order."""
        return [look for look in State if any(row.look == look for row in self.rows)]


WORDS = {
    State.PLANNED: "Planned",
    State.OPEN: "Due",
    State.BOOKED: "Booked",
    State.DONE: "Done",
    State.LATE: "Late",
    State.STOPPED: "Stopped",
}


def draw(marks: Iterable[Mark], today: date | None = None) -> Drawing | None:
    """The marks in the order given, with ticks for the months and a line for `today`; None where there are none."""
    marks = list(marks)
    if not marks:
        return None
    days = [day for mark in marks for day in (mark.earliest, mark.latest, mark.at) if day is not None]
    first = min(days).replace(day=1)
    last = max(days).replace(day=1) + relativedelta(months=1)
    line = _Line(first, last)
    return Drawing(
        first=first,
        last=last - timedelta(days=1),
        ticks=_ticks(line),
        rows=[_row(mark, line) for mark in marks],
        today_x=line.middle(today) if today is not None and first <= today < last else None,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    first: date
    last: date
    """The day after the last one drawn."""

    def share(self, day: date, part: float = 0) -> float:
        """How far along the line `part` of this day lies, 0 to 100."""
        return ((day - self.first).days + part) * 100 / (self.last - self.first).days

    def middle(self, day: date) -> str:
        return _percent(self.share(day, 0.5))


def _row(mark: Mark, line: _Line) -> Row:
    look = State(mark.state)
    start, end = line.share(mark.earliest), line.share(mark.latest + timedelta(days=1))
    word = mark.word or look.said
    return Row(
        mark=mark,
        look=look,
        word=word,
        x=_percent(start),
        width=_percent(end - start),
        target_x=line.middle(mark.target),
        at_x=line.middle(mark.at or mark.target),
        summary=_summary(mark, word),
    )


def _summary(mark: Mark, word: str) -> str:
    """Its own word says the day already, where it has one."""
    on = f" on {_day(mark.at)}" if mark.at is not None and not mark.word else ""
    window = f"window {_day(mark.earliest)} to {_day(mark.latest)}, best {_day(mark.target)}"
    if mark.earliest == mark.latest:
        window = f"planned for {_day(mark.target)}"
    return f"{mark.title}: {word}{on}; {window}. {mark.note}".strip()


def _ticks(line: _Line) -> list[Tick]:
    months = list(_months(line))
    step = next(step for step in (1, 2, 3, 6, 12) if step == 12 or len(months) <= step * MOST_LABELS)
    return list(_labelled(months, step, line))


def _labelled(months: Sequence[date], step: int, line: _Line) -> Iterator[Tick]:
    """The first month says its year, and so does each January; between them every `step`th month is named."""
    taken_to = -1.0
    for month in months:
        share = line.share(month)
        label = ""
        if month == line.first:
            label = f"{month:%b %Y}"
        elif (month.month - 1) % step == 0:
            label = f"{month:%Y}" if month.month == 1 else f"{month:%b}"
        needs = LABEL_SHARE_PER_LETTER * len(label)
        if share < taken_to or share + needs > 100:
            label = ""
        if label:
            taken_to = share + needs
        yield Tick(_percent(share), label)


def _months(line: _Line) -> Iterator[date]:
    month = line.first
    while month < line.last:
        yield month
        month += relativedelta(months=1)


def _percent(share: float) -> str:
    return f"{share:.2f}%"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


MOST_LABELS = 7
"""How many names of months stand side by side on a phone."""
LABEL_SHARE_PER_LETTER = 2.2
"""Percent of a phone's line that one letter of a label takes."""
