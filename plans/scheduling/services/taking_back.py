"""An arrival or a no-show that was written down of the wrong visit, taken back soon after."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, check_allowed
from clinic.locking import hold, lock
from clinic.people.models import User
from plans.scheduling.models import Appointment
from plans.scheduling.services.placing import place, refusal_of
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.subjects import read
from plans.scheduling.services.writing import IN_FULL, save
from plans.treatment.models import ProcedureSession

Status = Appointment.Status
TAKEN_BACK_WITHIN = timedelta(hours=24)


@retried
def appointment_take_back(*, appointment_id: UUID, by: User | None) -> Appointment:
    """“Is here” or “No-show” was a slip: returns the visit, booked or confirmed as it was before, at its own time.

    Raises `InvalidTransition`; `Conflict` (`too_late` after a day, `session_in_progress`, and what the state of plan,
    session or follow-up forbids); `SlotTaken` where others have got its time since a no-show.
    """
    try:
        with recorded("Taken back"):
            known = read(appointment_id)
            subject = known.lock_subject()
            rooms = [known.room_id] if known.room_id is not None else []
            hold(known.patient_id, known.practitioner_id, others=rooms, shared=[known.frame.location_id])
            appointment = lock(IN_FULL, appointment_id)
            check_allowed("The visit", appointment.status, "taking it back", Appointment.MAY_TAKE_BACK)
            _check_fresh(appointment)
            subject.check_bookable(except_for=appointment.pk)
            if appointment.status == Status.NO_SHOW:
                request = subject.moving(appointment).request(
                    known.frame, [known.practitioner_id], rooms, duration=appointment.ends_at - appointment.starts_at
                )
                request = replace(request, was_there_first=True)
                over = appointment.overbooked
                place(request, appointment.starts_at, subject, may_overbook=over, at_any_hour=True)
            appointment.status = Status.CONFIRMED if appointment.confirmed_at is not None else Status.BOOKED
            appointment.arrived_at = appointment.no_show_at = None
            save(appointment, "status", "arrived_at", "no_show_at")
    except IntegrityError as error:
        refusal = refusal_of(error, [])
        if refusal is None:
            raise
        raise refusal from error
    return appointment


def _check_fresh(appointment: Appointment) -> None:
    written_at = appointment.no_show_at or appointment.arrived_at
    if written_at is None or clock.now() > written_at + TAKEN_BACK_WITHIN:
        raise Conflict("This can be taken back within a day; it is older.", code="too_late")
    if appointment.session_id is not None:
        session = ProcedureSession.objects.get(pk=appointment.session_id)
        if session.status != ProcedureSession.Status.PLANNED:
            raise Conflict("Its session has begun; perform or abort it.", code="session_in_progress")
