"""What changed and what moved in a course, and what an act would do to it, as lines to read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from clinic.console.reader import reader
from clinic.people.models import Modality
from clinic.words import days, within
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title
from plans.treatment.models import CourseMove
from plans.treatment.services import Preview

HEADLINES = {"added": "New", "dropped": "No longer owed", "moved": "Moved", "changed": "Changed"}


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One difference that a revision makes; a date that is not there is empty."""

    what: str
    title: str
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One booked visit, and why it wants another time."""

    said: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PreviewLines:
    """What an act would do: to the course, and to booked visits."""

    changes: Sequence[ChangeLine]
    cancelled: Sequence[VisitLine]
    rebook: Sequence[VisitLine]
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One visit that moved."""

    title: str
    before: date | None
    after: date | None
    shift: str
    because: str


@dataclass(frozen=True, slots=True)
class MoveGroup:
    """What moved through one act."""

    at: datetime
    act: str
    by: str
    lines: Sequence[MoveLine]


def change_lines(changes: Iterable[Mapping[str, Any]]) -> list[ChangeLine]:
    """The lines of `PlanRevision.changes`."""
    return [_change_line(change) for change in changes]


def preview_lines(preview: Preview) -> PreviewLines:
    """What an act would do, as a dialog shows it."""
    return PreviewLines(
        change_lines(preview.changes),
        [VisitLine(_visit(visit)) for visit in preview.cancelled],
        [VisitLine(_visit(one.visit), one.why) for one in preview.rebook],
        preview.conflict,
    )


def move_groups(moves: Iterable[CourseMove]) -> list[MoveGroup]:
    """The moves, latest first, put together by what moved them."""
    return [
        MoveGroup(at, CourseMove.Act(act).label, by, [_move_line(move) for move in group][::-1])
        for (at, act, by), group in groupby(
            moves, key=lambda move: (move.moved_at, move.act, str(move.moved_by) if move.moved_by else "")
        )
    ]


def shift(before: date | None, after: date | None) -> str:
    """“7 days later”, “1 day earlier”; “new” and “no longer owed” where there is but one date."""
    if after is None:
        return "no longer owed"
    if before is None:
        return "new"
    number = (after - before).days
    if not number:
        return "its window alone"
    return f"{days(abs(number))} {'later' if number > 0 else 'earlier'}"


def _visit(visit: Appointment) -> str:
    """“Session 2 of 3 · PRP, Tue 24 Nov 09:30 with Dr Rowan”."""
    when = within(reader().moment(visit.starts_at, visit.location.zone))
    return f"{title(visit)}, {when} with {visit.practitioner}"


def _change_line(change: Mapping[str, Any]) -> ChangeLine:
    before, after = change["before"], change["after"]
    if change["item"] == "plan":
        return ChangeLine(change["title"], "", str(before), str(after))
    note = change["because"] if change["what"] in ("added", "moved") else ""
    return ChangeLine(
        HEADLINES[change["what"]], change["title"], _of(change["what"], before), _of(change["what"], after), note
    )


def _of(what: str, side: Mapping[str, Any] | None) -> str:
    """The target, or what is done in it where only that is different."""
    if side is None:
        return ""
    if what == "changed":
        return ", ".join(_content(code) for code in side["content"]) or "nothing"
    target = date.fromisoformat(side["target_date"])
    return f"{target.day} {target:%b %Y}"


def _content(code: str) -> str:
    return str(Modality(code).label) if code in Modality else code


def _move_line(move: CourseMove) -> MoveLine:
    return MoveLine(
        move.title, move.target_before, move.target_after, shift(move.target_before, move.target_after), move.because
    )
