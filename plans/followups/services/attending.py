"""Attending a follow-up: the patient is here, booked or not, in the window or before it."""

from datetime import date
from uuid import UUID

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import SoftWarning, check_allowed
from clinic.people.models import Practitioner, User
from clinic.places.wallclock import local_date
from clinic.text import trimmed
from clinic.words import date_in_full
from plans.followups.models import FollowUp
from plans.followups.queries import counts_from, state_of
from plans.followups.services.obligations import lock_follow_up, since
from plans.messages.services import messages_close
from plans.scheduling.models import LIVE_STATUSES, Appointment
from plans.scheduling.services import appointment_no_show, appointments_close, follow_up_visit_fulfil
from plans.treatment.models import TreatmentPlan

SEEN_INSTEAD = "The patient was seen earlier."
NO_REASON = "No reason was given."


def follow_up_attend(
    *, follow_up_id: UUID, by: User, practitioner: Practitioner | None = None, reason: str = ""
) -> tuple[FollowUp, list[SoftWarning]]:
    """The patient is here now, early perhaps: fulfils today's visit, or books and fulfils one at this moment.

    A visit that is booked for a later day is given back without a mail, for the patient is here; one of an earlier
    day, to which nobody came, is a no-show. Where there is a `doubt_about` it now, the `reason` says why the visit
    fulfils its purpose all the same; it is early then, and keeps that. Returns the follow-up, and the doubt as a
    warning where nobody gave a reason. Raises `InvalidTransition`.
    """
    with recorded(reason):
        follow_up = lock_follow_up(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "attending", FollowUp.MAY_ATTEND)
        if follow_up.plan is not None:
            check_allowed("The plan", follow_up.plan.status, "attending", TreatmentPlan.MAY_BOOK)
        doubt, why = doubt_about(follow_up), trimmed(reason)[:300]
        _give_back_another_day(follow_up, by)
        follow_up_visit_fulfil(
            follow_up=follow_up,
            by=by,
            practitioner=practitioner or Practitioner.objects.filter(user=by).first() or _its_practitioner(follow_up),
            early_because=(why or NO_REASON) if doubt else "",
        )
    return follow_up, [doubt] if doubt and not why else []


def doubt_about(follow_up: FollowUp) -> SoftWarning | None:
    """Why a visit today may not fulfil its purpose: what it counts from has not taken place (`nothing_before`), or its
    window is not open and no decision stands that it may be early (`early`). None where nothing speaks against it.
    """
    today = clock.today(follow_up.location.zone)
    session = counts_from(follow_up)
    if session is not None and session.performed_at is None:
        detail = f"This visit counts from {session.title}, which has not been performed yet."
        return SoftWarning("reason", "nothing_before", detail)
    first = since(follow_up)
    if session is None and today < first:
        detail = f"This visit counts from {date_in_full(first)}, which is still to come."
        return SoftWarning("reason", "nothing_before", detail)
    if today >= follow_up.window_start:
        return None
    booked = Appointment.objects.filter(follow_up=follow_up, status__in=LIVE_STATUSES, is_early=True).first()
    if booked is not None and _is_for(booked, today):
        return None
    return SoftWarning("reason", "early", f"The window opens on {date_in_full(follow_up.window_start)}.")


def _give_back_another_day(follow_up: FollowUp, by: User) -> None:
    booked = Appointment.objects.filter(follow_up=follow_up, status__in=LIVE_STATUSES).first()
    zone = follow_up.location.zone
    today = clock.today(zone)
    if booked is None or _is_for(booked, today):
        return
    if local_date(booked.starts_at, zone) > today:
        for given_back in appointments_close(sessions=[], follow_ups=[follow_up], reason=SEEN_INSTEAD, by=by):
            messages_close(appointment=given_back)
    else:
        appointment_no_show(appointment_id=booked.pk, by=by)


def _is_for(visit: Appointment, today: date) -> bool:
    """Whether the patient who is here today came for this visit: it is today's, or they arrived to it."""
    arrived = visit.status == Appointment.Status.ARRIVED
    return arrived or local_date(visit.starts_at, visit.location.zone) == today


def _its_practitioner(follow_up: FollowUp) -> Practitioner:
    if follow_up.plan is not None:
        return follow_up.plan.lead_practitioner
    if follow_up.consultation is None:
        raise ValueError("a follow-up comes from a plan or a consultation")
    return follow_up.consultation.practitioner
