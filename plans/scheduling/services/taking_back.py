"""An arrival, an end or a no-show that was written down of the wrong visit, taken back soon after."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Stale, check_allowed
from clinic.locking import hold, lock
from clinic.people.models import User
from plans.messages.services import messages_resume
from plans.scheduling.availability import Frame
from plans.scheduling.models import Appointment
from plans.scheduling.services.placing import place, refusal_of
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.subjects import read
from plans.scheduling.services.writing import IN_FULL, first_status, save
from plans.scheduling.subjects import Subject
from plans.treatment.models import ProcedureSession

Status = Appointment.Status
TAKEN_BACK_WITHIN = timedelta(hours=24)
NOT_BEGUN = frozenset({ProcedureSession.Status.PLANNED, ProcedureSession.Status.CANCELLED})


@retried
def appointment_take_back(*, appointment_id: UUID, by: User | None) -> Appointment:
    """“Is here”, “Took place” or “No-show” was a slip: returns the visit as it was before, at its own time.

    It is booked or confirmed again, and gets the reminders that are still of use; of one that took place the patient is
    still here. Raises `InvalidTransition`; `Conflict` (`too_late` after a day, `walked_in` and `never_booked` where
    there was nothing before, `has_begun` once something is charted, and what the state of plan, session or follow-up
    forbids); `SlotTaken` where others have got its time since; `Stale` where it moved meanwhile.
    """
    try:
        with recorded("Taken back"):
            known = read(appointment_id)
            subject = known.lock_subject()
            rooms = [known.room_id] if known.room_id is not None else []
            hold(known.patient_id, known.practitioner_id, others=rooms, shared=[known.frame.location_id])
            appointment = lock(IN_FULL, appointment_id)
            check_allowed("The visit", appointment.status, "taking it back", Appointment.MAY_TAKE_BACK)
            if (appointment.practitioner_id, appointment.room_id) != (known.practitioner_id, known.room_id):
                raise Stale("The visit has changed meanwhile. Look again before taking it back.")
            why_not = why_not_taken_back(appointment, clock.now())
            if why_not is not None:
                raise why_not
            if not appointment.is_live:
                _live_again(appointment, subject, known.frame)
            if appointment.status == Status.FULFILLED:
                appointment.status = Status.ARRIVED
            else:
                appointment.status = Status.CONFIRMED if appointment.confirmed_at is not None else Status.BOOKED
                appointment.arrived_at = None
            appointment.no_show_at = appointment.fulfilled_at = None
            save(appointment, "status", "arrived_at", "no_show_at", "fulfilled_at", "off_hours", "off_hours_accepted")
            messages_resume(appointment=appointment)
    except IntegrityError as error:
        refusal = refusal_of(error, [])
        if refusal is None:
            raise
        raise refusal from error
    return appointment


def why_not_taken_back(appointment: Appointment, now: datetime) -> Conflict | None:
    """Why what was written down last of this visit stands; None where it can be taken back. Two queries at most."""
    written_at = appointment.no_show_at or appointment.fulfilled_at or appointment.arrived_at
    if written_at is None or now > written_at + TAKEN_BACK_WITHIN:
        return Conflict("This can be taken back within a day; it is older.", code="too_late")
    session = ProcedureSession.objects.get(pk=appointment.session_id) if appointment.session_id else None
    has_begun = session is not None and session.status not in NOT_BEGUN
    if appointment.consultation_id is not None or (has_begun and appointment.status != Status.NO_SHOW):
        return Conflict("What the visit was for has begun and is on record; it stays.", code="has_begun")
    if appointment.status == Status.NO_SHOW or first_status(appointment) != appointment.status:
        return None
    if appointment.status == Status.ARRIVED:
        return Conflict("They came without a booking. Cancel the visit: nobody is mailed.", code="walked_in")
    return Conflict(
        "It was written down when they were seen, without a booking before it; it stays.", code="never_booked"
    )


def _live_again(appointment: Appointment, subject: Subject, frame: Frame) -> None:
    """Its time, which was free for others meanwhile, is its own again. Nothing is written yet."""
    if appointment.status == Status.FULFILLED:
        subject = replace(subject, is_attended=False)  # it is this visit that attended the follow-up
    subject.check_bookable(except_for=appointment.pk)
    assert appointment.room_id is not None
    request = subject.moving(appointment).request(
        frame,
        [appointment.practitioner_id],
        [appointment.room_id],
        duration=appointment.ends_at - appointment.starts_at,
    )
    placed = place(
        replace(request, was_there_first=True),
        appointment.starts_at,
        subject,
        may_overbook=appointment.overbooked,
        at_any_hour=True,
    )
    appointment.off_hours = placed.off_hours
    appointment.off_hours_accepted = appointment.off_hours_accepted and bool(placed.off_hours)
