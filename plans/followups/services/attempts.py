"""Attempts to reach a patient: about one follow-up, one session, or about what put them on the call list."""

from datetime import date, datetime, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta

from clinic import clock
from clinic.audit.history import recorded
from clinic.errors import Conflict, Invalid, check_allowed
from clinic.locking import lock
from clinic.people.models import User
from clinic.places.models import Location
from clinic.places.wallclock import local_date
from clinic.text import trimmed
from clinic.words import date_in_full
from patients.services import patient_lock
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.queries import state_of
from plans.followups.services.obligations import lock_follow_up
from plans.treatment.models import ProcedureSession, TreatmentPlan

FARTHEST = relativedelta(years=1)
NOTE_LENGTH = 500
TAKEN_BACK_WITHIN = timedelta(hours=24)


def attempt_record(
    *,
    follow_up_id: UUID,
    by: User | None,
    channel: str,
    outcome: str,
    note: str = "",
    next_try_on: date | None = None,
) -> ContactAttempt:
    """Record one try to reach the patient about this follow-up, or (by nobody) that they asked to be called.

    Raises `Invalid`, and `InvalidTransition` where it is closed.
    """
    with recorded():
        follow_up = lock_follow_up(follow_up_id)
        check_allowed("The follow-up", state_of(follow_up), "an attempt to reach the patient", FollowUp.OPEN)
        return _record(
            ContactAttempt(
                patient_id=follow_up.patient_id,
                location=follow_up.location,
                follow_up=follow_up,
                channel=channel,
                outcome=outcome,
                note=note,
                next_try_on=next_try_on,
                attempted_by=by,
            )
        )


def attempt_record_for_session(
    *,
    session_id: UUID,
    by: User,
    channel: str,
    outcome: str,
    note: str = "",
    next_try_on: date | None = None,
) -> ContactAttempt:
    """Record one try to reach the patient about this session. Raises `Invalid`, and `InvalidTransition` once it has
    begun or is not owed any more."""
    with recorded():
        plan = lock(
            TreatmentPlan.objects.select_related("location"), ProcedureSession.objects.get(pk=session_id).plan_id
        )
        session = lock(ProcedureSession.objects.all(), session_id)
        check_allowed("The session", session.status, "an attempt to reach the patient", ProcedureSession.MAY_BOOK)
        return _record(
            ContactAttempt(
                patient_id=plan.patient_id,
                location=plan.location,
                session=session,
                channel=channel,
                outcome=outcome,
                note=note,
                next_try_on=next_try_on,
                attempted_by=by,
            )
        )


def attempt_record_for_patient(
    *,
    patient_id: UUID,
    location: Location,
    by: User,
    channel: str,
    outcome: str,
    note: str = "",
    next_try_on: date | None = None,
) -> ContactAttempt:
    """Record one try to reach the patient about whatever put them on the call list of `location`. Raises `Invalid`."""
    with recorded():
        return _record(
            ContactAttempt(
                patient=patient_lock(patient_id=patient_id),
                location=location,
                channel=channel,
                outcome=outcome,
                note=note,
                next_try_on=next_try_on,
                attempted_by=by,
            )
        )


def attempt_amend(*, attempt_id: UUID, by: User, note: str, next_try_on: date | None) -> ContactAttempt:
    """Write the note and the day of the next try to an attempt of one's own of today; what came of it stays.

    Raises `Invalid`, and `Conflict` (`not_yours`, `not_today`).
    """
    with recorded():
        attempt = lock(ContactAttempt.objects.select_related("location"), attempt_id)
        zone = attempt.location.zone
        if attempt.attempted_by_id != by.pk:
            raise Conflict(
                "Somebody else wrote this down; write down what you did yourself.", code="not_yours", attr="note"
            )
        if local_date(attempt.attempted_at, zone) != clock.today(zone):
            raise Conflict(
                "This was written down on another day; write down what you did today.", code="not_today", attr="note"
            )
        attempt.note, attempt.next_try_on = trimmed(note), next_try_on
        Invalid.gather(_faults(attempt))
        attempt.save(update_fields=["note", "next_try_on", "updated_at"])
        return attempt


def attempt_take_back(*, attempt_id: UUID, by: User) -> None:
    """It was written down by a slip: it is gone, and its history says by whom.

    Raises `Conflict` (`too_late` after a day, `not_yours` for what somebody else wrote down, unless `by` may take back
    what others did).
    """
    with recorded("Taken back"):
        attempt = lock(ContactAttempt.objects.all(), attempt_id)
        why_not = why_attempt_stands(attempt, by, clock.now())
        if why_not is not None:
            raise why_not
        attempt.delete()


def why_attempt_stands(attempt: ContactAttempt, by: User, now: datetime) -> Conflict | None:
    """Why `by` cannot take this attempt back; None where they can."""
    if now > attempt.attempted_at + TAKEN_BACK_WITHIN:
        return Conflict("This can be taken back within a day; it is older.", code="too_late")
    is_own = attempt.attempted_by_id == by.pk
    if not is_own and not by.may("plans.contactattempt", "undo_others", attempt.location_id):
        return Conflict("Somebody else wrote this down; ask them, or a manager, to take it back.", code="not_yours")
    return None


def _record(attempt: ContactAttempt) -> ContactAttempt:
    Invalid.gather(_faults(attempt))
    attempt.attempted_at = clock.now()
    attempt.save(force_insert=True)
    return attempt


def _faults(attempt: ContactAttempt) -> list[Invalid]:
    faults = []
    for name, choices in (("channel", ContactAttempt.Channel), ("outcome", ContactAttempt.Outcome)):
        value = getattr(attempt, name)
        if value not in choices.values:
            allowed = ", ".join(choices.values)
            faults.append(Invalid(f"“{value}” is none of {allowed}.", code="invalid_choice", attr=name))
    today = clock.today(attempt.location.zone)
    again = attempt.next_try_on
    if again is not None and not today <= again <= today + FARTHEST:
        faults.append(
            Invalid(
                f"The next try is within a year from today ({date_in_full(today)}), not on {date_in_full(again)}.",
                attr="next_try_on",
            )
        )
    if attempt.outcome == ContactAttempt.Outcome.PUT_OFF and again is None:
        faults.append(Invalid("Say on which day somebody tries.", code="required", attr="next_try_on"))
    if len(attempt.note) > NOTE_LENGTH:
        faults.append(
            Invalid(
                f"A note has at most {NOTE_LENGTH} characters, not {len(attempt.note)}.", code="max_length", attr="note"
            )
        )
    return faults
