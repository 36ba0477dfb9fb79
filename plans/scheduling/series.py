"""Proposes a time for each of the next visits of a plan, before anything is booked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from clinic import clock
from clinic.errors import Conflict, Invalid, Refusal
from clinic.people.models import Practitioner
from clinic.places.models import Room
from clinic.places.wallclock import local_date
from clinic.words import count_of, date_in_full
from plans.scheduling.availability import Frame, Preference, Slot, frame_of
from plans.scheduling.queries import sessions_to_book
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.rules import MAX_SEARCH_DAYS
from plans.scheduling.search import LATE_SEARCH, slots_for
from plans.scheduling.spacing import NoTime, choose, first_days, span
from plans.scheduling.subjects import Subject, neighbours_from
from plans.scheduling.wishes import Wishes
from plans.treatment.models import ProcedureSession, TreatmentPlan


@dataclass(frozen=True, slots=True)
class SeriesWishes:
    """What is asked of a series: how many visits at most, with whom and when. What is empty is open."""

    count: int | None = None
    practitioner: Practitioner | None = None
    weekdays: Sequence[int] = ()
    time_from: time | None = None
    time_until: time | None = None

    def check(self) -> None:
        """Raises `Invalid` for wishes that no time can meet."""
        if self.time_from is not None and self.time_until is not None and self.time_from >= self.time_until:
            raise Invalid("The time to be done by is after the time to come.", attr="time_until")

    def of_a_visit(self) -> Wishes:
        return Wishes(
            self.practitioner.pk if self.practitioner is not None else None,
            weekdays=self.weekdays,
            time_from=self.time_from,
            time_until=self.time_until,
        )


@dataclass(frozen=True, slots=True)
class Proposed:
    """A visit as it would be, or is, booked."""

    session: ProcedureSession
    practitioner: Practitioner
    room: Room | None
    starts_at: datetime
    ends_at: datetime
    is_late: bool = False
    """After the session's window, which has passed."""
    choices: tuple[Slot, ...] = ()
    """Its free times while all the others of the series stay where they are, in order."""
    appointment: UUID | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A time for each of the next visits, and who could see the patient."""

    frame: Frame
    visits: tuple[Proposed, ...]
    practitioners: Mapping[UUID, Practitioner]


def sessions_to_plan(plan_id: UUID, count: int | None) -> list[Any]:
    """The next sessions of the plan that are planned and not booked, as `sessions_to_book` has them: one query.

    Raises what refuses their booking, naming the session, and `Conflict` (nothing_to_book) where there is none.
    """
    rows: QuerySet[Any] = sessions_to_book()
    rows = rows.filter(plan=plan_id, status__in=ProcedureSession.MAY_BOOK, live_appointment__isnull=True)
    found = list(rows.order_by("sequence", "pk")[:count])
    if not found:
        raise Conflict("Every session of this plan is booked, done or cancelled.", code="nothing_to_book")
    for row in found:
        try:
            Subject.of_session(row).check_bookable()
        except Refusal as refusal:
            raise named(refusal, row) from None
    return found


def propose(plan: TreatmentPlan, wishes: SeriesWishes) -> Series:
    """The best time of each of the next sessions, all of which can be booked together at this moment.

    In the order of the course, each the best as `Preference` has it, within the windows, and far enough from one
    another and from what is booked or given. A session whose window has passed, or that cannot be in it any more, is
    proposed late. Raises `Conflict` (`no_time`, `nothing_to_book`, and what refuses a booking). Four queries, and one
    for each visit.
    """
    wishes.check()
    rows = sessions_to_plan(plan.pk, wishes.count)
    frame = frame_of(plan.location_id)
    subjects = [Subject.of_session(row) for row in rows]
    gaps = [_gaps(row, rows[:place], frame) for place, row in enumerate(rows)]
    today = clock.today(frame.zone)
    opens = first_days([max(subject.days()[0] or today, today) for subject in subjects], gaps)
    searched = [_days(subject, first) for subject, first in zip(subjects, opens, strict=True)]
    asked = wishes.of_a_visit()
    free = [_free(frame, subject, days, asked) for subject, days in zip(subjects, searched, strict=True)]
    options = [[slot for slot in slots if asked.met_by(slot, frame.zone)] for slots in free]
    days = [[local_date(slot.starts_at, frame.zone) for slot in slots] for slots in options]
    likes = wishes_of(rows[0].plan.patient)

    def best(place: int, left: Sequence[tuple[Slot, date]], chosen: Sequence[Slot]) -> tuple[Slot, date]:
        before = chosen[-1] if chosen else None
        rank = Preference(plan.lead_practitioner_id, subjects[place].target, likes, before).rank(frame.zone)
        return min(left, key=lambda one: rank(one[0]))

    try:
        chosen = choose(options, days, gaps, best)
    except NoTime as found:
        place = found.place
        said = asked.in_words(today, wishes.practitioner or "")
        raise _no_time(rows[place], searched[place], len(free[place]), len(options[place]), said) from None
    on = [local_date(slot.starts_at, frame.zone) for slot in chosen]
    practitioners = Practitioner.objects.select_related("user").in_bulk(list(frame.practitioners))
    rooms = Room.objects.in_bulk(list(frame.rooms))
    visits = []
    for place, (row, slot) in enumerate(zip(rows, chosen, strict=True)):
        first, last = span(place, on, gaps)
        choices = tuple(other for other, day in zip(options[place], days[place], strict=True) if first <= day <= last)
        visits.append(
            Proposed(
                row,
                practitioners[slot.practitioner_id],
                rooms[slot.room_id],
                slot.starts_at,
                slot.ends_at,
                is_late=on[place] > row.window_end,
                choices=choices,
            )
        )
    return Series(frame, tuple(visits), practitioners)


def named(refusal: Refusal, session: ProcedureSession) -> Refusal:
    """The same refusal, saying which session of a series it is about."""
    refusal.detail = f"{session.title}: {refusal.detail}"
    refusal.extra = {"session": str(session.pk), **refusal.extra}
    return refusal


def _gaps(row: Any, earlier: Sequence[Any], frame: Frame) -> list[int]:
    """How many days must lie between each of the earlier sessions, were it booked, and this one."""
    documents = [
        {
            "plan": str(one.plan_id),
            "sequence": one.sequence,
            "title": one.title,
            "at": clock.now().isoformat(),
            "zone": frame.zone.key,
            "is_given": False,
            "minimum_interval_days": one.step.minimum_interval_days,
            "components": one.gives,
        }
        for one in earlier
    ]
    # Two sessions of a course are never proposed for one day.
    return [max(neighbour.after.days, 1) for neighbour in neighbours_from(row, documents)]


def _days(subject: Subject, first: date) -> tuple[date, date]:
    """The dates to search: to the end of the window, or four weeks where it cannot be in its window any more."""
    assert subject.window is not None
    closes = subject.window[1]
    last = closes if first <= closes else first + LATE_SEARCH
    return first, min(last, first + timedelta(days=MAX_SEARCH_DAYS - 1))


def _free(frame: Frame, subject: Subject, days: tuple[date, date], wishes: Wishes) -> list[Slot]:
    practitioners = [wishes.practitioner_id] if wishes.practitioner_id is not None else ()
    return slots_for(frame, subject, first=days[0], last=days[1], practitioners=practitioners)


def _no_time(session: ProcedureSession, days: tuple[date, date], free: int, suiting: int, asked: str) -> Conflict:
    """The refusal of a series, with what leaves one of its sessions without a time."""
    first, last = days
    if not free:
        because = "everybody who may do it is booked or away then"
    elif not suiting:
        because = f"{count_of(free, 'time')} would be free, but none as asked ({asked})"
    else:
        because = f"{count_of(suiting, 'time')} would be free, but too near to the other visits"
    return Conflict(
        f"{session.title}: no free time from {date_in_full(first)} to {date_in_full(last)}: {because}. "
        "Nothing was booked.",
        code="no_time",
        extra={
            "session": str(session.pk),
            "window_start": session.window_start.isoformat(),
            "window_end": session.window_end.isoformat(),
        },
    )
