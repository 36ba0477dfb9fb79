"""Looks for what should not be: visits, sessions, check-ins and offers without their mails, leases that nobody holds,
mails past their time, and what a wrong clock did to them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from clinic import clock
from clinic.locking import lock
from plans.followups.models import FollowUp
from plans.followups.queries import state_of
from plans.messages import lacking, rules
from plans.messages.alerts import alerts_plan
from plans.messages.alone import Done, connection_mend, each_alone
from plans.messages.delivery import FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS
from plans.messages.leases import leases_settle, settle, unheld
from plans.messages.models import PatientMessage
from plans.messages.passes import SWEEP, WHOLE_SWEEP, pass_record, passes_ended
from plans.messages.policies import policies_follow, recovery_complete
from plans.messages.services import messages_follow, messages_plan, messages_plan_offer, messages_plan_overdue
from plans.scheduling.models import Appointment, AppointmentRevision, WaitlistEntry

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

VISITS_AT_ONCE = 500
OTHERS_AT_ONCE = 200
NEAR = timedelta(days=60)
"""Visits this near are looked at in every sweep, the others once an hour: its cost follows what is due soon."""
WHOLE_SWEEP_EVERY = timedelta(hours=1)
CLOCKS_APART = timedelta(minutes=1)
"""Clocks of several machines may differ by this much without anybody calling one of them wrong."""

PLANNING = ("visits", "sessions", "follow-ups", "offers", "alerts")
"""What these find are mails that were lacking."""


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
    """Mend what is missing or stuck; returns how much there was. Safe to run any number of times at once.

    Each part stands for itself: where one fails, the others go on, and the record of the sweep says which it was.
    """
    parts: Mapping[str, Callable[[], Done | int]] = {
        "leases": leases_settle,  # these three first: they depend on nothing else
        "wrong clocks": _undo_wrong_clock,
        "what is past": _expire,
        "policies": policies_follow,
        "visits": _complete_visits,
        "sessions": _complete_recoveries,
        "follow-ups": _nudge_overdue,
        "offers": _repeat_offers,
        "alerts": alerts_plan,
    }
    trouble: list[str] = []
    found = {name: _part(name, act, trouble) for name, act in parts.items()}
    pass_record(SWEEP, trouble=f"The sweep could not see to {' or '.join(trouble)}." if trouble else "")
    mended = Found(
        planned=sum(found[name].number for name in PLANNING),
        unknown=found["leases"].number,
        expired=found["what is past"].number,
        hidden=found["wrong clocks"].number,
    )
    if mended != Found(0, 0, 0):
        logger.warning("The sweep mended: %s.", mended)
    return mended


def _part(name: str, act: Callable[[], Done | int], trouble: list[str]) -> Done:
    try:
        done = act()
    except Exception:
        logger.exception("The sweep could not see to %s.", name)
        connection_mend()
        trouble.append(name)
        return Done()
    if isinstance(done, int):
        return Done(done)
    if done.failed:
        trouble.append(name)
    return done


def _complete_visits() -> Done:
    now = clock.now()
    last_whole = passes_ended().get(WHOLE_SWEEP)
    is_whole = last_whole is None or last_whole.age_seconds >= WHOLE_SWEEP_EVERY.total_seconds()
    lack = lacking.visits(now, None if is_whole else now + NEAR, VISITS_AT_ONCE)
    done = each_alone(_complete, lack)
    if is_whole and len(lack) < VISITS_AT_ONCE:
        pass_record(WHOLE_SWEEP)
    return done


def _complete(visit: UUID) -> int:
    appointment = lock(Appointment.objects.select_related("patient", "location"), visit)
    if appointment.status not in rules.AWAITED or appointment.starts_at <= clock.now():
        return 0
    planned = PatientMessage.objects.filter(appointment=appointment, appointment_revision=appointment.revision).exists()
    revision = AppointmentRevision.objects.filter(appointment=appointment, number=appointment.revision).first()
    if planned or revision is None:
        return messages_follow(appointments=[visit])
    act = AppointmentRevision.Act(revision.act)
    return len(messages_plan(appointment=appointment, act=act, made_at=revision.acted_at))


def _complete_recoveries() -> Done:
    return each_alone(recovery_complete, lacking.sessions(clock.now(), OTHERS_AT_ONCE))


def _nudge_overdue() -> Done:
    return each_alone(_nudge, lacking.follow_ups(OTHERS_AT_ONCE))


def _nudge(follow_up_id: UUID) -> int:
    follow_up = lock(FollowUp.objects.select_related("patient", "location"), follow_up_id)
    return messages_plan_overdue(follow_up=follow_up) if state_of(follow_up) == FollowUp.State.OVERDUE else 0


def _repeat_offers() -> Done:
    return each_alone(_tell_of_offer, lacking.offers(clock.now(), OTHERS_AT_ONCE))


def _tell_of_offer(entry_id: UUID) -> int:
    entry = lock(WaitlistEntry.objects.select_related("patient", "location"), entry_id)
    is_told = PatientMessage.objects.filter(waitlist_entry=entry, offer_number=entry.offers).exists()
    if is_told or entry.status != WaitlistEntry.Status.OFFERED:
        return 0
    return len(messages_plan_offer(entry=entry, made_at=entry.offered_at))


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
