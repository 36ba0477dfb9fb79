"""Who is in the way of a visit, in words for who wanted to put it there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q

from clinic.access.visibility import may, visible
from clinic.errors import Refusal, SlotTaken
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.words import clock_time
from patients.models import Patient
from plans.scheduling.availability import Buffers, Frame, frame_of
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.overlaps import at_once, real_period
from plans.scheduling.queries.appointments import subject_of
from plans.scheduling.rules import MAX_DURATION, Period, merged
from plans.scheduling.subjects import Subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a visit was to be."""

    patient: Patient
    location: Location
    practitioner: Practitioner
    room: Room | None
    """The one that was asked for; None where any that is fit would have done."""
    starts_at: datetime
    duration: timedelta
    buffers: Buffers
    rooms: frozenset[UUID]
    """Those that are fit for it."""
    moving: UUID | None = None
    """The visit itself, where it is booked already."""

    @property
    def period(self) -> Period:
        return self.starts_at, self.starts_at + self.duration

    @property
    def practitioner_busy(self) -> Period:
        start, end = self.period
        return start - self.buffers.practitioner_before, end + self.buffers.practitioner_after

    @property
    def room_busy(self) -> Period:
        start, end = self.period
        return start - self.buffers.room_before, end + self.buffers.room_after


def wanted_for(visit: Appointment, *, starts_at: datetime, practitioner: Practitioner, room: Room | None) -> Wanted:
    """A booked visit was to move there, for as long as it takes by now: two queries."""
    subject, frame = subject_of(visit).moving(visit), frame_of(visit.location_id)
    wanted = wanted_anew(subject, visit.location, frame, starts_at=starts_at, practitioner=practitioner, room=room)
    return replace(wanted, moving=visit.pk)


def wanted_anew(
    subject: Subject,
    location: Location,
    frame: Frame,
    *,
    starts_at: datetime,
    practitioner: Practitioner,
    room: Room | None,
) -> Wanted:
    """A visit for `subject` was to be booked there. No query."""
    length = frame.visit_length(subject.kind)
    return Wanted(
        patient=subject.patient,
        location=location,
        practitioner=practitioner,
        room=room,
        starts_at=starts_at,
        duration=subject.length(length.duration),
        buffers=length.buffers,
        rooms=frozenset(frame.capable_rooms(subject.modalities)),
    )


def named(user: User, refusal: Refusal, wanted: Wanted) -> Refusal:
    """The refusal, and where it is that something is taken, with who has it and until when."""
    if not isinstance(refusal, SlotTaken):
        return refusal
    words = in_the_way(user, wanted, refusal.extra.get("taken", ()))
    return SlotTaken(words, attr=refusal.attr, extra=refusal.extra) if words else refusal


def in_the_way(user: User, wanted: Wanted, taken: Iterable[str]) -> str:
    """“Room 2 is taken by S. Birchwood until 10:15.”: one sentence for each of practitioner, room and patient in
    `taken`, as far as somebody is there. One query. What `user` may not see has no name."""
    others = list(_others(wanted))
    said = []
    for what in taken:
        if what == "practitioner":
            found = [
                (one, _busy(one.practitioner_busy)) for one in others if one.practitioner_id == wanted.practitioner.pk
            ]
            said += _first(user, wanted, found, str(wanted.practitioner), wanted.practitioner_busy, "is with")
        elif what == "patient":
            found = [(one, (one.starts_at, one.ends_at)) for one in others if one.patient_id == wanted.patient.pk]
            said += _first(user, wanted, found, short_name(wanted.patient), wanted.period, "is with")
        elif wanted.room is not None:
            found = [(one, _busy(one.room_busy)) for one in others if one.room_id == wanted.room.pk]
            said += _first(user, wanted, found, str(wanted.room), wanted.room_busy, "is taken by")
        else:
            said.append(_rooms(user, wanted, others))
    return " ".join(said)


def short_name(patient: Patient) -> str:
    """“S. Birchwood”."""
    return f"{patient.first_name[:1]}. {patient.last_name}".removeprefix(". ")


def at_once_with(user: User, visits: Iterable[Appointment]) -> dict[UUID, list[Appointment]]:
    """By the key of each of `visits`: the others that take place while it does, with its practitioner or in its room,
    wherever `user` sees them (`scheduling.overlaps`). One query, none without visits that take place."""
    known = {visit.pk: visit for visit in visits if real_period(visit) is not None}
    if not known:
        return {}
    near = Q()
    for start, end in merged((visit.starts_at - MAX_DURATION, visit.ends_at) for visit in known.values()):
        near |= Q(starts_at__gt=start, starts_at__lt=end)
    meanwhile = Appointment.objects.filter(
        Q(practitioner=OuterRef("practitioner")) | Q(room=OuterRef("room")),
        pk__in=list(known),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    rows = Appointment.objects.filter(
        near, Exists(meanwhile), status__in=(Appointment.Status.FULFILLED, *LIVE_STATUSES)
    )
    others = visible(rows.exclude(pk__in=list(known)), user)
    found = at_once([*known.values(), *others.select_related("patient", "practitioner__user", "room", "location")])
    return {key: beside for key, beside in found.items() if key in known}


def _others(wanted: Wanted) -> Any:
    start, end = wanted.period
    practitioner = Q(
        practitioner=wanted.practitioner, practitioner_busy__overlap=DateTimeTZRange(*wanted.practitioner_busy, "[)")
    )
    rooms = Q(location=wanted.location, room_busy__overlap=DateTimeTZRange(*wanted.room_busy, "[)"))
    patient = Q(patient=wanted.patient, starts_at__lt=end, ends_at__gt=start)
    live = Appointment.objects.filter(status__in=LIVE_STATUSES)
    live = live.exclude(pk=wanted.moving) if wanted.moving is not None else live
    joined = live.select_related("patient", "practitioner__user", "room", "location")
    return joined.filter(practitioner | rooms | patient).order_by("starts_at", "id")


def _first(
    user: User, wanted: Wanted, found: Sequence[tuple[Appointment, Period]], name: str, asked: Period, verb: str
) -> list[str]:
    """What the first of `found` does to `name`, and until when."""
    standing = [(one, busy) for one, busy in found if busy[0] < asked[1] and busy[1] > asked[0]]
    if not standing:
        return []
    one, busy = standing[0]
    zone = wanted.location.zone
    is_later = busy[0] > wanted.starts_at
    when = f"from {clock_time(busy[0], zone)}" if is_later else f"until {clock_time(busy[1], zone)}"
    if not may(user, "view", one):
        return [f"{name} is booked elsewhere {when}."]
    start, end = wanted.period
    if one.starts_at >= end or one.ends_at <= start:
        return [f"{name} is kept free around the visit of {short_name(one.patient)} {when}."]
    if one.patient_id == wanted.patient.pk:
        return [f"{name} is with {one.practitioner} {when}."]
    where = f" at {one.location}" if one.location_id != wanted.location.pk else ""
    return [f"{name} {verb} {short_name(one.patient)}{where} {when}."]


def _rooms(user: User, wanted: Wanted, others: Iterable[Appointment]) -> str:
    """No room was asked for, and none that is fit is free."""
    zone = wanted.location.zone
    start, end = wanted.room_busy
    taken = {}
    for one in others:
        if one.room_id in wanted.rooms and one.room_busy.lower < end and one.room_busy.upper > start:
            by = f" by {short_name(one.patient)}" if may(user, "view", one) else ""
            taken[str(one.room)] = f"{one.room}{by} until {clock_time(one.room_busy.upper, zone)}"
    return f"No room that is fit is free then: {'; '.join(taken.values())}." if taken else "No room is free then."


def _busy(taken: Any) -> Period:
    return taken.lower, taken.upper
