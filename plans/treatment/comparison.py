"""What is different between two states of a plan's course (pure): for revisions, previews and the log of moves."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

Dates = tuple[date, date, date]
"""Earliest, target and latest."""


class What(StrEnum):
    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    CHANGED = "changed"
    """Its dates stand; what is done in it is different."""


@dataclass(frozen=True, slots=True)
class OwedVisit:
    """One session or follow-up that is owed, as it stands. `key` is what it is recognised by in both states."""

    item: str
    key: str
    id: UUID
    title: str
    dates: Dates
    because: str = ""
    content: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` is None for what was added, `after` for what was dropped."""

    what: What
    before: OwedVisit | None
    after: OwedVisit | None

    @property
    def item(self) -> str:
        return self.either.item

    @property
    def title(self) -> str:
        return self.either.title

    @property
    def is_of_dates(self) -> bool:
        """Whether a date is different, and not only what is done on it."""
        return self.before is None or self.after is None or self.before.dates != self.after.dates

    @property
    def either(self) -> OwedVisit:
        """As it is now, or was where it was dropped."""
        either = self.after or self.before
        if either is None:
            raise ValueError("a change is of something")
        return either

    def as_document(self) -> dict[str, object]:
        """For a JSON column and the API; dates as ISO strings, earliest, target, latest."""
        return {
            "what": self.what.value,
            "item": self.item,
            "title": self.title,
            "before": _document(self.before),
            "after": _document(self.after),
            "because": self.after.because if self.after else "",
        }


@dataclass(frozen=True, slots=True)
class Headline:
    """What is different of the plan itself, in words."""

    what: str
    title: str
    before: str
    after: str

    def as_document(self) -> dict[str, object]:
        """As `Change.as_document`, with words for dates."""
        return {
            "what": self.what,
            "item": "plan",
            "title": self.title,
            "before": self.before,
            "after": self.after,
            "because": "",
        }


def documents(headlines: Iterable[Headline], changes: Iterable[Change]) -> list[dict[str, object]]:
    """What is different of the plan, then of its course, as `PlanRevision.changes` keeps it."""
    return [*(line.as_document() for line in headlines), *(change.as_document() for change in changes)]


def compare(before: Iterable[OwedVisit], after: Iterable[OwedVisit]) -> list[Change]:
    """What was dropped, moved, changed and added, in the order of the dates they have now or had."""
    old, new = _by_key(before), _by_key(after)
    return sorted(_changes(old, new), key=_order)


def _changes(old: Mapping[tuple[str, str], OwedVisit], new: Mapping[tuple[str, str], OwedVisit]) -> Iterator[Change]:
    for key, was in old.items():
        now = new.get(key)
        if now is None:
            yield Change(What.DROPPED, was, None)
        elif was.dates != now.dates:
            yield Change(What.MOVED, was, now)
        elif was.content != now.content:
            yield Change(What.CHANGED, was, now)
    for key, now in new.items():
        if key not in old:
            yield Change(What.ADDED, None, now)


def _by_key(items: Iterable[OwedVisit]) -> dict[tuple[str, str], OwedVisit]:
    return {(item.item, item.key): item for item in items}


def _order(change: Change) -> tuple[date, str]:
    either = change.after or change.before
    return (either.dates[1], either.title) if either else (date.min, "")


def _document(visit: OwedVisit | None) -> dict[str, object] | None:
    if visit is None:
        return None
    start, target, end = visit.dates
    return {
        "window_start": start.isoformat(),
        "target_date": target.isoformat(),
        "window_end": end.isoformat(),
        "content": list(visit.content),
    }
