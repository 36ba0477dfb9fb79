"""Book, move, undo: what gives a visit its time. Each is one transaction with the messages it asks for.

Locks in the one order: plan → session or follow-up → advisory keys of patient, practitioners old and new, and every
candidate room → appointment. Only then are state and time checked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models.functions import Coalesce

from clinic import clock
from clinic.audit.history import is_recording, recorded
from clinic.errors import Conflict, Invalid, Stale, check_allowed
from clinic.locking import lock
from clinic.people.models import Practitioner, User
from clinic.places.models import Location, Room
from clinic.places.wallclock import local_date
from patients.models import Patient
from plans.followups.models import FollowUp
from plans.messages.services import messages_plan
from plans.scheduling.availability import Frame, Request, frame_document, frame_from, frame_of
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.queries import follow_ups_to_book, sessions_to_book
from plans.scheduling.rules import check_duration, check_lead_time, check_start
from plans.scheduling.services.contention import hold, retried
from plans.scheduling.services.placing import (
    Place,
    alternatives,
    candidate_rooms,
    check_practitioner,
    check_room,
    occupy,
    place,
    refusal_of,
)
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession, TreatmentPlan

Act = AppointmentRevision.Act
Status = Appointment.Status
IN_FULL = Appointment.objects.select_related("patient", "practitioner__user", "room", "location")


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
) -> Appointment:
    """Book a visit for one follow-up, session or consultation, and plan its messages; returns it with its room.

    Without `room` the first free one that is fit is taken. `override_reason`, with the right to it, books over the
    practitioner's other visits, never over the room's or the patient's. Raises, in this order: `Invalid` (shape;
    practitioner or room), `Conflict` (state: `plan_not_bookable`, `invalid_transition`, `already_booked`,
    `gate_blocked`), `TooEarly`, `Invalid` (past, lead time), `Conflict` (`outside_hours`), `SlotTaken` with
    `alternatives`; `Busy` where a lock was not had twice.
    """
    if sum(item is not None for item in (follow_up, session, consultation_for)) != 1:
        raise Invalid("A visit is for one of follow_up, session and consultation_for.")
    check_start(starts_at, location.zone)
    if duration_minutes is not None:
        check_duration(timedelta(minutes=duration_minutes))
    if override_reason and not (by is not None and by.may("plans.appointment", "overbook", location.pk)):
        raise PermissionDenied("Booking over another visit needs a right that you do not have at this location.")
    attempt: Attempt | None = None
    try:
        with recorded(override_reason):
            frame = frame_of(location.pk)
            subject = _lock_subject(frame, session=session, follow_up=follow_up, patient=consultation_for)
            day = local_date(starts_at, frame.zone)
            check_practitioner(frame, practitioner, subject.modalities, day)
            if room is not None:
                check_room(frame, room, subject.modalities)
            subject.check_bookable()
            subject.check_not_too_early(day)
            check_lead_time(starts_at, clock.now(), frame.lead)
            rooms = [room.pk] if room is not None else candidate_rooms(frame, subject.modalities)
            duration = timedelta(minutes=duration_minutes) if duration_minutes is not None else subject.duration
            request = Request(
                frame,
                subject.kind,
                duration or frame.visit_length(subject.kind).duration,
                [practitioner.pk],
                rooms,
                modalities=subject.modalities,
                patient_id=subject.patient.pk,
            )
            attempt = Attempt(request, starts_at, subject)
            hold(subject.patient.pk, practitioner.pk, others=rooms)
            placed = place(request, starts_at, subject, may_overbook=bool(override_reason))
            appointment = Appointment(
                patient=subject.patient,
                practitioner=practitioner,
                location=location,
                room_id=placed.room_id,
                kind=subject.kind,
                session=subject.session,
                follow_up=subject.follow_up,
                starts_at=starts_at,
                ends_at=starts_at + request.duration,
                overbooked=placed.overbooked,
                override_reason=override_reason if placed.overbooked else "",
                note=note,
                booked_by=by,
            )
            occupy(appointment, frame)
            appointment.save(force_insert=True)
            revise(appointment, Act.BOOKED, by=by, status_before="")
            messages_plan(appointment=appointment, act=Act.BOOKED)
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
) -> Appointment:
    """Move a visit to another time, practitioner or room; returns it, *booked*, under its next revision.

    It keeps its length, and its room where that is free. A move to where it is already changes nothing. Refuses as
    `appointment_book` does, and with `InvalidTransition`.
    """
    attempt: Attempt | None = None
    try:
        with recorded():
            known = _read(appointment_id)
            frame = known.frame
            check_start(starts_at, frame.zone)
            subject = known.lock_subject()
            rooms = [room.pk] if room else candidate_rooms(frame, subject.modalities, known.room_id)
            hold(
                known.patient_id,
                known.practitioner_id,
                practitioner.pk if practitioner else None,
                others=[*rooms, *([known.room_id] if known.room_id else [])],
            )
            appointment = lock(IN_FULL, appointment_id)
            practitioner = practitioner or appointment.practitioner
            day = local_date(starts_at, frame.zone)
            check_practitioner(frame, practitioner, subject.modalities, day)
            if room is not None:
                check_room(frame, room, subject.modalities)
            request = Request(
                frame,
                appointment.kind,
                appointment.ends_at - appointment.starts_at,
                [practitioner.pk],
                rooms,
                modalities=subject.modalities,
                patient_id=appointment.patient_id,
                moving=appointment.pk,
            )
            attempt = Attempt(request, starts_at, subject)
            check_allowed("The visit", appointment.status, "moving it", Appointment.MAY_RESCHEDULE)
            subject.check_bookable(except_for=appointment.pk)
            keeps_time = (appointment.starts_at, appointment.practitioner_id) == (starts_at, practitioner.pk)
            if keeps_time and (room is None or room.pk == appointment.room_id):
                return appointment
            subject.check_not_too_early(day)
            check_lead_time(starts_at, clock.now(), frame.lead)
            placed = place(request, starts_at, subject, may_overbook=keeps_time and appointment.overbooked)
            status_before, confirmed_before = appointment.status, appointment.confirmed_at
            _put(appointment, request, practitioner, starts_at, placed)
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
    an undone cancellation lives again. Raises `InvalidTransition`; `Conflict` (`nothing_to_undo`, `grace_over`, and
    what the state of plan, session or follow-up forbids); `SlotTaken` where the old time was given away meanwhile.
    """
    attempt: Attempt | None = None
    try:
        with recorded("Undone"):
            known = _read(appointment_id)
            frame = known.frame
            subject = known.lock_subject()
            revisions = AppointmentRevision.objects.filter(appointment=appointment_id).select_related("practitioner")
            last, *before = revisions.order_by("-number")[:2]
            previous = before[0] if before and last.act != Act.BOOKED else None
            rooms = candidate_rooms(frame, subject.modalities, previous.room_id) if previous else []
            hold(
                known.patient_id,
                known.practitioner_id,
                known.room_id,
                previous.practitioner_id if previous else None,
                others=rooms,
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
                request = Request(
                    frame,
                    appointment.kind,
                    previous.ends_at - previous.starts_at,
                    [previous.practitioner_id],
                    rooms,
                    modalities=subject.modalities,
                    patient_id=appointment.patient_id,
                    moving=appointment.pk,
                )
                attempt = Attempt(request, previous.starts_at, subject)
                placed = place(request, previous.starts_at, subject, may_overbook=previous.overbooked, is_return=True)
                _put(appointment, request, previous.practitioner, previous.starts_at, placed)
                if last.act == Act.MOVED:
                    appointment.confirmed_at = last.confirmed_at
                appointment.status = Status(last.status_before)
                appointment.cancelled_at, appointment.cancel_reason, appointment.cancel_note = None, "", ""
            appointment.revision += 1
            save(appointment, *TIME_AND_PLACE, *CANCELLATION, "status", "confirmed_at", "revision")
            revise(appointment, Act.UNDONE, by=by, status_before=status_before)
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


TIME_AND_PLACE = ("practitioner", "room", "starts_at", "ends_at", "practitioner_busy", "room_busy", "overbooked")
CANCELLATION = ("cancelled_at", "cancel_reason", "cancel_note")


def revise(
    appointment: Appointment,
    act: AppointmentRevision.Act,
    *,
    by: User | None,
    status_before: str,
    confirmed_before: datetime | None = None,
) -> AppointmentRevision:
    """Insert what the appointment says now, after `act`, under its present revision number."""
    return AppointmentRevision.objects.create(
        appointment=appointment,
        number=appointment.revision,
        act=act,
        acted_at=clock.now(),
        acted_by=by,
        status_before=status_before,
        status_after=appointment.status,
        practitioner_id=appointment.practitioner_id,
        room_id=appointment.room_id,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        overbooked=appointment.overbooked,
        confirmed_at=confirmed_before,
    )


def save(appointment: Appointment, *fields: str) -> None:
    """Write these columns; the version is counted by the database and known here at once."""
    appointment.save(update_fields=[*fields, "updated_at"])
    appointment.version += 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried, for the alternatives where a constraint refuses it."""

    request: Request
    starts_at: datetime
    subject: Subject


@dataclass(frozen=True, slots=True)
class Known:
    """What is read of an appointment before anything is locked. All but practitioner and room never changes."""

    frame: Frame
    patient_id: UUID
    session_id: UUID | None
    follow_up_id: UUID | None
    plan_id: UUID | None
    practitioner_id: UUID
    room_id: UUID | None

    def lock_subject(self) -> Subject:
        """Lock plan and obligation."""
        if self.session_id is None and self.follow_up_id is None:
            return Subject.of_consultation(Patient.objects.get(pk=self.patient_id))
        return _lock_obligation(self.frame, self.plan_id, self.session_id, self.follow_up_id)


def _read(appointment_id: UUID) -> Known:
    row = Appointment.objects.values_list(
        "patient_id",
        "session_id",
        "follow_up_id",
        Coalesce("session__plan_id", "follow_up__plan_id"),
        "practitioner_id",
        "room_id",
        frame_document("plans_appointment.location_id"),
    ).get(pk=appointment_id)
    return Known(frame_from(row[-1]), *row[:-1])


def _lock_subject(
    frame: Frame, *, session: ProcedureSession | None, follow_up: FollowUp | None, patient: Patient | None
) -> Subject:
    """Lock plan and obligation, in this order, and read what decides the booking."""
    if session is not None:
        return _lock_obligation(frame, session.plan_id, session.pk, None)
    if follow_up is not None:
        return _lock_obligation(frame, follow_up.plan_id, None, follow_up.pk)
    if patient is None:
        raise ValueError("a visit is for a session, a follow-up or a patient")
    return Subject.of_consultation(patient)


def _lock_obligation(frame: Frame, plan_id: UUID | None, session_id: UUID | None, follow_up_id: UUID | None) -> Subject:
    if plan_id is not None:
        lock(TreatmentPlan.objects.all(), plan_id)
    if session_id is not None:
        return Subject.of_session(lock(sessions_to_book(), session_id), frame.zone)
    if plan_id is None:
        lock(FollowUp.objects.all(), follow_up_id)  # first the bare row: what is derived is read once it is ours
    return Subject.of_follow_up(lock(follow_ups_to_book(), follow_up_id))


def _put(
    appointment: Appointment, request: Request, practitioner: Practitioner, starts_at: datetime, placed: Place
) -> None:
    """Set time and place; nothing is written yet."""
    appointment.practitioner, appointment.room_id = practitioner, placed.room_id
    appointment.starts_at, appointment.ends_at = starts_at, starts_at + request.duration
    appointment.overbooked = placed.overbooked
    occupy(appointment, request.frame)


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
