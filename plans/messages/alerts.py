"""What colleagues are mailed about: red flags that nobody saw to in time, and mail that is stuck.

Planned by the sweep, sent by the same engine under the same rules.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError
from django.db.models import Exists, OuterRef

from clinic import clock
from clinic.audit.history import recorded
from clinic.locking import lock
from clinic.places.models import Location
from plans.followups.models import CheckIn, CheckInReport
from plans.messages import queries
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.services import messages_alert
from plans.treatment.models import TreatmentPlan

AT_ONCE = 50
AGAIN_AFTER = {MessageKind.STUCK: timedelta(hours=1), MessageKind.UNSEEN: timedelta(days=1)}
"""How often managers are told while it lasts. What waits for a person gets no worse by the hour."""


def alerts_plan() -> int:
    """Plan the mails that colleagues are owed by now; returns how many. Safe to run any number of times at once."""
    now = clock.now()
    return _escalate_again(now) + _tell_of_mail(now)


def _escalate_again(now: datetime) -> int:
    """Tell the managers, once, of red flags that nobody acknowledged in time."""
    told = PatientMessage.objects.filter(
        kind=MessageKind.ESCALATION, check_in=OuterRef("check_in"), due_at__gte=OuterRef("acknowledge_by")
    )
    late = CheckInReport.objects.filter(
        ~Exists(told), acknowledge_by__lte=now, acknowledge_by__gt=now - timedelta(days=1), acknowledged_at=None
    )
    found = late.order_by("acknowledge_by").values_list("check_in", "check_in__session__plan")[:AT_ONCE]
    return sum(_escalate(check_in, plan) for check_in, plan in found)


def _escalate(check_in_id: UUID, plan_id: UUID) -> int:
    try:
        with recorded("sweep"):
            plan = lock(TreatmentPlan.objects.select_related("location"), plan_id)
            check_in = lock(CheckIn.objects.select_related("session__plan", "report"), check_in_id)
            if check_in.report.acknowledged_at is not None:
                return 0
            people = queries.managers_of(plan.location)
            planned = messages_alert(kind=MessageKind.ESCALATION, staff=people, location=plan.location, about=check_in)
            return len(planned)
    except OperationalError:
        return 0


def _tell_of_mail(now: datetime) -> int:
    """Tell the managers that mail is stuck, or waits for a person."""
    found = {MessageKind.STUCK: queries.stuck_since(now), MessageKind.UNSEEN: queries.unseen_since(now)}
    return sum(_tell(kind, place, now) for kind, places in found.items() for place in sorted(places))


def _wants_word(kind: MessageKind, place: UUID, now: datetime) -> bool:
    said = PatientMessage.objects.filter(location=place, kind=kind, due_at__gt=now - AGAIN_AFTER[kind])
    return not said.exists()


def _tell(kind: MessageKind, place: UUID, now: datetime) -> int:
    if not _wants_word(kind, place, now):
        return 0
    try:
        with recorded("sweep"):
            location = lock(Location.objects.all(), place)
            if not _wants_word(kind, place, now):
                return 0
            return len(messages_alert(kind=kind, staff=queries.managers_of(location), location=location))
    except OperationalError:
        return 0
