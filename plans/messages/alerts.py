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
STUCK_AGAIN_AFTER = timedelta(hours=1)
"""Mail that does not leave is said to managers once an hour while it lasts."""
UNSEEN_AGAIN_AFTER = timedelta(days=1)
"""Mails that wait for a person are said once a day: nothing gets worse by the hour."""


def alerts_plan() -> int:
    """Plan the mails that colleagues are owed by now; returns how many. Safe to run any number of times at once."""
    now = clock.now()
    return _escalate_again(now) + _tell_of_stuck_mail(now)


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


def _tell_of_stuck_mail(now: datetime) -> int:
    stuck, unseen = queries.stuck_since(now), queries.unseen_since(now)
    return sum(_tell(place, now) for place in sorted(stuck.keys() | unseen.keys()) if _wants_word(place, stuck, now))


def _wants_word(place: UUID, stuck: dict[UUID, datetime], now: datetime) -> bool:
    pause = STUCK_AGAIN_AFTER if place in stuck else UNSEEN_AGAIN_AFTER
    said = PatientMessage.objects.filter(location=place, kind=MessageKind.STUCK, due_at__gt=now - pause)
    return not said.exists()


def _tell(place: UUID, now: datetime) -> int:
    try:
        with recorded("sweep"):
            location = lock(Location.objects.all(), place)
            if not _wants_word(place, queries.stuck_since(now), now):
                return 0
            return len(messages_alert(kind=MessageKind.STUCK, staff=queries.managers_of(location), location=location))
    except OperationalError:
        return 0
