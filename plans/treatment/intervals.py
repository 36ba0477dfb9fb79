"""How many days must lie between what was given and what is given next (pure). The rules are data, not code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Component:
    """One modality of a session, as planned or as charted. A needle length or source that is not known is None, ""."""

    modality: str
    needle_length_mm: Decimal | None = None
    source: str = ""


Components = tuple[Component, ...]
"""What is given together in one session."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, or is going to be, on one local date."""

    on: date
    components: Components


@dataclass(frozen=True, slots=True)
class Interval:
    """At least `days` after what matches this rule, before what matches it; see `IntervalRule` for the fields."""

    code: str
    title: str
    days: int
    after: str = ""
    before: str = ""
    is_across: bool = False
    needle_over_mm: Decimal | None = None
    needle_up_to_mm: Decimal | None = None
    source: str = ""

    def applies(self, given: Component, following: Component) -> bool:
        """Whether it stands between these two. A bound on what is not known does not apply."""
        if self.after not in ("", given.modality) or self.before not in ("", following.modality):
            return False
        if self.is_across and given.modality == following.modality:
            return False
        if self.source not in ("", given.source):
            return False
        return self._covers(given.needle_length_mm)

    def _covers(self, needle_mm: Decimal | None) -> bool:
        over, up_to = self.needle_over_mm, self.needle_up_to_mm
        if over is None and up_to is None:
            return True
        if needle_mm is None:
            return False
        return (over is None or needle_mm > over) and (up_to is None or needle_mm <= up_to)


@dataclass(frozen=True, slots=True)
class Need:
    """The strictest interval that stands between two sessions; no days where none does."""

    days: int = 0
    title: str = ""


class Intervals:
    """The rules in force, and what they ask for between sessions; what was asked once is remembered."""

    def __init__(self, rules: Iterable[Interval] = ()) -> None:
        self.rules: Sequence[Interval] = tuple(rules)
        self._known: dict[tuple[Components, Components], Need] = {}

    def between(self, given: Components, following: Components) -> Need:
        """The strictest of the rules over every pair of what was given and what follows."""
        key = (given, following)
        need = self._known.get(key)
        if need is None:
            need = self._known[key] = self._strictest(given, following)
        return need

    def _strictest(self, given: Components, following: Components) -> Need:
        asked = (
            Need(rule.days, rule.title)
            for rule in self.rules
            for one in given
            for other in following
            if rule.applies(one, other)
        )
        return max(asked, key=lambda need: need.days, default=Need())


@dataclass(frozen=True, slots=True)
class Soonest:
    """The first date that intervals allow, and the one that sets it."""

    day: date
    since: date
    need: Need


def soonest(following: Components, history: Iterable[Given], intervals: Intervals) -> Soonest | None:
    """The first date on which `following` may be given after `history`; None where nothing stands in the way."""
    found: Soonest | None = None
    for given in history:
        need = intervals.between(given.components, following)
        if need.days:
            day = given.on + timedelta(days=need.days)
            if found is None or day > found.day:
                found = Soonest(day, given.on, need)
    return found
