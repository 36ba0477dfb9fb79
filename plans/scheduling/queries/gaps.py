"""Who from the waitlist fits a time that is free, and which free times fit somebody who waits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from clinic import clock
from clinic.errors import Refusal
from clinic.places.wallclock import local_date
from plans.scheduling.availability import Frame, Request, Slot, frame_of, free_slots
from plans.scheduling.models import LIVE_STATUSES, Appointment, WaitlistEntry
from plans.scheduling.queries.waitlist import present_visits, subjects_of, waiting, waitlist_in_full
from plans.scheduling.queries.wishes import wishes_of
from plans.scheduling.ranking import of_half_days
from plans.scheduling.rules import MINUTE, Period, qualified_days
from plans.scheduling.search import slots_for
from plans.scheduling.subjects import Subject, labels

LOOKED_AT = 200
"""So many of those who wait are asked about a gap, the urgent and the longest waiting first."""
SEARCHED_DAYS = timedelta(days=27)
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that has come free with one practitioner."""

    location_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    room_id: UUID | None = None
    left_by: UUID | None = None
    """The patient who gave it back; it is not offered to them again."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How one who waits stands to a gap."""

    entry: Any
    """Of `waitlist_in_full`."""
    present: Appointment | None
    """The visit that they have by now."""
    slot: Slot | None
    """The first time in the gap that they can have; None where there is none."""
    because: str = ""
    """Why not, in words."""


def is_gap(starts_at: datetime, ends_at: datetime) -> bool:
    """Whether time can be a gap: it ends after it starts, and lasts at most a day."""
    return timedelta(0) < ends_at - starts_at <= LONGEST


def fits_of(gap: Gap, entries: QuerySet[WaitlistEntry]) -> list[Fit]:
    """How those of `entries` who wait at the gap's location stand to it, in the order in which they are asked.

    The urgent first, then by how long they wait. A slot of a fit can be booked at this moment: it begins in the gap and
    may last longer where the time after it is free. Queries: one where nobody waits, otherwise at most seven, and one
    for each sort of visit that could be there (kind, length and treatments), however many wait for it.
    """
    if gap.ends_at <= clock.now():
        return []
    asked = waiting(entries.filter(location=gap.location_id))
    found = list(waitlist_in_full(asked.exclude(patient=gap.left_by) if gap.left_by else asked)[:LOOKED_AT])
    if not found:
        return []
    frame = frame_of(gap.location_id)
    look = _Look(
        gap,
        frame,
        local_date(gap.starts_at, frame.zone),
        subjects_of(found),
        present_visits(found),
        _busy_then(gap, found),
        _turned_down(gap, found),
        {},
    )
    return [look.at(entry) for entry in found]


@dataclass(frozen=True, slots=True)
class _Look:
    """What is read of a gap and of those who wait, once for all of them."""

    gap: Gap
    frame: Frame
    day: date
    subjects: dict[UUID, Subject]
    present: dict[UUID, Appointment]
    busy: dict[UUID, list[Period]]
    turned_down: set[UUID]
    free: dict[tuple[str, timedelta, frozenset[str]], list[Slot]]
    """By sort of visit; filled as they are asked for."""

    def at(self, entry: Any) -> Fit:
        present = self.present.get(entry.present_id)
        because = self._against_the_gap(entry, self.subjects[entry.pk], present)
        if because:
            return Fit(entry, present, None, because)
        slot = self._first(entry, self.subjects[entry.pk], present)
        return slot if isinstance(slot, Fit) else Fit(entry, present, slot)

    def _against_the_gap(self, entry: Any, subject: Subject, present: Appointment | None) -> str:
        """What speaks against every time of the gap; no query."""
        gap = self.gap
        if entry.pk in self.turned_down:
            return "Said no to this time."
        if present is not None and present.starts_at <= gap.starts_at:
            return "Has an earlier time already."
        try:
            subject.check_bookable(except_for=entry.present_id)
        except Refusal as refusal:
            return refusal.detail
        early = subject.too_early(self.day)
        if early is not None:
            return early.detail
        held = self.frame.practitioners.get(gap.practitioner_id)
        if held is None:
            return "This practitioner takes no bookings here."
        missing = [one for one in sorted(subject.modalities) if qualified_days(held, [one], self.day, self.day) is None]
        return f"The practitioner is not qualified for {labels(missing)}." if missing else ""

    def _first(self, entry: Any, subject: Subject, present: Appointment | None) -> Slot | Fit:
        """The first free time in the gap that suits them, or why there is none."""
        subject = subject.moving(present) if present is not None else subject
        duration = subject.length(self.frame.visit_length(subject.kind).duration)
        free = [slot for slot in self._free(subject, duration) if present is None or slot.starts_at < present.starts_at]
        if not free:
            return Fit(entry, present, None, f"Takes {duration // MINUTE} minutes; so much is not free then.")
        wishes = wishes_of(entry)
        because = ""
        for slot in free:
            against = wishes.against(slot, self.frame.zone)
            if not against and self._is_busy(entry, slot):
                against = "Is here for another visit then."
            if not against:
                return slot
            because = because or against
        return Fit(entry, present, None, because)

    def _is_busy(self, entry: Any, slot: Slot) -> bool:
        """Whether the patient has another visit then; the one that would move is none."""
        return any(start < slot.ends_at and end > slot.starts_at for start, end in self.busy.get(entry.pk, ()))

    def _free(self, subject: Subject, duration: timedelta) -> list[Slot]:
        sort = (subject.kind.value, duration, subject.modalities)
        if sort not in self.free:
            gap = self.gap
            rooms = self.frame.capable_rooms(subject.modalities)
            request = Request(
                self.frame,
                subject.kind,
                duration,
                [gap.practitioner_id],
                sorted(rooms, key=lambda room: room != gap.room_id),
                modalities=subject.modalities,
            )
            found = free_slots(request, self.day, self.day, not_before=gap.starts_at)
            self.free[sort] = [slot for slot in found if slot.starts_at < gap.ends_at]
        return self.free[sort]


def _busy_then(gap: Gap, entries: Sequence[Any]) -> dict[UUID, list[Period]]:
    """When those who wait have other visits around the gap, by entry: one query."""
    visits = Appointment.objects.filter(
        patient__in={entry.patient_id for entry in entries},
        status__in=LIVE_STATUSES,
        starts_at__lt=gap.ends_at + timedelta(days=1),
        ends_at__gt=gap.starts_at,
    ).values_list("patient_id", "pk", "starts_at", "ends_at")
    by_patient: dict[UUID, list[tuple[UUID, Period]]] = {}
    for patient, key, starts_at, ends_at in visits:
        by_patient.setdefault(patient, []).append((key, (starts_at, ends_at)))
    return {
        entry.pk: [period for key, period in by_patient.get(entry.patient_id, ()) if key != entry.present_id]
        for entry in entries
    }


def _turned_down(gap: Gap, entries: Iterable[Any]) -> set[UUID]:
    """Those who were told of a time in this gap, said no, and went on waiting: one query of the history."""
    silent = [entry.pk for entry in entries if entry.status == WaitlistEntry.Status.WAITING]
    told = WaitlistEntry.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        pgh_obj_id__in=silent,
        status=WaitlistEntry.Status.OFFERED,
        offered_practitioner=gap.practitioner_id,
        offered_starts_at__gte=gap.starts_at,
        offered_starts_at__lt=gap.ends_at,
    )
    return set(told.values_list("pgh_obj_id", flat=True))


def times_for(entry: Any, subject: Subject, present: Appointment | None, *, limit: int) -> list[Slot]:
    """The first free times that suit somebody who waits, earlier than what they have: two queries.

    One in each morning and each afternoon, so that there is something to choose from; of several practitioners the one
    who knows the patient. For an entry of `waitlist_in_full` with its subject. Looks at four weeks from the first day
    on which it can be.
    """
    frame = frame_of(entry.location_id)
    wishes = wishes_of(entry)
    earliest, latest = subject.days()
    today = clock.today(frame.zone)
    first = max(day for day in (today, earliest, wishes.earliest) if day)
    ends = (latest, wishes.latest, present and local_date(present.starts_at, frame.zone), first + SEARCHED_DAYS)
    last = min(day for day in ends if day)
    if first > last:
        return []
    found = slots_for(
        frame,
        subject.moving(present) if present is not None else subject,
        first=first,
        last=last,
        practitioners=[wishes.practitioner_id] if wishes.practitioner_id else (),
    )
    suiting = (
        slot
        for slot in found
        if (present is None or slot.starts_at < present.starts_at) and wishes.met_by(slot, frame.zone)
    )
    return of_half_days(suiting, frame.zone, subject.preferred_practitioner_id)[:limit]
