"""Who is in the way of a visit, in words for who wanted to put it there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from clinic.console.reader import Reader
from clinic.words import clock_time
from patients.models import Patient
from plans.scheduling.availability import Buffers
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.rules import Period


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a visit was to be."""

    visit: Appointment
    practitioner_id: UUID
    practitioner: str
    room_id: UUID | None
    """The one that was asked for; None where any that is fit would have done."""
    starts_at: datetime
    buffers: Buffers

    @property
    def period(self) -> Period:
        return self.starts_at, self.starts_at + (self.visit.ends_at - self.visit.starts_at)

    @property
    def practitioner_busy(self) -> Period:
        start, end = self.period
        return start - self.buffers.practitioner_before, end + self.buffers.practitioner_after

    @property
    def room_busy(self) -> Period:
        start, end = self.period
        return start - self.buffers.room_before, end + self.buffers.room_after


def in_the_way(who: Reader, wanted: Wanted, taken: Iterable[str]) -> str:
    """“Room 2 is taken by S. Birchwood until 10:15.”: one sentence for each of practitioner, room and patient in
    `taken`, as far as somebody is there. One query. What the reader may not see has no name."""
    others = list(_others(wanted))
    said = []
    for what in taken:
        if what == "practitioner":
            found = [
                (one, _busy(one.practitioner_busy)) for one in others if one.practitioner_id == wanted.practitioner_id
            ]
            said += _first(who, wanted, found, wanted.practitioner, wanted.practitioner_busy, "is with")
        elif what == "patient":
            found = [(one, (one.starts_at, one.ends_at)) for one in others if one.patient_id == wanted.visit.patient_id]
            said += _first(who, wanted, found, short_name(wanted.visit.patient), wanted.period, "is with")
        elif wanted.room_id is not None:
            found = [(one, _busy(one.room_busy)) for one in others if one.room_id == wanted.room_id]
            room = next((str(one.room) for one, _ in found), "The room")
            said += _first(who, wanted, found, room, wanted.room_busy, "is taken by")
        else:
            said.append(_rooms(wanted, others))
    return " ".join(said)


def short_name(patient: Patient) -> str:
    """“S. Birchwood”."""
    return f"{patient.first_name[:1]}. {patient.last_name}".removeprefix(". ")


def _others(wanted: Wanted) -> Any:
    start, end = wanted.period
    practitioner = Q(
        practitioner=wanted.practitioner_id,
        practitioner_busy__overlap=DateTimeTZRange(*wanted.practitioner_busy, "[)"),
    )
    rooms = Q(location=wanted.visit.location_id, room_busy__overlap=DateTimeTZRange(*wanted.room_busy, "[)"))
    patient = Q(patient=wanted.visit.patient_id, starts_at__lt=end, ends_at__gt=start)
    live = Appointment.objects.filter(status__in=LIVE_STATUSES).exclude(pk=wanted.visit.pk)
    joined = live.select_related("patient", "practitioner__user", "room", "location")
    return joined.filter(practitioner | rooms | patient).order_by("starts_at", "id")


def _first(
    who: Reader, wanted: Wanted, found: Sequence[tuple[Appointment, Period]], name: str, asked: Period, verb: str
) -> list[str]:
    """What the first of `found` does to `name`, and until when."""
    standing = [(one, busy) for one, busy in found if busy[0] < asked[1] and busy[1] > asked[0]]
    if not standing:
        return []
    one, busy = standing[0]
    zone = wanted.visit.location.zone
    is_later = busy[0] > wanted.starts_at
    when = f"from {clock_time(busy[0], zone)}" if is_later else f"until {clock_time(busy[1], zone)}"
    if not who.may_on("view", one):
        return [f"{name} is booked elsewhere {when}."]
    start, end = wanted.period
    if one.starts_at >= end or one.ends_at <= start:
        return [f"{name} is kept free around the visit of {short_name(one.patient)} {when}."]
    if one.patient_id == wanted.visit.patient_id:
        return [f"{name} is with {one.practitioner} {when}."]
    where = f" at {one.location}" if one.location_id != wanted.visit.location_id else ""
    return [f"{name} {verb} {short_name(one.patient)}{where} {when}."]


def _rooms(wanted: Wanted, others: Iterable[Appointment]) -> str:
    """No room was asked for, and none is free."""
    zone = wanted.visit.location.zone
    taken = {
        str(one.room): f"{one.room} by {short_name(one.patient)} until {clock_time(one.room_busy.upper, zone)}"
        for one in others
        if one.room_id is not None and one.location_id == wanted.visit.location_id
    }
    return f"No room that is fit is free then: {'; '.join(taken.values())}." if taken else "No room is free then."


def _busy(taken: Any) -> Period:
    return taken.lower, taken.upper
