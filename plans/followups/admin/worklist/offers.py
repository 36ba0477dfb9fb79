"""The best free times for what an open row is for: the patient's practitioner first, the others below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import words
from clinic.console.reader import Reader
from clinic.people.models import Practitioner
from clinic.places.models import Location
from clinic.places.wallclock import local_date
from plans.scheduling.admin.times import TimeChoice, time_key
from plans.scheduling.availability import Frame, Slot, frame_of
from plans.scheduling.models import Appointment
from plans.scheduling.queries.gaps import times_for
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.ranking import spread
from plans.scheduling.rules import MAX_SEARCH_DAYS
from plans.scheduling.search import slots_for
from plans.scheduling.subjects import Subject

SHOWN_DAYS = 3
MOST_DAYS = 30
SHOWN_TIMES = 5
"""Times a day and practitioner; the page of booking has them all."""
HALVES = 2
"""Of a day, each with one time for somebody who waits."""
LOOK_AHEAD = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    is_target: bool
    is_late: bool
    """After the window has closed."""
    times: list[tuple[Practitioner, list[TimeChoice]]]


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be booked with one click."""

    practitioner: Practitioner | None
    """Who knows the patient, if they have time; then `days` are theirs, and `others` the rest."""
    days: list[Day]
    others: list[Day]
    more: int
    """How many days to ask for next; 0 where there are no more."""
    not_before: str
    """Why it cannot be sooner, in words; may be empty."""


def offers(who: Reader, location: Location, subject: Subject, shown: int, known: UUID | None) -> Offers:
    """The best free times on up to `shown` days, with `known`, who knows the patient, and with the others: three
    queries."""
    frame = frame_of(location.pk)
    able = [key for key, held in frame.practitioners.items() if subject.modalities <= held.keys()]
    practitioners = Practitioner.objects.select_related("user").in_bulk(able)
    first, last = _days_to_search(frame, subject, who.now)
    found = slots_for(frame, subject, first=first, last=last, best_first=True)
    slots = [slot for slot in found if slot.practitioner_id in practitioners]
    if subject.moves_from is not None:
        known = None  # what is nearest to the visit's own time comes first, whoever has it
    own = [slot for slot in slots if slot.practitioner_id == known]
    draw = _Draw(frame.zone, subject, practitioners, next(iter(own or slots), None), who)
    if own:
        others = [slot for slot in slots if slot.practitioner_id != known]
        days, other_days = draw.days(own, shown), draw.days(others, shown)
    else:
        others, days, other_days = [], draw.days(slots, shown), []
    has_more = draw.count(own or slots) > shown or draw.count(others) > shown
    return Offers(
        practitioner=practitioners[own[0].practitioner_id] if own else None,
        days=days,
        others=other_days,
        more=shown + SHOWN_DAYS if has_more and shown < MOST_DAYS else 0,
        not_before=_not_before(who, frame, subject),
    )


def fitting(who: Reader, entry: Any, subject: Subject, present: Appointment | None, shown: int) -> Offers:
    """The times that suit somebody who waits, on up to `shown` days; in order, whoever has them: three queries."""
    slots = times_for(entry, subject, present, limit=HALVES * (shown + 1))
    names = Practitioner.objects.select_related("user").in_bulk({slot.practitioner_id for slot in slots})
    draw = _Draw(entry.location.zone, subject, names, next(iter(slots), None), who)
    more = shown + SHOWN_DAYS if draw.count(slots) > shown and shown < MOST_DAYS else 0
    return Offers(None, draw.days(slots, shown), [], more, "")


def _days_to_search(frame: Frame, subject: Subject, now: datetime) -> tuple[date, date]:
    """From the window's first day on, and beyond its last day where that is near."""
    today = now.astimezone(frame.zone).date()
    earliest, _ = subject.days()
    first = max(earliest or today, today)
    closes = subject.window[1] if subject.window else today
    last = max(closes, first + LOOK_AHEAD)
    if subject.moves_from is not None:
        stands = local_date(subject.moves_from, frame.zone)
        first, last = max(first, stands - LOOK_AHEAD), max(last, stands + LOOK_AHEAD)
    return first, min(last, first + timedelta(days=MAX_SEARCH_DAYS - 1))


def _not_before(who: Reader, frame: Frame, subject: Subject) -> str:
    limits = subject.limits
    if limits is None or limits.earliest <= who.today_at(frame.zone):
        return ""
    return f"Not before {words.within(who.day(limits.earliest, frame.zone))}. {limits.because}".strip()


@dataclass(frozen=True, slots=True)
class _Draw:
    zone: ZoneInfo
    subject: Subject
    practitioners: Mapping[UUID, Practitioner]
    best: Slot | None
    who: Reader

    def days(self, ranked: Sequence[Slot], shown: int) -> list[Day]:
        """The best `shown` days of these slots, in the order of the calendar."""
        by_day: dict[date, dict[UUID, list[Slot]]] = {}
        for slot in ranked:
            by_day.setdefault(self._day(slot), {}).setdefault(slot.practitioner_id, []).append(slot)
        chosen = list(by_day.items())[:shown]
        today = self.who.today_at(self.zone)
        window = self.subject.window
        is_open = window is not None and today <= window[1]
        return [
            Day(
                day,
                day == self.subject.target,
                window is not None and is_open and day > window[1],
                [
                    (self.practitioners[key], [self._time(slot, day) for slot in self._shown(slots)])
                    for key, slots in of_day.items()
                ],
            )
            for day, of_day in sorted(chosen)
        ]

    def count(self, slots: Sequence[Slot]) -> int:
        """On how many days they are."""
        return len({self._day(slot) for slot in slots})

    def _day(self, slot: Slot) -> date:
        return local_date(slot.starts_at, self.zone)

    def _shown(self, slots: list[Slot]) -> list[Slot]:
        """A few from morning to evening, the best among them; those that suit the patient, where some do."""
        wishes = wishes_of(self.subject.patient)
        best, *_ = slots
        liked = sorted(
            [slot for slot in slots if wishes.met_by(slot, self.zone)] or slots, key=lambda slot: slot.starts_at
        )
        few = spread(liked, SHOWN_TIMES)
        return few if best in few else spread(few[1:], SHOWN_TIMES - 1, [best])

    def _time(self, slot: Slot, day: date) -> TimeChoice:
        text = words.clock_time(slot.starts_at, self.zone)
        label = f"{self.who.day(day, self.zone)} {text} with {self.practitioners[slot.practitioner_id]}"
        return TimeChoice(time_key(slot), text, label, is_chosen=slot == self.best)
