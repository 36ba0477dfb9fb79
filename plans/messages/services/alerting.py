"""Plans mail to colleagues."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.db.models import Q

from clinic import clock
from clinic.people.models import User
from clinic.places.models import Location
from plans.followups.models import CheckIn
from plans.messages import queries, rules
from plans.messages.agreement import agree
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.policy import PlannedMail
from plans.messages.services.writing import fate, row_of, standing, write

Status = PatientMessage.Status

ALERT_USEFUL_FOR = {
    MessageKind.ESCALATION: timedelta(days=2),
    MessageKind.STUCK: timedelta(hours=1),
    MessageKind.UNSEEN: timedelta(days=1),
}


def messages_alert(
    *, kind: MessageKind, staff: Iterable[User], location: Location, about: CheckIn | None = None, offset: str = ""
) -> list[PatientMessage]:
    """Plan the mail to each of these colleagues, at once; returns what is to be sent.

    `offset` says which alarm about a check-in it is (`CheckInReport.alarm`). Of each alarm everybody is told once, and
    again only where the mail never left.
    """
    now = clock.now()
    patient = about.session.plan.patient_id if about is not None else None
    mail = PlannedMail(kind, offset, now, now + ALERT_USEFUL_FOR[kind])
    rows = standing(Q(kind=kind, check_in=about, offset=offset)) if about is not None else []
    changed: list[PatientMessage] = []
    new: list[PatientMessage] = []
    for person in staff:
        own = [row for row in rows if row.staff_id == person.pk]
        recipient = queries.colleague_as_recipient(person, location)
        found = agree(own, [mail], partial(fate, recipient=recipient, now=now), now)
        changed += found.changed
        columns = {"patient_id": patient, "location_id": location.pk, "staff": person, "check_in": about}
        new += [row_of(mail, columns, ending, now) for mail, ending in found.lacking]
    write(changed, new)
    return [*changed, *new]


def messages_settle_alerts(*, reason: str, check_in: CheckIn) -> int:
    """Cancel what is still to be mailed to colleagues about this check-in, and take off every list what failed to reach
    them; returns how many there were. Two queries."""
    now = clock.now()
    alerts = PatientMessage.objects.filter(check_in=check_in, staff__isnull=False)
    dropped = alerts.filter(status=Status.PENDING).update(**rules.settled_as(Status.CANCELLED, reason, now))
    waiting = alerts.filter(status__in=PatientMessage.MAY_HANDLE)
    return dropped + waiting.update(**rules.settled_as(Status.HANDLED, reason, now))
