"""Finds a visit its practitioner, room and time, or says why it cannot be had."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import IntegrityError

from clinic import constraints
from clinic.constraints import constraint_name
from clinic.errors import Conflict, Invalid, Refusal, SlotTaken
from clinic.people.models import Practitioner
from clinic.places.models import Closure, Room
from clinic.places.wallclock import local_date
from clinic.words import date_in_full
from plans.scheduling.availability import (
    Frame,
    Preference,
    Request,
    Verdict,
    frame_of,
    free_slots,
    off_hours_of,
    slot_documents,
    verdict,
)
from plans.scheduling.models import Appointment
from plans.scheduling.periods import covers
from plans.scheduling.rules import CALENDAR_YEARS, Period, days_touched, qualified_days
from plans.scheduling.subjects import Subject, labels

ALTERNATIVES, ALTERNATIVES_WITHIN_DAYS = 5, 14

TAKEN_BY = {
    "practitioner_not_double_booked": "practitioner",
    "room_not_double_booked": "room",
    "patient_not_double_booked": "patient",
}
IN_WORDS = {
    TAKEN_BY[constraint.name]: str(constraint.get_violation_error_message())
    for constraint in Appointment._meta.constraints
    if constraint.name in TAKEN_BY
}


Offer = Callable[[Request, datetime, Subject], list[dict[str, str]]]
"""What else is free, as `slot_documents` has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a visit gets."""

    room_id: UUID
    overbooked: bool
    off_hours: str = ""
    """What it stands against: an `Appointment.OffHours`; empty within working time."""


def check_practitioner(frame: Frame, practitioner: Practitioner, modalities: frozenset[str], day: date) -> None:
    """Raises `Invalid` where they take no bookings here, or are not qualified for all of `modalities` on `day`."""
    if practitioner.pk not in frame.practitioners:
        reason = "does not see patients at this location" if practitioner.is_bookable else "takes no bookings"
        raise Invalid(f"{practitioner} {reason}.", attr="practitioner")
    qualifications = frame.practitioners[practitioner.pk]
    missing = sorted(item for item in modalities if qualified_days(qualifications, [item], day, day) is None)
    if missing:
        raise Invalid(
            f"{practitioner} is not qualified for {labels(missing)} on {date_in_full(day)}.",
            code="not_qualified",
            attr="practitioner",
        )


def check_who_and_where(
    frame: Frame, modalities: frozenset[str], day: date, practitioner: Practitioner, room: Room | None
) -> None:
    """Raises `Invalid` as `check_practitioner` does, and `check_room` where a room is asked for."""
    check_practitioner(frame, practitioner, modalities, day)
    if room is not None:
        check_room(frame, room, modalities)


def check_room(frame: Frame, room: Room, modalities: frozenset[str]) -> None:
    """Raises `Invalid` where the room takes no bookings here, or is not fit for every one of `modalities`."""
    if room.pk not in frame.rooms:
        raise Invalid(f"{room} is not a room of this location that takes bookings.", attr="room")
    missing = sorted(modalities - frame.rooms[room.pk])
    if missing:
        raise Invalid(f"{room} is not fit for {labels(missing)}.", attr="room")


def candidate_rooms(
    frame: Frame, modalities: frozenset[str], room: Room | None = None, *, preferred: UUID | None = None
) -> list[UUID]:
    """The room that is asked for, or those fit for `modalities`, the preferred one first.

    Raises `Conflict` (`no_capable_room`) where the location has none.
    """
    if room is not None:
        return [room.pk]
    rooms = sorted(frame.capable_rooms(modalities), key=lambda room: room != preferred)
    if not rooms:
        raise Conflict(f"No room at this location is fit for {labels(sorted(modalities))}.", code="no_capable_room")
    return rooms


def place(
    request: Request,
    starts_at: datetime,
    subject: Subject,
    *,
    may_overbook: bool = False,
    at_any_hour: bool = False,
    offer: Offer | None = None,
) -> Place:
    """The room that the visit gets at `starts_at`, and whether it is overbooked for that.

    For a request of one practitioner, whose locks and the location's the caller holds. `at_any_hour` leaves working
    time aside: the visit stays where it is, or comes back to where it was a moment ago. Raises `Conflict`
    (`outside_hours`) or `SlotTaken`, with alternatives, or with those of `offer`.
    """
    found = verdict(request, starts_at)
    if found.hours_mark != request.frame.hours_mark:
        # The hours changed after they were read and before we had the locks. From here on they stand still.
        request = replace(request, frame=frame_of(request.frame.location_id))
        found = verdict(request, starts_at)
    if not at_any_hour and not found.is_working_time:
        raise outside_hours(request, starts_at, found)
    overbooked = may_overbook and not found.practitioner_is_free
    taken = [
        who
        for who, is_free in (
            ("practitioner", found.practitioner_is_free or overbooked),
            ("room", found.room_id is not None),
            ("patient", found.patient_is_free),
        )
        if not is_free
    ]
    if taken or found.room_id is None:
        raise slot_taken(taken, partial(offer or alternatives, request, starts_at, subject))
    return Place(found.room_id, overbooked, "" if found.is_working_time else _off_hours(request, starts_at, found))


def _off_hours(request: Request, starts_at: datetime, found: Verdict) -> str:
    visit = (starts_at, starts_at + request.duration)
    return off_hours_of(request.frame, request.practitioners[0], visit, is_closed=found.is_closed, is_off=found.is_off)


def alternatives(request: Request, starts_at: datetime, subject: Subject) -> list[dict[str, str]]:
    """The next free slots from `starts_at` on, the requested practitioner's first, as `slot_documents` has them."""
    frame = request.frame
    earliest, latest = subject.days()
    first = local_date(starts_at, frame.zone)
    last = first + timedelta(days=ALTERNATIVES_WITHIN_DAYS)
    first, last = max(first, earliest or first), min(last, latest or last)
    if first > last or last.year not in CALENDAR_YEARS:
        return []
    anybody = replace(
        request,
        practitioners=list(frame.practitioners),
        rooms=frame.capable_rooms(request.modalities),
        barred=subject.barred,
    )
    found = free_slots(
        anybody,
        first,
        last,
        not_before=starts_at,
        preference=Preference(request.practitioners[0]),
        limit=ALTERNATIVES,
    )
    return slot_documents(found, frame.zone)


def slot_taken(taken: Sequence[str], free: Callable[[], Sequence[dict[str, str]]]) -> SlotTaken:
    """The refusal of a time that others have. Who wants the same time does not wait until `free` has been searched."""
    return SlotTaken(
        " ".join(IN_WORDS[who] for who in taken) or "This time is taken.",
        attr="starts_at",
        extra=lambda: {"taken": list(taken), "alternatives": list(free())},
    )


def outside_hours(request: Request, starts_at: datetime, found: Verdict) -> Conflict:
    """The refusal of a time at which nobody works, naming what stands against it."""
    frame = request.frame
    visit = (starts_at, starts_at + request.duration)
    what, detail = "practitioner_hours", "The practitioner does not work here then."
    if found.is_closed:
        reasons = Closure.objects.filter(location=frame.location_id, starts_at__lt=visit[1], ends_at__gt=starts_at)
        what, detail = "closure", f"The location is closed then: {', '.join(closure.reason for closure in reasons)}."
    elif not found.works and not found.is_open:
        what, detail = _against_opening(frame, visit)
    elif found.is_off:
        what, detail = "time_off", "The practitioner is away then."
    elif _is_in_own_break(frame, request.practitioners[0], visit):
        what, detail = "break", "The practitioner has a break then."
    return Conflict(detail, code="outside_hours", attr="starts_at", extra={"what": what})


def _against_opening(frame: Frame, visit: Period) -> tuple[str, str]:
    first, last = days_touched(visit, frame.zone)
    opening = _in_words(frame, frame.opening(first, first))
    if covers(frame.opening(first, last, breaks=False), visit):
        said = f"on {date_in_full(first)} the location is open {opening}" if opening else "nobody is seen"
        return "break", f"There is a break then: {said}."
    if not opening:
        return "opening_hours", f"The location is not open on {date_in_full(first)}."
    return "opening_hours", f"Outside opening hours: on {date_in_full(first)} the location is open {opening}."


def _is_in_own_break(frame: Frame, practitioner: UUID, visit: Period) -> bool:
    touched = days_touched(visit, frame.zone)
    opening = frame.opening(*touched)
    if covers(frame.working(practitioner, *touched, opening), visit):
        return False
    return covers(frame.working(practitioner, *touched, opening, breaks=False), visit)


def _in_words(frame: Frame, periods: Sequence[Period]) -> str:
    """“08:00–12:00 and 13:00–18:00”."""
    zone = frame.zone
    return " and ".join(f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}" for start, end in periods)


def refusal_of(error: IntegrityError, free: Sequence[dict[str, str]]) -> Refusal | None:
    """What a constraint refused, with alternatives where it was about the time; `None` where it is no refusal."""
    taken = TAKEN_BY.get(constraint_name(error) or "")
    return slot_taken([taken], lambda: free) if taken else constraints.refusal_of(error)
