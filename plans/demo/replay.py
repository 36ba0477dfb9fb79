"""Replays courses on a moved clock: each act at its instant, and in between every mail when it falls due."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.core.management import CommandError
from django.db.models import Min

from clinic import clock
from clinic.places.models import Weekday
from clinic.places.wallclock import at_wall_clock_or_after
from plans.messages.delivery import deliver_due
from plans.messages.models import PatientMessage

Act = Callable[[], object]
Course = Iterator[tuple[datetime, Act]]
"""A course yields an instant and what happens then, in order; it goes on once that has happened."""


def working_day(day: date, *, back: bool = False) -> date:
    """`day`, or where it falls on a weekend the Monday after it (with `back` the Friday before)."""
    while day.isoweekday() > Weekday.FRIDAY:
        day += timedelta(days=-1 if back else 1)
    return day


def at(day: date, hour: str, zone: ZoneInfo) -> datetime:
    """The instant at which it is `hour` (HH:MM) on `day` in `zone`."""
    return at_wall_clock_or_after(day, time.fromisoformat(hour), zone)


def replay(courses: Iterable[Course], until: datetime) -> int:
    """Play all courses together in the order of their instants up to `until`, then stop; return the number of acts.

    Mail falls due in between and is delivered at its own instant, as the worker would have.
    """
    tie = count()
    upcoming: list[tuple[datetime, int, Act, Course]] = []

    def advance(course: Course) -> None:
        following = next(course, None)
        if following is not None:
            instant, act = following
            heapq.heappush(upcoming, (instant, next(tie), act, course))

    for course in courses:
        advance(course)
    done = 0
    while upcoming and upcoming[0][0] <= until:
        instant, _, act, course = heapq.heappop(upcoming)
        _deliver_until(instant)
        with clock.moved_to(instant):
            act()
            advance(course)
        done += 1
    _deliver_until(until)
    return done


def _deliver_until(instant: datetime) -> None:
    while True:
        pending = PatientMessage.objects.filter(status=PatientMessage.Status.PENDING, not_before__lte=instant)
        due = pending.aggregate(first=Min("not_before"))["first"]
        if due is None:
            return
        with clock.moved_to(due):
            report = deliver_due()
        if report.unreachable:
            raise CommandError(f"The demo sends its mail as it goes. {report.unreachable}")
