"""Looks for what should not be: visits without their reminders, leases that nobody holds, mails past their time."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError
from django.db.models import Q

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock
from plans.followups.models import FollowUp
from plans.followups.queries import state_of, with_state
from plans.messages import queries, rules
from plans.messages.alerts import alerts_plan
from plans.messages.delivery import LONGEST_BACKOFF_SECONDS, leases_settle, pass_record
from plans.messages.models import DeliveryPass, PatientMessage
from plans.messages.policies import policies_follow
from plans.messages.services import messages_complete, messages_plan, messages_plan_overdue
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.treatment.models import TreatmentPlan

logger = logging.getLogger(__name__)

Status = PatientMessage.Status

VISITS_AT_ONCE = 500
FOLLOW_UPS_AT_ONCE = 200
NEAR = timedelta(days=60)
"""Visits this near are looked at in every sweep, the others once an hour: its cost follows what is due soon."""
WHOLE_SWEEP_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Found:
    """What a sweep mended."""

    planned: int
    """Mails that a visit, an overdue follow-up or a colleague lacked."""
    unknown: int
    """Mails whose sender ended without a word."""
    expired: int


def reconcile() -> Found:
    """Mend what is missing or stuck; returns how much there was. Safe to run any number of times at once."""
    policies_follow()
    found = Found(
        planned=_complete_visits() + _nudge_overdue() + alerts_plan(), unknown=leases_settle(), expired=_expire()
    )
    pass_record("reconcile")
    if found != Found(0, 0, 0):
        logger.warning("The sweep mended: %s.", found)
    return found


def _complete_visits() -> int:
    now = clock.now()
    last_whole = DeliveryPass.objects.filter(name="reconcile_whole").values_list("finished_at", flat=True).first()
    is_whole = last_whole is None or not last_whole <= now < last_whole + WHOLE_SWEEP_EVERY
    lacking = queries.visits_lacking_mails(now, None if is_whole else now + NEAR, VISITS_AT_ONCE)
    planned = sum(_complete(visit) for visit in lacking)
    if is_whole and len(lacking) < VISITS_AT_ONCE:
        pass_record("reconcile_whole")
    return planned


def _complete(visit: UUID) -> int:
    """Plan what this visit lacks; returns how many mails. One that is locked is left to the next sweep."""
    try:
        with recorded("sweep"):
            appointment = lock(Appointment.objects.select_related("patient", "location"), visit)
            if appointment.status not in rules.AWAITED or appointment.starts_at <= clock.now():
                return 0
            planned = PatientMessage.objects.filter(
                appointment=appointment, appointment_revision=appointment.revision
            ).exists()
            revision = AppointmentRevision.objects.filter(appointment=appointment, number=appointment.revision).first()
            if planned or revision is None:
                return len(messages_complete(appointment=appointment))
            return len(messages_plan(appointment=appointment, act=AppointmentRevision.Act(revision.act)))
    except OperationalError:
        return 0


def _nudge_overdue() -> int:
    """Plan the one nudge about each follow-up that has become overdue; returns how many mails."""
    may_be_booked = Q(plan=None) | Q(plan__status__in=TreatmentPlan.MAY_BOOK)
    owed = with_state(FollowUp.objects.filter(may_be_booked))
    lacking = owed.filter(state=FollowUp.State.OVERDUE, messages=None).values_list("pk", flat=True)[:FOLLOW_UPS_AT_ONCE]
    return sum(_nudge(follow_up) for follow_up in lacking)


def _nudge(follow_up_id: UUID) -> int:
    try:
        with recorded("sweep"):
            follow_up = lock(FollowUp.objects.select_related("patient", "location"), follow_up_id)
            is_told = PatientMessage.objects.filter(follow_up=follow_up).exists()
            if is_told or state_of(follow_up) != FollowUp.State.OVERDUE:
                return 0
            return len(messages_plan_overdue(follow_up=follow_up))
    except OperationalError:
        return 0


def _expire() -> int:
    """Close what was due and is past, also while nothing can be sent: the desk sees it as soon as it is so."""
    now = clock.now()
    return PatientMessage.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        status=Status.PENDING,
        # What is past was due: this keeps to the rows of the worker's index that may be.
        not_before__lte=now + timedelta(seconds=2 * LONGEST_BACKOFF_SECONDS),
        expires_at__lte=now,
    ).update(**rules.settled_as(Status.EXPIRED, rules.LATE, now))
