"""Book, move, undo: what gives a visit its time. Each is one transaction with the messages it asks for.

Locks in the one order: plan (for a session all of its patient's) → session or follow-up → advisory keys of location
(shared), patient, practitioners old and new, and every candidate room → appointment. Only then are state and time
checked.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError

from clinic import clock
from clinic.audit.history import is_recording, recorded
from clinic.errors import Conflict, Invalid, Stale, check_allowed
from clinic.locking import hold, lock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date
from clinic.words import moment, within
from patients.models import Patient
from patients.services import patient_lock
from plans.followups.models import FollowUp
from plans.messages.rules import NOT_OWED
from plans.messages.services import messages_drop, messages_plan
from plans.scheduling.availability import Request, frame_of
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.queries import visits_since
from plans.scheduling.rules import check_duration, check_lead_time, check_start
from plans.scheduling.services.overriding import Override
from plans.scheduling.services.placing import (
    Place,
    alternatives,
    candidate_rooms,
    check_who_and_where,
    place,
    refusal_of,
)
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.staleness import check_seen
from plans.scheduling.services.subjects import lock_subject, read
from plans.scheduling.services.waitlist_closing import entries_reopen, lock_entries_of
from plans.scheduling.services.writing import (
    AS_BOOKED,
    CANCELLATION,
    IN_FULL,
    TIME_AND_PLACE,
    enter,
    occupy,
    remember,
    revise,
    save,
    walked_in,
)
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession

Act = AppointmentRevision.Act
Status = Appointment.Status


@retried
def appointment_book(
    *,
    by: User | None,
    location: Location,
    practitioner: Practitioner,
    starts_at: datetime,
    follow_up: FollowUp | None = None,
    session: ProcedureSession | None = None,
    consultation_for: Patient | None = None,
    duration_minutes: int | None = None,
    room: Room | None = None,
    note: str = "",
    override_reason: str = "",
    missed: Appointment | None = None,
) -> Appointment:
    """Book a visit for one follow-up, session or consultation, and plan its messages; returns it with its room.

    Without `room` the first free one that is fit is taken. `override_reason`, with the right to each, books over the
    practitioner's other visits, never over the room's or the patient's, and before the earliest date, which
    `is_early` then marks. `missed` is the consultation that this one is in place of: `already_booked` where the patient
    has a later visit by now. Raises, in this order: `Invalid` (shape; practitioner or room), `Conflict` (state:
    `plan_not_bookable`, `invalid_transition`, `already_booked`, `gate_blocked`), `TooEarly`, `Invalid` (past, lead
    time), `Conflict` (`outside_hours`), `SlotTaken` with `alternatives`; `Busy` where a lock was not had twice.
    """
    if sum(item is not None for item in (follow_up, session, consultation_for)) != 1:
        raise Invalid("A visit is for one of follow_up, session and consultation_for.")
    check_start(starts_at, location.zone)
    duration = timedelta(minutes=duration_minutes) if duration_minutes is not None else None
    if duration is not None:
        check_duration(duration)
    override = Override.of(override_reason, by, location.pk)
    attempt: Attempt | None = None
    try:
        with recorded(override.reason):
            frame = frame_of(location.pk)
            subject = lock_subject(session=session, follow_up=follow_up, patient=consultation_for)
            day = local_date(starts_at, frame.zone)
            check_who_and_where(frame, subject.modalities, day, practitioner, room)
            subject.check_bookable()
            is_early = override.allows_early(subject, day)
            check_lead_time(starts_at, clock.now(), frame.lead)
            rooms = candidate_rooms(frame, subject.modalities, room)
            request = subject.request(frame, [practitioner.pk], rooms, duration=duration)
            attempt = Attempt(request, starts_at, subject)
            hold(subject.patient.pk, practitioner.pk, others=rooms, shared=[location.pk])
            if subject.obligation is None:
                patient_lock(patient_id=subject.patient.pk)
            if missed is not None:
                _check_is_last(missed)
            placed = place(request, starts_at, subject, may_overbook=override.may_overbook)
            appointment = enter(
                request,
                starts_at,
                subject,
                by=by,
                location=location,
                practitioner=practitioner,
                room_id=placed.room_id,
                overbooked=placed.overbooked,
                is_early=is_early,
                override_reason=override.reason if placed.overbooked or is_early else "",
                note=note,
            )
            messages_plan(appointment=appointment, act=Act.BOOKED)
            if follow_up is not None:
                messages_drop(reason=NOT_OWED, follow_up=follow_up)
    except IntegrityError as error:
        _refuse(error, attempt)
        raise
    return appointment


@retried
def appointment_reschedule(
    *,
    appointment_id: UUID,
    by: User | None,
    starts_at: datetime,
    practitioner: Practitioner | None = None,
    room: Room | None = None,
    override_reason: str = "",
    revision: int | None = None,
) -> Appointment:
    """Move a visit to another time, practitioner or room; returns it, *booked*, under its next revision.

    It keeps its length, unless what it is for takes another one since it was booked, and its room where that is free.
    A move to where it is already changes nothing. A visit that was booked early stays so where its time stays;
    another early time needs a decision of its own. Where a person accepted that it stands outside
    working time, it may while its time stays. `revision` is the one that the caller saw. Refuses as
    `appointment_book` does, and with `InvalidTransition`, or `Stale` where the visit changed since it was seen.
    """
    attempt: Attempt | None = None
    try:
        with recorded(override_reason):
            known = read(appointment_id)
            frame = known.frame
            check_start(starts_at, frame.zone)
            override = Override.of(override_reason, by, frame.location_id)
            subject = known.lock_subject()
            rooms = candidate_rooms(frame, subject.modalities, room, preferred=known.room_id)
            hold(
                known.patient_id,
                known.practitioner_id,
                practitioner.pk if practitioner else None,
                others=[*rooms, *([known.room_id] if known.room_id else [])],
                shared=[frame.location_id],
            )
            appointment = lock(IN_FULL, appointment_id)
            check_seen(appointment, revision)
            practitioner = practitioner or appointment.practitioner
            day = local_date(starts_at, frame.zone)
            check_who_and_where(frame, subject.modalities, day, practitioner, room)
            request = subject.moving(appointment).request(frame, [practitioner.pk], rooms)
            attempt = Attempt(request, starts_at, subject)
            check_allowed("The visit", appointment.status, "moving it", Appointment.MAY_RESCHEDULE)
            subject.check_bookable(except_for=appointment.pk)
            keeps_start = appointment.starts_at == starts_at
            keeps_length = appointment.ends_at - appointment.starts_at == request.duration
            keeps_time = keeps_start and keeps_length and appointment.practitioner_id == practitioner.pk
            if keeps_time and (room is None or room.pk == appointment.room_id):
                return appointment
            is_early = override.allows_early(subject, day, stands=keeps_start and appointment.is_early)
            check_lead_time(starts_at, clock.now(), frame.lead)
            may_overbook = override.may_overbook or (keeps_time and appointment.overbooked)
            request = replace(request, was_there_first=keeps_time)
            stays_off_hours = keeps_time and appointment.off_hours_accepted
            placed = place(request, starts_at, subject, may_overbook=may_overbook, at_any_hour=stays_off_hours)
            status_before, confirmed_before = appointment.status, appointment.confirmed_at
            appointment.is_early = is_early
            if is_early or placed.overbooked:
                appointment.override_reason = override.reason or appointment.override_reason
            else:
                appointment.override_reason = ""
            if not (keeps_start and (keeps_length or is_early)):
                appointment.kept_because = ""
            if not (keeps_start and keeps_length):
                remember(appointment, subject)
            _put(appointment, request, practitioner, starts_at, placed)
            appointment.off_hours_accepted = stays_off_hours and bool(placed.off_hours)
            appointment.status, appointment.confirmed_at = Status.BOOKED, None
            appointment.revision += 1
            save(appointment, *TIME_AND_PLACE, "status", "confirmed_at", "revision")
            revise(appointment, Act.MOVED, by=by, status_before=status_before, confirmed_before=confirmed_before)
            messages_plan(appointment=appointment, act=Act.MOVED)
    except IntegrityError as error:
        _refuse(error, attempt)
        raise
    return appointment


@retried
def appointment_undo(*, appointment_id: UUID, by: User | None) -> Appointment:
    """Take back the last booking, move or cancellation within the location's grace period; returns the visit.

    What was before comes back under a new revision: an undone booking is cancelled, an undone move is where it was,
    an undone cancellation lives again, outside working time too, and then wants rebooking. Who got the time from the
    waitlist waits again. Raises `InvalidTransition`; `Conflict` (`nothing_to_undo`, `grace_over`, and what the state of
    plan, session or follow-up forbids); `SlotTaken` where the old time was given away meanwhile.
    """
    attempt: Attempt | None = None
    try:
        with recorded("Undone"):
            known = read(appointment_id)
            frame = known.frame
            subject = known.lock_subject()
            waited = lock_entries_of(appointment_id)
            revisions = AppointmentRevision.objects.filter(appointment=appointment_id).select_related("practitioner")
            last, *before = revisions.order_by("-number")[:2]
            previous = before[0] if before and last.act != Act.BOOKED else None
            rooms = candidate_rooms(frame, subject.modalities, preferred=previous.room_id) if previous else []
            hold(
                known.patient_id,
                known.practitioner_id,
                known.room_id,
                previous.practitioner_id if previous else None,
                others=rooms,
                shared=[frame.location_id],
            )
            appointment = lock(IN_FULL, appointment_id)
            check_allowed("The visit", appointment.status, "undoing", Appointment.MAY_UNDO)
            _check_can_undo(appointment, last)
            status_before = appointment.status
            if previous is None:
                appointment.status, appointment.confirmed_at = Status.CANCELLED, None
                appointment.cancelled_at, appointment.cancel_reason = clock.now(), Appointment.CancelReason.OTHER
                appointment.cancel_note = "The booking was undone."
            else:
                subject.check_bookable(except_for=appointment.pk)
                day = local_date(previous.starts_at, frame.zone)
                too_near = None if previous.is_early else subject.too_near(day)
                if too_near is not None:
                    raise too_near
                request = subject.moving(appointment).request(
                    frame, [previous.practitioner_id], rooms, duration=previous.ends_at - previous.starts_at
                )
                request = replace(request, was_there_first=True)
                attempt = Attempt(request, previous.starts_at, subject)
                placed = place(request, previous.starts_at, subject, may_overbook=previous.overbooked, at_any_hour=True)
                for name in AS_BOOKED:
                    setattr(appointment, name, getattr(previous, name))
                _put(appointment, request, previous.practitioner, previous.starts_at, placed)
                stays_off_hours = last.act == Act.CANCELLED and appointment.off_hours_accepted
                appointment.off_hours_accepted = stays_off_hours and bool(placed.off_hours)
                if previous.overbooked and not (appointment.is_early or appointment.overbooked):
                    appointment.override_reason = ""
                if last.act == Act.MOVED:
                    appointment.confirmed_at = last.confirmed_at
                appointment.status = Status(last.status_before)
                appointment.cancelled_at, appointment.cancel_reason, appointment.cancel_note = None, "", ""
            appointment.revision += 1
            save(appointment, *TIME_AND_PLACE, *CANCELLATION, "status", "confirmed_at", "revision")
            revise(appointment, Act.UNDONE, by=by, status_before=status_before)
            if last.act in (Act.BOOKED, Act.MOVED):
                entries_reopen(waited, settled_since=last.acted_at)
            if appointment.status != Status.ARRIVED or not walked_in(appointment):
                messages_plan(appointment=appointment, act=Act.UNDONE)
    except IntegrityError as error:
        _refuse(error, attempt)
        raise
    return appointment


def appointment_note(*, appointment_id: UUID, note: str) -> Appointment:
    """Write the desk's note on a visit."""
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        appointment.note = note
        save(appointment, "note")
    return appointment


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried, for the alternatives where a constraint refuses it."""

    request: Request
    starts_at: datetime
    subject: Subject


def _put(
    appointment: Appointment, request: Request, practitioner: Practitioner, starts_at: datetime, placed: Place
) -> None:
    """Set time and place; nothing is written yet."""
    appointment.practitioner, appointment.room_id = practitioner, placed.room_id
    appointment.starts_at, appointment.ends_at = starts_at, starts_at + request.duration
    appointment.overbooked, appointment.off_hours = placed.overbooked, placed.off_hours
    occupy(appointment, request.frame)


def _check_is_last(missed: Appointment) -> None:
    """Refuse where the patient was booked, came or was missed since. Under the patient's lock."""
    since = visits_since(missed.patient_id, missed.starts_at).select_related("location").order_by("-starts_at").first()
    if since is not None:
        when = within(moment(since.starts_at, since.location.zone, clock.today(since.location.zone)))
        raise Conflict(
            f"The patient has a later visit by now: {when}.",
            code="already_booked",
            extra={"appointment": str(since.pk)},
        )


def _check_can_undo(appointment: Appointment, last: AppointmentRevision) -> None:
    grace = timedelta(seconds=appointment.location.grace_seconds)
    if last.number != appointment.revision:
        raise Stale("The visit has changed meanwhile. Look again before undoing.")
    if last.act == Act.UNDONE:
        raise Conflict("There is nothing to undo: the last change was an undo.", code="nothing_to_undo")
    if clock.now() > last.acted_at + grace:
        raise Conflict(
            f"A change can be undone within {appointment.location.grace_seconds} seconds; this one is older.",
            code="grace_over",
        )


def _refuse(error: IntegrityError, attempt: Attempt | None) -> None:
    """Say what a constraint refused; return where the error is about something else.

    The service's own checks come first and hold the locks, so this is for writers that pass them by.
    """
    if attempt is None:
        return
    free = [] if is_recording() else alternatives(attempt.request, attempt.starts_at, attempt.subject)
    refusal = refusal_of(error, free)
    if refusal is not None:
        raise refusal from error
