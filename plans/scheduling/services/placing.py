"""Finds a visit its practitioner, room and time, or says why it cannot be had."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

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
    free_slots,
    opening_on,
    slot_documents,
    verdict,
)
from plans.scheduling.models import Appointment
from plans.scheduling.rules import CALENDAR_YEARS, qualified_days
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


def check_room(frame: Frame, room: Room, modalities: frozenset[str]) -> None:
    """Raises `Invalid` where the room takes no bookings here, or is not fit for every one of `modalities`."""
    if room.pk not in frame.rooms:
        raise Invalid(f"{room} is not a room of this location that takes bookings.", attr="room")
    missing = sorted(modalities - frame.rooms[room.pk])
    if missing:
        raise Invalid(f"{room} is not fit for {labels(missing)}.", attr="room")


def candidate_rooms(frame: Frame, modalities: frozenset[str], preferred: UUID | None = None) -> list[UUID]:
    """The rooms fit for `modalities`, the preferred one first. Raises `Conflict` where the location has none."""
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
    is_return: bool = False,
    offer: Offer | None = None,
) -> Place:
    """The room that the visit gets at `starts_at`, and whether it is overbooked for that.

    For a request of one practitioner. `is_return` leaves working time aside: the visit comes back to where it was a
    moment ago. Raises `Conflict` (`outside_hours`) or `SlotTaken`, with alternatives, or with those of `offer`.
    """
    found = verdict(request, starts_at)
    if not is_return and not found.is_working_time:
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
        raise slot_taken(taken, (offer or alternatives)(request, starts_at, subject))
    return Place(found.room_id, overbooked)


def occupy(appointment: Appointment, frame: Frame) -> None:
    """Set the time that practitioner and room are busy: the visit with the buffers of its kind."""
    buffers = frame.visit_length(appointment.kind).buffers
    starts_at, ends_at = appointment.starts_at, appointment.ends_at
    appointment.practitioner_busy = DateTimeTZRange(
        starts_at - buffers.practitioner_before, ends_at + buffers.practitioner_after, "[)"
    )
    appointment.room_busy = DateTimeTZRange(starts_at - buffers.room_before, ends_at + buffers.room_after, "[)")


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


def slot_taken(taken: Sequence[str], free: Sequence[dict[str, str]]) -> SlotTaken:
    return SlotTaken(
        " ".join(IN_WORDS[who] for who in taken) or "This time is taken.",
        attr="starts_at",
        extra={"taken": list(taken), "alternatives": list(free)},
    )


def outside_hours(request: Request, starts_at: datetime, found: Verdict) -> Conflict:
    """The refusal of a time at which nobody works, naming what stands against it."""
    frame = request.frame
    ends_at = starts_at + request.duration
    what: str
    if found.is_closed:
        reasons = Closure.objects.filter(location=frame.location_id, starts_at__lt=ends_at, ends_at__gt=starts_at)
        what, detail = "closure", f"The location is closed then: {', '.join(closure.reason for closure in reasons)}."
    elif not found.is_open:
        what, detail = "opening_hours", _opening_in_words(frame, local_date(starts_at, frame.zone))
    elif found.is_off:
        what, detail = "time_off", "The practitioner is away then."
    else:
        what, detail = "practitioner_hours", "The practitioner does not work here then."
    return Conflict(detail, code="outside_hours", attr="starts_at", extra={"what": what})


def _opening_in_words(frame: Frame, day: date) -> str:
    periods = [
        f"{start.astimezone(frame.zone):%H:%M}–{end.astimezone(frame.zone):%H:%M}"
        for start, end in opening_on(frame, day)
    ]
    if not periods:
        return f"The location is not open on {date_in_full(day)}."
    return f"Outside opening hours: on {date_in_full(day)} the location is open {' and '.join(periods)}."


def refusal_of(error: IntegrityError, free: Sequence[dict[str, str]]) -> Refusal | None:
    """What a constraint refused, with alternatives where it was about the time; `None` where it is no refusal."""
    taken = TAKEN_BY.get(constraint_name(error) or "")
    return slot_taken([taken], free) if taken else constraints.refusal_of(error)
