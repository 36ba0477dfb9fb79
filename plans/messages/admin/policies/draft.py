"""The draft of what a location sends: one entry for each kind of mail, as typed, with what is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from django.http import QueryDict

from clinic.places.models import Location
from plans.messages.looks import in_words
from plans.messages.models import POLICY_KINDS, MessageKind, MessagePolicy
from plans.messages.models.policies import AFTER_AN_HOUR, AT_A_TIME_OF_DAY, BEFORE_A_VISIT
from plans.messages.policies import timing_faults
from plans.messages.policy import DEFAULTS, Timing
from plans.messages.queries import policy_from
from plans.scheduling.models import VisitKind

EVERY_VISIT = ""
WHAT_FOR: Mapping[MessageKind, str] = {
    MessageKind.CONFIRMATION: "Says that a visit is booked, with the calendar entry.",
    MessageKind.CHANGED: "Says that a visit has moved.",
    MessageKind.CANCELLED: "Says that a visit does not take place.",
    MessageKind.OFFER: "Offers an earlier time to who waits.",
    MessageKind.REMINDER: "Reminds of a visit, with the ways to confirm, move and cancel it.",
    MessageKind.PREPARATION: "How to prepare for a session.",
    MessageKind.AFTERCARE: "What to mind after a session.",
    MessageKind.CHECK_IN: "Asks how the recovery goes, on the days that the protocol says.",
    MessageKind.OVERDUE: "Asks once to book a follow-up whose time has passed.",
}
RISKS: Mapping[MessageKind, str] = {
    MessageKind.CONFIRMATION: "Patients are not told that a visit is booked.",
    MessageKind.CHANGED: "Patients are not told that a visit has moved.",
    MessageKind.CANCELLED: "Patients are not told that a visit does not take place.",
}
ONLY_ABOUT: Mapping[MessageKind, VisitKind] = {
    MessageKind.PREPARATION: VisitKind.SESSION,
    MessageKind.AFTERCARE: VisitKind.SESSION,
    MessageKind.CHECK_IN: VisitKind.SESSION,
    MessageKind.OVERDUE: VisitKind.FOLLOW_UP,
}
"""The kinds that only one kind of visit has."""
UNITS = ("days", "hours")


class Mode(StrEnum):
    STANDARD = "standard"
    OWN = "own"
    OFF = "off"


@dataclass(slots=True)
class Row:
    """One line of the draft, as typed."""

    amount: str = ""
    unit: str = "days"
    at: str = ""
    fault: str = ""

    @classmethod
    def of(cls, timing: Timing) -> "Row":
        at = f"{timing.send_at:%H:%M}" if timing.send_at is not None else ""
        if timing.days_before is not None:
            return cls(str(timing.days_before), "days", at)
        hours = timing.hours_before if timing.hours_before is not None else timing.hours_after
        return cls("" if hours is None else str(hours), "hours", at)

    def timing(self, kind: MessageKind) -> Timing | None:
        """What it says; None, with the fault in words, where it says nothing that can be."""
        try:
            return self._timing(kind)
        except ValueError as error:
            self.fault = str(error)
            return None

    def _timing(self, kind: MessageKind) -> Timing:
        if kind in AT_A_TIME_OF_DAY:
            return Timing(kind, send_at=time_of_day(self.at))
        if kind in AFTER_AN_HOUR:
            return Timing(kind, hours_after=_number(self.amount, "hours after the session"))
        if self.unit not in UNITS:
            raise ValueError(f"“{self.unit.strip()[:20]}” is not days or hours.")
        if self.unit == "hours":
            return Timing(kind, hours_before=_number(self.amount, "hours before the visit"))
        return Timing(kind, days_before=_number(self.amount, "days before the visit"), send_at=time_of_day(self.at))


def _number(text: str, what: str) -> int:
    if not text.strip().isdecimal() or len(text.strip()) > 4:
        said = f"“{text.strip()[:20]}” is not" if text.strip() else "Give"
        raise ValueError(f"{said} a whole number of {what}.")
    return int(text)


def time_of_day(text: str) -> time:
    try:
        return time.fromisoformat(text.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        said = f"“{text.strip()[:20]}” is not" if text.strip() else "Give"
        raise ValueError(f"{said} a time of day, such as 10:00.") from None


@dataclass(slots=True)
class Kind:
    """One kind of mail in the draft."""

    kind: MessageKind
    mode: Mode
    rows: list[Row] = field(default_factory=list)
    inherited: Sequence[Timing] = ()
    """What holds where it is left to the standard."""
    faults: list[str] = field(default_factory=list)
    seen: str = ""
    """The stamp of what stood when the page was opened; empty: it does not say."""
    meanwhile: str = ""
    """What somebody else has set it to since, where it was changed here too; in words."""

    @property
    def name(self) -> str:
        return self.kind.value

    @property
    def title(self) -> str:
        return str(self.kind.label)

    @property
    def what_for(self) -> str:
        return WHAT_FOR[self.kind]

    @property
    def risk(self) -> str:
        """What follows where it is off."""
        return RISKS.get(self.kind, "")

    @property
    def shape(self) -> str:
        """How its lines read: `at_once`, `before`, `after` or `time`."""
        if self.kind in BEFORE_A_VISIT:
            return "before"
        if self.kind in AFTER_AN_HOUR:
            return "after"
        return "time" if self.kind in AT_A_TIME_OF_DAY else "at_once"

    @property
    def inherited_in_words(self) -> str:
        return ", ".join(sentence(timing) for timing in self.inherited) or "not sent"

    @property
    def in_words(self) -> str:
        timings = self.timings()
        if timings is None:
            return f"the standard ({self.inherited_in_words})"
        return ", ".join(sentence(timing) for timing in timings) or "not sent"

    def timings(self) -> list[Timing] | None:
        """What is sent; None: as inherited. Lines that say nothing that can be are left out, and marked."""
        if self.mode is Mode.STANDARD:
            return None
        if self.mode is Mode.OFF:
            return []
        if self.shape == "at_once":
            return [Timing(self.kind)]
        return [timing for row in self.rows if (timing := row.timing(self.kind)) is not None]

    @property
    def stamp(self) -> str:
        """What it says, as a page remembers it: `own|2,days,18:00|4,hours,`."""
        lines = (f"{row.amount},{row.unit},{row.at}" for row in map(Row.of, self.timings() or []))
        return "|".join([self.mode, *sorted(lines)])

    def timings_seen(self) -> list[Timing] | None:
        """What stood when the page was opened; what is no stamp stood nowhere."""
        mode, *lines = self.seen.split("|")
        rows = [Row(*line.split(",")) for line in lines if line.count(",") == 2]
        return Kind(self.kind, Mode(mode) if mode in set(Mode) else Mode.OWN, rows).timings()

    def check(self) -> None:
        """Mark what cannot be."""
        timings = self.timings()
        if self.mode is Mode.OWN and not self.rows and self.shape != "at_once":
            self.faults.append("Add a line, or choose Off.")
        self.faults += [fault.detail for fault in timing_faults(self.kind, timings or [])]

    @property
    def has_faults(self) -> bool:
        return bool(self.faults) or any(row.fault for row in self.rows if self.mode is Mode.OWN)


def sentence(timing: Timing) -> str:
    """“7 days before at 10:00”, “3 hours before”, “1 hour after”, “at 10:00”, “at once”."""
    said = in_words(timing.kind, timing.offset)
    if timing.send_at is not None:
        said = f"{said} at {timing.send_at:%H:%M}".strip()
    return said or "at once"


def _kinds_of(visit_kind: str) -> list[MessageKind]:
    order = [*BEFORE_A_VISIT, *AFTER_AN_HOUR, *AT_A_TIME_OF_DAY]
    first = [kind for kind in POLICY_KINDS if kind not in order]
    if visit_kind == EVERY_VISIT:
        return [*first, *order]
    return [kind for kind in (*first, *order) if ONLY_ABOUT.get(kind, visit_kind) == visit_kind]


def _inherited(location: Location, visit_kind: str, kind: MessageKind, rows: Sequence[MessagePolicy]) -> list[Timing]:
    """What is sent of `kind` where this page says nothing."""
    if visit_kind == EVERY_VISIT:
        return [timing for timing in DEFAULTS if timing.kind == kind]
    general = [row for row in rows if row.visit_kind == EVERY_VISIT]
    return policy_from(location, general, visit_kind).of_kind(kind)


def stored(location: Location, visit_kind: str) -> Iterator[Kind]:
    rows = list(MessagePolicy.objects.filter(location=location))
    for kind in _kinds_of(visit_kind):
        inherited = _inherited(location, visit_kind, kind, rows)
        own = [row for row in rows if row.kind == kind and row.visit_kind == visit_kind]
        timings = policy_from(location, own, visit_kind).of_kind(kind) if own else inherited
        shown = timings or inherited or [timing for timing in DEFAULTS if timing.kind == kind]
        mode = Mode.STANDARD if not own else Mode.OWN if timings else Mode.OFF
        found = Kind(kind, mode, [Row.of(timing) for timing in shown], inherited)
        found.seen = found.stamp
        yield found


def posted(data: QueryDict, location: Location, visit_kind: str) -> Iterator[Kind]:
    rows = list(MessagePolicy.objects.filter(location=location))
    for kind in _kinds_of(visit_kind):
        mode = data.get(f"{kind.value}-mode", "")
        amounts, units, times = (data.getlist(f"{kind.value}-{name}") for name in ("amount", "unit", "at"))
        number = max(len(amounts), len(times))
        typed = [
            Row(_at(amounts, place), _at(units, place) or "days", _at(times, place)) for place in range(min(number, 12))
        ]
        inherited = _inherited(location, visit_kind, kind, rows)
        found = Kind(kind, Mode(mode) if mode in set(Mode) else Mode.STANDARD, typed, inherited)
        found.seen = data.get(f"{kind.value}-seen", "").replace("\x00", "")
        if mode not in set(Mode):
            found.faults.append(f"{found.title}: choose one of {', '.join(Mode)}.")
        yield found


def on_top_of(draft: Iterable[Kind], now: Iterable[Kind]) -> tuple[list[Kind], list[Kind]]:
    """The draft over what stands `now`: what nobody touched here is as it stands, what was touched stays as typed and
    says what stands instead. With it those of its kinds that somebody else has changed."""
    standing, merged, changed = {kind.kind: kind for kind in now}, [], []
    for kind in draft:
        other = standing[kind.kind]
        if other.stamp != kind.seen:
            changed.append(kind)
            if kind.stamp != kind.seen and kind.stamp != other.stamp:
                kind.meanwhile = other.in_words
        is_untouched = kind.stamp == kind.seen
        kind.seen = other.stamp
        merged.append(other if is_untouched else kind)
    return merged, changed


def _at(values: Sequence[str], place: int) -> str:
    return values[place].replace("\x00", "") if place < len(values) else ""


def alter(draft: Sequence[Kind], operation: str, about: str) -> None:
    """Add or remove the line that a button says."""
    name, _, place = about.partition(":")
    for kind in draft:
        if kind.name != name:
            continue
        if operation == "add":
            kind.mode = Mode.OWN
            kind.rows.append(Row("1", "days", "10:00"))
        elif operation == "drop" and place.isdecimal() and int(place) < len(kind.rows):
            kind.mode = Mode.OWN
            del kind.rows[int(place)]
