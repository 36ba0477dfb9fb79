"""What becomes of a booked visit: confirmed, arrived, fulfilled, cancelled, missed; and the visit of a walk-in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, InvalidTransition, check_allowed
from clinic.locking import lock, lock_all
from clinic.people.models import Practitioner, User
from plans.consultations.models import Consultation
from plans.followups.models import FollowUp
from plans.messages.services import messages_close, messages_plan
from plans.scheduling.availability import Frame, Request, frame_of, verdict
from plans.scheduling.models import LIVE_STATUSES, Appointment, AppointmentRevision, VisitKind
from plans.scheduling.rules import MAX_DURATION
from plans.scheduling.services.retrying import retried
from plans.scheduling.services.staleness import check_seen
from plans.scheduling.services.writing import CANCELLATION, IN_FULL, occupy, restate, revise, save, walked_in
from plans.treatment.models import ProcedureSession

Act = AppointmentRevision.Act
Status = Appointment.Status
NO_LONGER_OWED = "Not needed any more."
"""What the desk reads where the course of care dropped a visit; the clinical reason stands with plan and session."""


@retried
def appointment_confirm(*, appointment_id: UUID, by: User | None, revision: int | None = None) -> Appointment:
    """The patient will come. Raises `InvalidTransition`, and `Stale` where the caller saw another `revision`."""
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        check_seen(appointment, revision)
        check_allowed("The visit", appointment.status, "confirming", Appointment.MAY_CONFIRM)
        appointment.status, appointment.confirmed_at = Status.CONFIRMED, clock.now()
        save(appointment, "status", "confirmed_at")
    return appointment


@retried
def appointment_arrive(*, appointment_id: UUID, by: User | None, revision: int | None = None) -> Appointment:
    """The patient is here. Raises `InvalidTransition`, and `Stale` where the caller saw another `revision`."""
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        check_seen(appointment, revision)
        check_allowed("The visit", appointment.status, "arriving", Appointment.MAY_ARRIVE)
        _arrive(appointment)
    return appointment


@retried
def appointment_fulfil(*, appointment_id: UUID, by: User | None, revision: int | None = None) -> Appointment:
    """The visit took place. Raises `InvalidTransition`, `Stale` where the caller saw another `revision`, and `Conflict`
    (session_open) for a session that is neither performed nor aborted: charting it fulfils its visit."""
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        check_seen(appointment, revision)
        check_allowed("The visit", appointment.status, "fulfilling", Appointment.MAY_FULFIL)
        session = _session_of(appointment)
        if session is not None and session.performed_at is None and session.aborted_at is None:
            raise Conflict(
                "The session is neither performed nor aborted yet; charting it fulfils the visit.", code="session_open"
            )
        _fulfil(appointment)
    return appointment


@retried
def appointment_cancel(
    *, appointment_id: UUID, by: User | None, reason: str, note: str = "", revision: int | None = None
) -> Appointment:
    """Give the time back, and tell the patient. `reason` is a `CancelReason`.

    Raises `InvalidTransition`, `Stale` where the caller saw another `revision`, and `Conflict` (session_in_progress)
    once its session has begun.
    """
    if reason not in Appointment.CancelReason.values:
        raise Invalid(f"The reason is one of {', '.join(Appointment.CancelReason.values)}.", attr="reason")
    with recorded(note or reason):
        appointment = lock(IN_FULL, appointment_id)
        check_seen(appointment, revision)
        check_allowed("The visit", appointment.status, "cancelling", Appointment.MAY_CANCEL)
        if appointment.status == Status.ARRIVED:
            session = _session_of(appointment)
            if session is not None and session.status != ProcedureSession.Status.PLANNED:
                raise Conflict("Its session has begun; perform or abort it.", code="session_in_progress")
        _cancel(appointment, reason, note, by)
    return appointment


@retried
def appointment_no_show(*, appointment_id: UUID, by: User | None, revision: int | None = None) -> Appointment:
    """The patient did not come; the session or follow-up is owed again.

    Raises `InvalidTransition`, and `Stale` where the caller saw another `revision` of the visit.
    """
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        check_seen(appointment, revision)
        check_allowed("The visit", appointment.status, "marking it as missed", Appointment.MAY_NO_SHOW)
        appointment.status, appointment.no_show_at = Status.NO_SHOW, clock.now()
        save(appointment, "status", "no_show_at")
        messages_close(appointment=appointment)
    return appointment


def follow_up_visit_fulfil(
    *, follow_up: FollowUp, by: User | None, practitioner: Practitioner, early_because: str = ""
) -> Appointment:
    """The patient is here for `follow_up` now: returns its visit, fulfilled.

    The booked visit where there is one; otherwise a new one from now on, in a room if one is free. It records a fact,
    so neither hours nor other bookings stand against it, and nobody is mailed; where the practitioner has another visit
    meanwhile, screens mark both (`scheduling.overlaps`). With `early_because` it is an early one;
    a booked visit keeps that reason beside the one of its booking. For a follow-up whose row, and before it its
    plan's, the caller has locked and checked.
    """
    with recorded():
        booked = _lock_live(Q(follow_up=follow_up))
        if booked is not None:
            if early_because:
                booked.is_early, booked.kept_because = True, early_because
            _fulfil(booked, "is_early", "kept_because")
            restate(booked)
            return booked
        if Appointment.objects.filter(follow_up=follow_up, status=Status.FULFILLED).exists():
            raise InvalidTransition("The follow-up", FollowUp.State.ATTENDED, "attending", FollowUp.MAY_ATTEND)
        now = clock.now()
        frame = frame_of(follow_up.location_id)
        request = Request(
            frame,
            VisitKind.FOLLOW_UP,
            timedelta(minutes=follow_up.duration_minutes),
            [practitioner.pk],
            _rooms_not_in_use(frame, now, timedelta(minutes=follow_up.duration_minutes)),
            patient_id=follow_up.patient_id,
        )
        appointment = Appointment(
            patient_id=follow_up.patient_id,
            practitioner=practitioner,
            location_id=follow_up.location_id,
            room_id=verdict(request, now).room_id,
            kind=VisitKind.FOLLOW_UP,
            follow_up=follow_up,
            starts_at=now,
            ends_at=now + request.duration,
            status=Status.FULFILLED,
            arrived_at=now,
            fulfilled_at=now,
            is_early=bool(early_because),
            override_reason=early_because,
            booked_by=by,
            window_start_when_booked=follow_up.window_start,
            window_end_when_booked=follow_up.window_end,
            minutes_when_booked=follow_up.duration_minutes,
        )
        occupy(appointment, frame)
        appointment.save(force_insert=True)
        revise(appointment, Act.BOOKED, by=by, status_before="")
    return appointment


def appointments_of_session_arrive(*, session_id: UUID, by: User | None) -> Appointment | None:
    """The session begins: its live visit has arrived. Returns it, or `None` where it has none.

    For a session whose row, and before it its plan's, the caller has locked.
    """
    with recorded():
        appointment = _lock_live(Q(session=session_id))
        return _arrive(appointment) if appointment is not None else None


def appointments_of_session_fulfil(*, session_id: UUID, by: User | None) -> Appointment | None:
    """The session is performed or aborted: its live visit took place. Returns it, or `None` where it has none.

    For a session whose row, and before it its plan's, the caller has locked.
    """
    with recorded():
        appointment = _lock_live(Q(session=session_id))
        return _fulfil(appointment) if appointment is not None else None


def appointments_close(
    *, sessions: Sequence[ProcedureSession], follow_ups: Sequence[FollowUp], reason: str, by: User | None
) -> list[Appointment]:
    """Cancel the live visits of what is not owed any more, with the reason as note; returns them.

    For rows that the caller has locked, plan first.
    """
    if not sessions and not follow_ups:
        return []
    with recorded(reason):
        closed = lock_all(
            IN_FULL.filter(Q(session__in=sessions) | Q(follow_up__in=follow_ups), status__in=LIVE_STATUSES)
        )
        for appointment in closed:
            _cancel(appointment, Appointment.CancelReason.CLINIC, reason, by)
    return closed


def appointment_record_consultation(
    *, appointment_id: UUID, consultation: Consultation, by: User | None
) -> Appointment:
    """The consultation of this visit is on record: link it, and fulfil the visit if it is still live; returns it.

    Raises `Invalid` where it is another patient's or another kind of visit, `InvalidTransition` where it never took
    place, `Conflict` (already_recorded) where it has a consultation.
    """
    with recorded():
        appointment = lock(IN_FULL, appointment_id)
        if appointment.kind != VisitKind.CONSULTATION or appointment.patient_id != consultation.patient_id:
            raise Invalid("This is not a consultation of this patient.", attr="appointment")
        check_allowed("The visit", appointment.status, "recording it", Appointment.LIVE | {Status.FULFILLED})
        if appointment.consultation_id is not None:
            raise Conflict("This visit has its consultation already.", code="already_recorded", attr="appointment")
        appointment.consultation = consultation
        save(appointment, "consultation")
        return _fulfil(appointment) if appointment.is_live else appointment


def _lock_live(of: Q) -> Appointment | None:
    return next(iter(lock_all(IN_FULL.filter(of, status__in=LIVE_STATUSES))), None)


def _rooms_not_in_use(frame: Frame, now: datetime, duration: timedelta) -> list[UUID]:
    """The rooms in which nobody is who, too, was written down as seen when they came."""
    in_use = Appointment.objects.filter(
        room__in=list(frame.rooms),
        status=Status.FULFILLED,
        fulfilled_at=F("starts_at"),
        starts_at__gt=now - MAX_DURATION,
        starts_at__lt=now + duration,
        ends_at__gt=now,
    ).values_list("room_id", flat=True)
    taken = set(in_use)
    return [room for room in frame.rooms if room not in taken]


def _session_of(appointment: Appointment) -> ProcedureSession | None:
    """Its session as it is now that the appointment is locked: starting a session locks the appointment too."""
    return ProcedureSession.objects.get(pk=appointment.session_id) if appointment.session_id else None


def _arrive(appointment: Appointment) -> Appointment:
    if appointment.status != Status.ARRIVED:
        appointment.status, appointment.arrived_at = Status.ARRIVED, clock.now()
        save(appointment, "status", "arrived_at")
    return appointment


def _fulfil(appointment: Appointment, *changed: str) -> Appointment:
    """Mark it as taken place; columns that the caller `changed` are written with it."""
    now = clock.now()
    appointment.status, appointment.fulfilled_at = Status.FULFILLED, now
    appointment.arrived_at = appointment.arrived_at or now
    save(appointment, "status", "arrived_at", "fulfilled_at", *changed)
    messages_close(appointment=appointment)
    return appointment


def _cancel(appointment: Appointment, reason: str, note: str, by: User | None) -> Appointment:
    status_before = appointment.status
    appointment.status, appointment.cancelled_at = Status.CANCELLED, clock.now()
    appointment.cancel_reason, appointment.cancel_note = reason, note[:300]
    appointment.revision += 1
    save(appointment, "status", *CANCELLATION, "revision")
    revise(appointment, Act.CANCELLED, by=by, status_before=status_before)
    if status_before != Status.ARRIVED or not walked_in(appointment):
        messages_plan(appointment=appointment, act=Act.CANCELLED)
    return appointment
