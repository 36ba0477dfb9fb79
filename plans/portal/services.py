"""What patients do behind their links: each act is the desk's own service, by nobody who signed in.

Every act holds to what patients may do themselves: free times inside the window, and not in the last hours before.
"""

from collections.abc import Collection, Mapping, Sequence

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, SlotTaken, Stale
from clinic.images import Picture
from patients.models import Patient
from patients.services import BY_THE_PATIENT, patient_choose_mail, patient_lock
from plans.followups.models import CheckIn, CheckInReport, ContactAttempt, FollowUp
from plans.followups.services import attempt_record, check_in_report_submit, lock_follow_up
from plans.messages.services import messages_plan_link
from plans.portal.queries import last_attempt, may_have_link, patients_at, wanted_for_follow_up, wanted_for_visit
from plans.portal.rules import may_change
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import (
    appointment_book,
    appointment_cancel,
    appointment_confirm,
    appointment_reschedule,
    waitlist_accept,
    waitlist_decline,
)
from plans.scheduling.services.retrying import retried

TOO_LATE, NOT_FREE = "too_late", "The time is not free any more."
CANCELLED_BY_THE_PATIENT = "Behind a link in a mail."


@retried
def visit_confirm(*, visit: Appointment, revision: int) -> Appointment:
    """The patient will come. Raises what `appointment_confirm` raises, and `Conflict` (`too_late`) once it began."""
    if clock.now() >= visit.starts_at:
        raise Conflict("The visit has begun.", code=TOO_LATE)
    with recorded(BY_THE_PATIENT):
        return appointment_confirm(appointment_id=visit.pk, by=None, revision=revision)


@retried
def visit_move(*, visit: Appointment, revision: int, value: str) -> Appointment:
    """Move the visit to the free time that `value` names (`queries.Choice`); returns it, confirmed.

    Raises `Conflict` (`too_late`), `SlotTaken` where that time is not free or not open to the patient, `Stale` where
    the visit is not as they saw it, and whatever `appointment_reschedule` refuses.
    """
    _check_in_time(visit)
    choice = wanted_for_visit(visit).find(value)
    if choice is None:
        raise SlotTaken(NOT_FREE)
    with recorded(BY_THE_PATIENT):
        moved = appointment_reschedule(
            appointment_id=visit.pk,
            by=None,
            starts_at=choice.slot.starts_at,
            practitioner=choice.practitioner,
            revision=revision,
        )
        return _confirmed(moved)


@retried
def visit_cancel(*, visit: Appointment, revision: int) -> Appointment:
    """The patient cannot come. Raises `Conflict` (`too_late`), `Stale`, and whatever `appointment_cancel` refuses."""
    _check_in_time(visit)
    with recorded(BY_THE_PATIENT):
        return appointment_cancel(
            appointment_id=visit.pk,
            by=None,
            reason=Appointment.CancelReason.PATIENT,
            note=CANCELLED_BY_THE_PATIENT,
            revision=revision,
        )


@retried
def follow_up_book(*, follow_up: FollowUp, value: str) -> Appointment:
    """Book the follow-up at the free time that `value` names; returns the visit, confirmed. Raises `SlotTaken`, and
    what a booking refuses."""
    choice = wanted_for_follow_up(follow_up).find(value)
    if choice is None:
        raise SlotTaken(NOT_FREE)
    with recorded(BY_THE_PATIENT):
        booked = appointment_book(
            by=None,
            location=follow_up.location,
            practitioner=choice.practitioner,
            starts_at=choice.slot.starts_at,
            follow_up=follow_up,
        )
        return _confirmed(booked)


@retried
def follow_up_ask_for_call(*, follow_up: FollowUp) -> ContactAttempt:
    """The patient asks to be called about it; the desk finds that on its list, today. Asking again changes nothing.

    Raises `InvalidTransition` where it is closed.
    """
    with recorded(BY_THE_PATIENT):
        last = last_attempt(lock_follow_up(follow_up.pk))
        if last is not None and last.outcome == ContactAttempt.Outcome.ASKED:
            return last
        return attempt_record(
            follow_up_id=follow_up.pk,
            by=None,
            channel=ContactAttempt.Channel.OTHER,
            outcome=ContactAttempt.Outcome.ASKED,
            note="Asked on their own page to be called.",
            next_try_on=clock.today(follow_up.location.zone),
        )


@retried
def recovery_report(
    *, check_in: CheckIn, answers: Mapping[str, str], language: str, photos: Sequence[Picture] = ()
) -> CheckInReport:
    """How the patient is. Raises what `check_in_report_submit` raises."""
    return check_in_report_submit(check_in_id=check_in.pk, answers=answers, language=language, photos=photos)


@retried
def offer_accept(*, entry: WaitlistEntry, number: int) -> WaitlistEntry:
    """Take the time of the offer with this number; its visit is confirmed. Raises `Stale` where another one stands by
    now, and what `waitlist_accept` raises: `SlotTaken` where somebody else was first."""
    with recorded(BY_THE_PATIENT):
        accepted = waitlist_accept(entry_id=entry.pk, by=None)
        _check_same_offer(accepted, number)
        assert accepted.appointment is not None
        _confirmed(accepted.appointment)
        return accepted


@retried
def offer_decline(*, entry: WaitlistEntry, number: int, keep_waiting: bool) -> WaitlistEntry:
    """Do not take that time; with `keep_waiting` they wait for another one. Raises `Stale`, `InvalidTransition`."""
    with recorded(BY_THE_PATIENT):
        declined = waitlist_decline(entry_id=entry.pk, keep_waiting=keep_waiting, reason=BY_THE_PATIENT)
        _check_same_offer(declined, number)
        return declined


@retried
def mail_choose(*, patient: Patient, unwanted_mail: Collection[str], wants_none: bool, language: str | None) -> Patient:
    """Which mail the patient wants, and in which language (None: as it is). Raises as `patient_choose_mail` does."""
    return patient_choose_mail(
        patient_id=patient.pk,
        unwanted_mail=unwanted_mail,
        email_opt_out=wants_none,
        language=language,
        reason=BY_THE_PATIENT,
    )


@retried
def mail_unsubscribe(*, patient: Patient) -> Patient:
    """No mail any more that the patient may do without. Raises `Conflict` where the record was merged just now."""
    return patient_choose_mail(patient_id=patient.pk, unwanted_mail=list(Patient.OptionalMail), reason=BY_THE_PATIENT)


def links_ask(*, email: str) -> None:
    """Mail every patient with this address the link to their own page. Raises `Busy`; then some may have theirs."""
    for patient in patients_at(email):
        _link_ask(patient)


@retried
def _link_ask(patient: Patient) -> None:
    with recorded(BY_THE_PATIENT):
        try:
            standing = patient_lock(patient_id=patient.pk)
        except Conflict:  # merged since it was found: the record that stands has its own address
            return
        if may_have_link(standing, clock.now()):
            messages_plan_link(patient=standing)


def _confirmed(visit: Appointment) -> Appointment:
    """Who chose the time just now need not say once more that they will come. In the transaction of that choice."""
    if visit.status not in Appointment.MAY_CONFIRM:
        return visit
    return appointment_confirm(appointment_id=visit.pk, by=None)


def _check_in_time(visit: Appointment) -> None:
    if not may_change(visit.starts_at, visit.location.patient_cancel_hours, clock.now()):
        raise Conflict("So short before a visit patients call.", code=TOO_LATE)


def _check_same_offer(entry: WaitlistEntry, number: int) -> None:
    if entry.offers != number:
        raise Stale("Another time was offered meanwhile.")
