"""A patient who is here without a visit: one that begins at this minute, or later today where nobody is free yet."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, SlotTaken
from clinic.locking import hold
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date
from patients.models import Patient
from patients.services import patient_lock
from plans.scheduling.availability import Frame, Request, frame_of, slot_documents, verdict
from plans.scheduling.models import Appointment
from plans.scheduling.rules import check_start
from plans.scheduling.search import first_times_today
from plans.scheduling.services.overriding import Override
from plans.scheduling.services.placing import (
    candidate_rooms,
    check_practitioner,
    check_room,
    place,
    refusal_of,
)
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.subjects import lock_subject
from plans.scheduling.services.writing import enter
from plans.scheduling.subjects import Subject, able_on, labels
from plans.treatment.models import ProcedureSession

Status = Appointment.Status
HISTORY = "Walk-in"
NAMED = 3
"""So many free times are named in the words of a refusal; all of them stand in its `alternatives`."""


@retried
def walk_in_begin(
    *,
    by: User | None,
    location: Location,
    practitioner: Practitioner | None = None,
    session: ProcedureSession | None = None,
    consultation_for: Patient | None = None,
    room: Room | None = None,
    starts_at: datetime | None = None,
    note: str = "",
    override_reason: str = "",
) -> Appointment:
    """The patient is here for a session or a consultation without a visit: returns one, *arrived*, from now on.

    It begins at this minute, or at a later one of today that is asked for, and takes as long as the session or the
    visit type says. Without `practitioner` the first who is qualified and free, whoever knows the patient before
    others. No lead time stands against it, and nobody is mailed. `override_reason` as in `appointment_book`; to book
    over visits the practitioner is named. Raises what `appointment_book` does; `SlotTaken` says who is free when, its
    `alternatives` are the first times of each today; and `Conflict` (`no_qualified_practitioner`).
    """
    if (session is None) == (consultation_for is None):
        raise Invalid("A walk-in is for one of session and consultation_for.")
    override = Override.of(override_reason, by, location.pk)
    try:
        with recorded(override.reason or HISTORY):
            frame = frame_of(location.pk)
            subject = lock_subject(session=session, follow_up=None, patient=consultation_for)
            begins_at = _begin(starts_at, frame)
            day = local_date(begins_at, frame.zone)
            people = _people(frame, subject, practitioner, day)
            if room is not None:
                check_room(frame, room, subject.modalities)
            subject.check_bookable()
            is_early = override.allows_early(subject, day)
            rooms = candidate_rooms(frame, subject.modalities, room)
            hold(subject.patient.pk, *people, others=rooms, shared=[location.pk])
            if subject.obligation is None:
                patient_lock(patient_id=subject.patient.pk)
            request = subject.request(frame, people, rooms)
            request = replace(request, practitioners=[_first_free(request, begins_at)])
            may_overbook = override.may_overbook and practitioner is not None
            placed = place(request, begins_at, subject, may_overbook=may_overbook, offer=_free_today)
            appointment = enter(
                request,
                begins_at,
                subject,
                by=by,
                location=location,
                practitioner_id=request.practitioners[0],
                room_id=placed.room_id,
                status=Status.ARRIVED,
                arrived_at=clock.now(),
                overbooked=placed.overbooked,
                is_early=is_early,
                override_reason=override.reason if placed.overbooked or is_early else "",
                note=note,
            )
    except SlotTaken as refusal:
        raise _in_words(refusal, frame, is_anybody=practitioner is None) from refusal
    except IntegrityError as error:
        found = refusal_of(error, [])
        if found is None:
            raise
        raise found from error
    return appointment


def _begin(asked: datetime | None, frame: Frame) -> datetime:
    """This minute, or the later one of today that is asked for. Raises `Invalid`."""
    now = clock.now().replace(second=0, microsecond=0)
    if asked is None:
        return now
    check_start(asked, frame.zone)
    if asked < now or local_date(asked, frame.zone) != local_date(now, frame.zone):
        detail = f"Who is here is seen today, now or later: from {now.astimezone(frame.zone):%H:%M} on."
        raise Invalid(detail, attr="starts_at")
    return asked


def _people(frame: Frame, subject: Subject, practitioner: Practitioner | None, day: date) -> list[UUID]:
    """Who may see the patient. Raises `Invalid`, or `Conflict` where nobody may."""
    if practitioner is not None:
        check_practitioner(frame, practitioner, subject.modalities, day)
        return [practitioner.pk]
    people = able_on(frame, subject, day)
    if not people:
        lacks = f"is qualified for {labels(sorted(subject.modalities))}" if subject.modalities else "takes bookings"
        raise Conflict(f"Nobody at this location {lacks} today.", code="no_qualified_practitioner")
    return people


def _first_free(request: Request, begins_at: datetime) -> UUID:
    """The first of the request's practitioners who is free then; where none is, one whose refusal says why."""
    people = request.practitioners
    if len(people) == 1:
        return people[0]
    working = []
    for key in people:
        found = verdict(replace(request, practitioners=[key]), begins_at)
        if found.is_free:
            return key
        if found.is_working_time:
            working.append(key)
    return working[0] if working else people[0]


def _free_today(request: Request, begins_at: datetime, subject: Subject) -> list[dict[str, str]]:
    """From when on each who could see the patient is free today, the soonest first."""
    frame = request.frame
    people = able_on(frame, subject, local_date(begins_at, frame.zone))
    return slot_documents(first_times_today(replace(request, practitioners=people), begins_at), frame.zone)


def _in_words(refusal: SlotTaken, frame: Frame, *, is_anybody: bool) -> SlotTaken:
    """The refusal with who is free when: “Dr Rowan is free from 10:30.”"""
    detail = refusal.detail
    taken = refusal.extra.get("taken", ())
    if is_anybody and "practitioner" in taken and "patient" not in taken:
        detail = "Nobody who could see them is free now."
    free = refusal.extra.get("alternatives", [])
    names = Practitioner.objects.select_related("user").in_bulk([one["practitioner"] for one in free[:NAMED]])
    found = [_free_from(one, names, frame) for one in free[:NAMED]]
    more = f"{', '.join(found)}." if found else "Nobody is free any more today."
    return SlotTaken(f"{detail} {more}", attr=refusal.attr, extra=refusal.extra)


def _free_from(slot: Mapping[str, str], names: Mapping[UUID, Practitioner], frame: Frame) -> str:
    starts_at = datetime.fromisoformat(slot["starts_at"]).astimezone(frame.zone)
    return f"{names[UUID(slot['practitioner'])]} is free from {starts_at:%H:%M}"
