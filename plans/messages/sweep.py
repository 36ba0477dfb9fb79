"""Looks for what should not be: visits, sessions, check-ins and offers without their mails, leases that nobody holds,
mails past their time, and what a wrong clock did to them."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import F, Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import state_of, with_state
from plans.messages import lacking, queries, rules
from plans.messages.alerts import alerts_plan
from plans.messages.delivery import FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS
from plans.messages.leases import leases_settle, settle, unheld
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.passes import SWEEP, WHOLE_SWEEP, pass_record, passes_ended
from plans.messages.policies import policies_follow
from plans.messages.services import (
    messages_complete,
    messages_plan,
    messages_plan_offer,
    messages_plan_overdue,
    messages_plan_recovery,
)
from plans.scheduling.models import Appointment, AppointmentRevision, WaitlistEntry
from plans.treatment.models import ProcedureSession, TreatmentPlan

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

VISITS_AT_ONCE = 500
OTHERS_AT_ONCE = 200
NEAR = timedelta(days=60)
"""Visits this near are looked at in every sweep, the others once an hour: its cost follows what is due soon."""
WHOLE_SWEEP_EVERY = timedelta(hours=1)
CLOCKS_APART = timedelta(minutes=1)
"""Clocks of several machines may differ by this much without anybody calling one of them wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a sweep mended."""

    planned: int
    """Mails that a visit, a session, a check-in, an overdue follow-up, an offer or a colleague lacked."""
    unknown: int
    """Mails whose sender ended without a word."""
    expired: int
    hidden: int = 0
    """Mails that a clock which has been set back since had put off, or closed as too late."""


def reconcile() -> Found:
    """Mend what is missing or stuck; returns how much there was. Safe to run any number of times at once."""
    unknown, hidden, expired = leases_settle(), _undo_wrong_clock(), _expire()  # first: it depends on nothing else
    policies_follow()
    planned = _complete_visits() + _complete_recoveries() + _nudge_overdue() + _repeat_offers() + alerts_plan()
    found = Found(planned, unknown, expired, hidden)
    pass_record(SWEEP)
    if found != Found(0, 0, 0):
        logger.warning("The sweep mended: %s.", found)
    return found


def _complete_visits() -> int:
    now = clock.now()
    last_whole = passes_ended().get(WHOLE_SWEEP)
    is_whole = last_whole is None or last_whole.age_seconds >= WHOLE_SWEEP_EVERY.total_seconds()
    lack = queries.visits_lacking_mails(now, None if is_whole else now + NEAR, VISITS_AT_ONCE)
    planned = _each(_complete, lack)
    if is_whole and len(lack) < VISITS_AT_ONCE:
        pass_record(WHOLE_SWEEP)
    return planned


def _each(plan: Callable[[UUID], int], keys: Iterable[UUID]) -> int:
    """Plan what each of these lacks, each in a transaction of its own; returns how many mails in all.

    One that somebody has locked is left to the next sweep, and one that cannot be planned holds up no other.
    """
    planned = 0
    for key in keys:
        try:
            with recorded("sweep"):
                planned += plan(key)
        except OperationalError:
            continue
        except Exception:
            logger.exception("What %s lacks could not be planned.", key)
    return planned


def _complete(visit: UUID) -> int:
    appointment = lock(Appointment.objects.select_related("patient", "location"), visit)
    if appointment.status not in rules.AWAITED or appointment.starts_at <= clock.now():
        return 0
    planned = PatientMessage.objects.filter(appointment=appointment, appointment_revision=appointment.revision).exists()
    revision = AppointmentRevision.objects.filter(appointment=appointment, number=appointment.revision).first()
    if planned or revision is None:
        return len(messages_complete(appointment=appointment))
    return len(messages_plan(appointment=appointment, act=AppointmentRevision.Act(revision.act)))


def _complete_recoveries() -> int:
    return _each(_recover, lacking.sessions(clock.now(), OTHERS_AT_ONCE))


def _recover(session_id: UUID) -> int:
    """What to mind after a session, and the questions of its open check-ins: those that lack their mail."""
    lock(TreatmentPlan.objects.all(), ProcedureSession.objects.values_list("plan_id", flat=True).get(pk=session_id))
    session = lock(ProcedureSession.objects.select_related("plan__patient", "plan__location"), session_id)
    if session.performed_at is None or session.status not in rules.GIVEN:
        return 0
    untold = CheckIn.objects.filter(session=session, answered_at=None, cancelled_at=None).exclude(
        messages__kind=MessageKind.CHECK_IN
    )
    return len(messages_plan_recovery(session=session, check_ins=list(untold)))


def _nudge_overdue() -> int:
    """Plan the one nudge about each follow-up that has become overdue; returns how many mails."""
    may_be_booked = Q(plan=None) | Q(plan__status__in=TreatmentPlan.MAY_BOOK)
    owed = with_state(FollowUp.objects.filter(may_be_booked, location__in=lacking.locations_nudging()))
    lack = owed.filter(state=FollowUp.State.OVERDUE, messages=None).values_list("pk", flat=True)[:OTHERS_AT_ONCE]
    return _each(_nudge, list(lack))


def _nudge(follow_up_id: UUID) -> int:
    follow_up = lock(FollowUp.objects.select_related("patient", "location"), follow_up_id)
    is_told = PatientMessage.objects.filter(follow_up=follow_up).exists()
    if is_told or state_of(follow_up) != FollowUp.State.OVERDUE:
        return 0
    return len(messages_plan_overdue(follow_up=follow_up))


def _repeat_offers() -> int:
    return _each(_tell_of_offer, lacking.offers(clock.now(), OTHERS_AT_ONCE))


def _tell_of_offer(entry_id: UUID) -> int:
    entry = lock(WaitlistEntry.objects.select_related("patient", "location"), entry_id)
    is_told = PatientMessage.objects.filter(waitlist_entry=entry, offer_number=entry.offers).exists()
    if is_told or entry.status != WaitlistEntry.Status.OFFERED:
        return 0
    return len(messages_plan_offer(entry=entry))


def _expire() -> int:
    """Close what was due and is past, also while nothing can be sent: the desk sees it as soon as it is so."""
    now = clock.now()
    past = Q(
        unheld(now),
        # What is past was due: this keeps to the rows of the worker's indexes that may be.
        Q(not_before__lte=now) | Q(not_before__gt=F("due_at"), due_at__lte=now),
        status=Status.PENDING,
        expires_at__lte=now,
    )
    return settle(past, Status.EXPIRED, rules.LATE, now)


def _undo_wrong_clock() -> int:
    """Take back what was done by a clock that has been set back since; returns to how many mails it was done.

    What waits for longer than its own backoff is tried now, and what was closed as too late at a time that is still to
    come is to be sent again, if it still is of use.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(WAITS_TOO_LONG, [now, now, now, now, LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS])
        hurried: int = cursor.rowcount
    closed_ahead = PatientMessage.objects.filter(
        status=Status.EXPIRED, settled_at__gt=now + CLOCKS_APART, expires_at__gt=now, status_reason=rules.LATE
    )
    reopened = closed_ahead.update(status=Status.PENDING, status_reason="", settled_at=None, updated_at=now)
    return hurried + reopened


# Twice its backoff, and a minute: nothing that waits as it should is hurried.
WAITS_TOO_LONG = """
    UPDATE plans_patientmessage
    SET not_before = %s, updated_at = %s
    WHERE id IN (
        SELECT id FROM plans_patientmessage
        WHERE status = 'pending' AND not_before > due_at AND due_at <= %s
          AND not_before > %s + make_interval(secs => 60 + 2 * least(%s, %s * 2.0 ^ least(attempts, 12)))
        FOR NO KEY UPDATE SKIP LOCKED
    )
"""
