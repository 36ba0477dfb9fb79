"""Visits as lists: the board for who does not look at a board, and the day on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clinic.console.reader import Reader
from clinic.places.wallclock import local_date, local_day_bounds
from plans.scheduling.admin.board.asked import Asked
from plans.scheduling.admin.board.reading import visits_between
from plans.scheduling.admin.rows import VisitRow, by_day, visit_rows

DAY_ACTS = ("confirm", "arrive", "fulfil", "no_show")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The visits of one practitioner on one day, as they are printed."""

    practitioner: str
    day: date
    rows: list[VisitRow]


def sheets_of(rows: Sequence[VisitRow]) -> list[Sheet]:
    """A sheet for each day and practitioner, in this order."""
    found: dict[tuple[date, str, str], list[VisitRow]] = {}
    for row in rows:
        visit = row.appointment
        day = local_date(visit.starts_at, visit.location.zone)
        found.setdefault((day, str(visit.practitioner), str(visit.practitioner_id)), []).append(row)
    return [Sheet(name, day, of_day) for (day, name, _), of_day in sorted(found.items(), key=lambda item: item[0])]


def visit_list(
    who: Reader, asked: Asked, *, with_cancelled: bool
) -> tuple[list[tuple[date, list[VisitRow]]], list[Sheet], int]:
    """The visits of each day that is shown, the sheets to print, and how many visits there are: one query."""
    zone = asked.location.zone
    period = local_day_bounds(asked.first, zone)[0], local_day_bounds(asked.last, zone)[1]
    visits = visits_between(who, asked.location, period, with_cancelled=with_cancelled)
    if asked.chosen is not None:
        visits = visits.filter(**{asked.by: asked.chosen})
    rows = visit_rows(who, visits, DAY_ACTS)
    days = dict(by_day(rows))
    shown = [(day, days.get(day, [])) for day in asked.days if day in days or day >= asked.today or asked.is_one_day]
    return shown, sheets_of([row for row in rows if row.appointment.status != "cancelled"]), len(rows)
