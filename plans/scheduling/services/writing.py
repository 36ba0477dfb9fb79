"""What every act writes of a visit: its columns, and the revision that keeps them."""

from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from clinic.people.models import User
from plans.scheduling.availability import Frame, Request
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.subjects import Subject

IN_FULL = Appointment.objects.select_related("patient", "practitioner__user", "room", "location")

AS_BOOKED = (
    *("is_early", "override_reason", "kept_because"),
    *("window_start_when_booked", "window_end_when_booked", "minutes_when_booked"),
)
"""What was decided and known when the visit got its time; a revision keeps it too."""
TIME_AND_PLACE = (
    *("practitioner", "room", "starts_at", "ends_at", "practitioner_busy", "room_busy", "overbooked"),
    *("off_hours", "off_hours_accepted"),
    *AS_BOOKED,
)
CANCELLATION = ("cancelled_at", "cancel_reason", "cancel_note")


def enter(request: Request, starts_at: datetime, subject: Subject, *, by: User | None, **columns: Any) -> Appointment:
    """Save a new visit with its first revision; returns it. `columns` say where and with whom it is, and what else is
    known of it."""
    appointment = Appointment(
        patient=subject.patient,
        kind=subject.kind,
        session=subject.session,
        follow_up=subject.follow_up,
        starts_at=starts_at,
        ends_at=starts_at + request.duration,
        booked_by=by,
        **columns,
    )
    remember(appointment, subject)
    occupy(appointment, request.frame)
    appointment.save(force_insert=True)
    revise(appointment, AppointmentRevision.Act.BOOKED, by=by, status_before="")
    return appointment


def occupy(appointment: Appointment, frame: Frame) -> None:
    """Set the time that practitioner and room are busy: the visit with the buffers of its kind."""
    buffers = frame.visit_length(appointment.kind).buffers
    starts_at, ends_at = appointment.starts_at, appointment.ends_at
    appointment.practitioner_busy = DateTimeTZRange(
        starts_at - buffers.practitioner_before, ends_at + buffers.practitioner_after, "[)"
    )
    appointment.room_busy = DateTimeTZRange(starts_at - buffers.room_before, ends_at + buffers.room_after, "[)")


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
        **{name: getattr(appointment, name) for name in AS_BOOKED},
    )


def restate(appointment: Appointment) -> None:
    """Bring what the present revision keeps of a decision up to date, so that an undo goes back to it."""
    decided = {name: getattr(appointment, name) for name in AS_BOOKED}
    appointment.revisions.filter(number=appointment.revision).update(**decided)


def remember(appointment: Appointment, subject: Subject) -> None:
    """Keep what the obligation says of window and length now, to know later what has changed; nothing is written."""
    window = subject.window or (None, None)
    appointment.window_start_when_booked, appointment.window_end_when_booked = window
    appointment.minutes_when_booked = subject.obligation.duration_minutes if subject.obligation else None


def walked_in(appointment: Appointment) -> bool:
    """Whether the patient was here before the visit was: no mail told them of it. One query."""
    return first_status(appointment) in (Appointment.Status.ARRIVED, Appointment.Status.FULFILLED)


def first_status(appointment: Appointment) -> str:
    """The status with which it was entered: *booked*; *arrived* of a walk-in; *fulfilled* of one that was written down
    when they were seen; empty where no revision of it is kept. One query."""
    return appointment.revisions.filter(number=1).values_list("status_after", flat=True).first() or ""


def save(appointment: Appointment, *fields: str) -> None:
    """Write these columns; the version is counted by the database and known here at once."""
    appointment.save(update_fields=[*fields, "updated_at"])
    appointment.version += 1
