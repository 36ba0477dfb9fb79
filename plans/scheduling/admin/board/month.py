"""How full each day of a month is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clinic.access.visibility import visible
from clinic.console.reader import Reader
from clinic.places.wallclock import local_date, local_day_bounds
from plans.scheduling.admin.board.asked import Asked
from plans.scheduling.admin.board.geometry import length_of
from plans.scheduling.admin.board.working import working_of
from plans.scheduling.models import Appointment
from plans.scheduling.periods import intersected
from plans.scheduling.rules import Period, merged

LEVELS = (0, 1, 40, 70, 90)
"""Percent from which each shade on the map begins; the first is nothing booked."""


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day of the map."""

    day: date
    is_in_month: bool
    is_today: bool
    is_past: bool
    visits: int
    percent: int | None
    """How much of the working time is booked; None where nobody works."""
    is_beyond: bool
    """More is booked than there is working time."""
    because: str
    """Why nobody works, if it is a closure."""
    url: str

    @property
    def level(self) -> str:
        """Which shade; `closed` where nobody works."""
        if self.percent is None:
            return "closed"
        return str(sum(self.percent >= bound for bound in LEVELS[1:]))

    @property
    def words(self) -> str:
        if self.percent is None:
            return self.because or ("Nobody worked" if self.is_past else "Nobody works")
        if self.is_past:
            return f"{self.percent} % was booked" if self.visits else "No visits"
        return f"{self.percent} % full" if self.visits else "Free"

    @property
    def label(self) -> str:
        visits = f"{self.visits} visit{'' if self.visits == 1 else 's'}"
        return f"{self.day:%A} {self.day.day} {self.day:%B}, {visits}, {self.words}"


def month_map(who: Reader, asked: Asked) -> list[list[DayCell]]:
    """The weeks that the month touches, Monday first: four queries."""
    first = asked.first - timedelta(days=asked.first.weekday())
    last = asked.last + timedelta(days=6 - asked.last.weekday())
    zone = asked.location.zone
    working = working_of(asked.location, first, last)
    chosen = asked.chosen
    rows = visible(Appointment.objects.filter(location=asked.location), who.user).filter(
        starts_at__gte=local_day_bounds(first, zone)[0], starts_at__lt=local_day_bounds(last, zone)[1]
    )
    rows = rows.exclude(status__in=[Appointment.Status.CANCELLED, Appointment.Status.NO_SHOW])
    if chosen is not None:
        rows = rows.filter(**{asked.by: chosen})
    booked: dict[date, list[Period]] = {}
    for start, end in rows.values_list("starts_at", "ends_at"):
        booked.setdefault(local_date(start, zone), []).append((start, end))
    if chosen is None:
        people = [working.periods(key) for key in working.frame.practitioners]
    else:
        people = [working.periods(chosen if asked.by == "practitioner" else None)]
    by_day = _by_day(people, asked)
    cells = [
        _cell(asked, day, booked.get(day, []), by_day.get(day, []), working.closed_because(day))
        for day in (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    ]
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _by_day(people: Sequence[Sequence[Period]], asked: Asked) -> Mapping[date, list[list[Period]]]:
    """The working periods of each person on each local date."""
    zone = asked.location.zone
    found: dict[date, list[list[Period]]] = {}
    for periods in people:
        days = {local_date(start, zone) for start, _ in periods}
        for day in days:
            found.setdefault(day, []).append(intersected(periods, [local_day_bounds(day, zone)]))
    return found


def _cell(
    asked: Asked, day: date, booked: Sequence[Period], working: Sequence[Sequence[Period]], because: str
) -> DayCell:
    capacity = sum((length_of(merged(periods)) for periods in working), timedelta(0))
    taken = length_of(booked)
    percent = min(round(100 * taken / capacity), 100) if capacity else None
    return DayCell(
        day=day,
        is_in_month=day.month == asked.day.month,
        is_today=day == asked.today,
        is_past=day < asked.today,
        visits=len(booked),
        percent=percent,
        is_beyond=bool(capacity) and taken > capacity,
        because=because,
        url=asked.address(view="day", day=day, who=""),
    )
