"""When a location's people and rooms are there: working time, and what stands between it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from clinic.places.models import Closure, Location, TimeOff
from clinic.places.wallclock import local_date, local_day_bounds
from plans.scheduling.availability import Frame, frame_of
from plans.scheduling.periods import intersected, without
from plans.scheduling.rules import Period, merged

LOOKED_AHEAD = 60
"""Days in which the next open one is looked for."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A time at which a location is closed, or somebody away, and why."""

    period: Period
    because: str


@dataclass(frozen=True, slots=True)
class Shade:
    """A time that cannot be booked, and why in words; empty for what is plainly outside of hours."""

    kind: str
    period: Period
    words: str = ""


@dataclass(frozen=True, slots=True)
class Working:
    """The hours of a location on some local dates, with everything that takes from them."""

    frame: Frame
    first: date
    last: date
    closures: Sequence[Absence]
    time_off: Sequence[tuple[UUID, Absence]]

    def hours(self, practitioner: UUID | None = None, *, breaks: bool = True) -> list[Period]:
        """When the location is open; with a practitioner, when they work in it: closures and time off aside."""
        opening = self.frame.opening(self.first, self.last, breaks=breaks)
        if practitioner is None:
            return opening
        return self.frame.working(practitioner, self.first, self.last, opening, breaks=breaks)

    def periods(self, practitioner: UUID | None = None) -> list[Period]:
        """The working periods: of the practitioner, or of the location without regard to who is there."""
        return without(self.hours(practitioner), merged(absence.period for absence in self._absences(practitioner)))

    def shades(self, span: Period, practitioner: UUID | None = None) -> list[Shade]:
        """What within `span` is no working time, in order of time."""
        hours = intersected(self.hours(practitioner), [span])
        at_work = intersected(self.hours(practitioner, breaks=False), [span])
        found = [Shade("closed", period) for period in without([span], at_work)]
        found += [Shade("break", period, "Break") for period in without(at_work, hours)]
        for absence in self._absences(practitioner):
            kind = "closure" if absence in self.closures else "away"
            words = ": ".join(filter(None, ("Closed" if kind == "closure" else "Away", absence.because)))
            found += [Shade(kind, period, words) for period in intersected([absence.period], hours)]
        return sorted(found, key=lambda shade: shade.period)

    def closed_because(self, day: date) -> str:
        """Why the location is closed on a day that has hours; empty where it has none."""
        bounds = local_day_bounds(day, self.frame.zone)
        return ", ".join(absence.because for absence in self.closures if intersected([absence.period], [bounds]))

    def _absences(self, practitioner: UUID | None) -> list[Absence]:
        return [*self.closures, *(absence for who, absence in self.time_off if who == practitioner)]


def working_of(location: Location, first: date, last: date, frame: Frame | None = None) -> Working:
    """The hours of `location` from `first` to `last`: two queries, and one for its frame."""
    frame = frame or frame_of(location.pk)
    start, end = local_day_bounds(first, frame.zone)[0], local_day_bounds(last, frame.zone)[1]
    closures = Closure.objects.filter(location=location, starts_at__lt=end, ends_at__gt=start).order_by("starts_at")
    time_off = TimeOff.objects.filter(practitioner__in=list(frame.practitioners), starts_at__lt=end, ends_at__gt=start)
    return Working(
        frame,
        first,
        last,
        [Absence((row.starts_at, row.ends_at), row.reason) for row in closures],
        [(row.practitioner_id, Absence((row.starts_at, row.ends_at), row.reason)) for row in time_off],
    )


def next_open_day(location: Location, frame: Frame, after: date) -> date | None:
    """The first day after `after` on which somebody works here, within two months: two queries."""
    working = working_of(location, after + timedelta(days=1), after + timedelta(days=LOOKED_AHEAD), frame)
    starts = [start for who in frame.practitioners for start, _ in working.periods(who)]
    return local_date(min(starts), frame.zone) if starts else None
