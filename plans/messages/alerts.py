"""What colleagues are mailed about: red flags that nobody saw to in time, and mail that is stuck.

Planned by the sweep, sent by the same engine under the same rules.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef

from clinic import clock
from clinic.access.roles import Role
from clinic.locking import lock
from clinic.people.models import Membership
from clinic.places.models import Location
from plans.followups.models import CheckIn, CheckInReport
from plans.followups.recovery import ACKNOWLEDGE_WITHIN
from plans.messages import queries
from plans.messages.alone import Done, each_alone
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.services import messages_alert
from plans.treatment.models import TreatmentPlan

AT_ONCE = 50
AGAIN_AFTER = {MessageKind.STUCK: timedelta(hours=1), MessageKind.UNSEEN: timedelta(days=1)}
"""How often managers are told while it lasts. What waits for a person gets no worse by the hour."""


def alerts_plan() -> Done:
    """Plan the mails that colleagues are owed by now. Safe to run any number of times at once."""
    now = clock.now()
    found = {MessageKind.STUCK: queries.stuck_since(now), MessageKind.UNSEEN: queries.unseen_since(now)}
    untold = [(kind, place) for kind, places in found.items() for place in sorted(places)]
    return each_alone(_escalate, _late(now)) + each_alone(_tell, [one for one in untold if _wants_word(*one, now)])


def _late(now: datetime) -> list[UUID]:
    """The check-ins whose red flags nobody acknowledged in time, where a manager in service has not been told."""
    told = PatientMessage.objects.filter(
        kind=MessageKind.ESCALATION,
        check_in=OuterRef(OuterRef("check_in")),
        staff=OuterRef("user"),
        due_at__gte=OuterRef(OuterRef("acknowledge_by")) - ACKNOWLEDGE_WITHIN,
    ).exclude(status=PatientMessage.Status.EXPIRED)
    untold = Membership.objects.filter(
        ~Exists(told), role=Role.MANAGER, user__is_active=True, location=OuterRef("check_in__session__plan__location")
    )
    late = CheckInReport.objects.filter(Exists(untold), acknowledge_by__lte=now, acknowledged_at=None)
    return list(late.order_by("acknowledge_by").values_list("check_in", flat=True)[:AT_ONCE])


def _escalate(check_in_id: UUID) -> int:
    plan_id = CheckIn.objects.values_list("session__plan", flat=True).get(pk=check_in_id)
    plan = lock(TreatmentPlan.objects.select_related("location"), plan_id)
    check_in = lock(CheckIn.objects.select_related("session__plan", "report"), check_in_id)
    if check_in.report.acknowledged_at is not None:
        return 0
    people = queries.managers_of(plan.location)
    alarm = check_in.report.alarm
    planned = messages_alert(
        kind=MessageKind.ESCALATION, staff=people, location=plan.location, about=check_in, offset=alarm
    )
    return len(planned)


def _wants_word(kind: MessageKind, place: UUID, now: datetime) -> bool:
    said = PatientMessage.objects.filter(location=place, kind=kind, due_at__gt=now - AGAIN_AFTER[kind])
    return not said.exists()


def _tell(owed: tuple[MessageKind, UUID]) -> int:
    """Tell the managers of a place that its mail is stuck, or waits for a person."""
    kind, place = owed
    location = lock(Location.objects.all(), place)
    if not _wants_word(kind, place, clock.now()):
        return 0
    return len(messages_alert(kind=kind, staff=queries.managers_of(location), location=location))
