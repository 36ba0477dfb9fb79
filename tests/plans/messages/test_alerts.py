"""Mail that is stuck is said to the managers of its location, and not too often."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import User
from plans.messages.models import PatientMessage
from plans.messages.preview import preview
from plans.messages.sweep import reconcile
from tests import factories
from tests.plans.messages.conftest import Clinic, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(clinic: Clinic) -> User:
    factories.make_user((factories.make_location(), Role.MANAGER))  # of another place
    return factories.make_user((clinic.location, Role.MANAGER))


def told(kind: str = "stuck") -> list[User | None]:
    rows = PatientMessage.objects.filter(kind=kind).select_related("staff").order_by("created_at")
    return [row.staff for row in rows]


def test_mail_that_does_not_leave_is_said_once_an_hour_while_it_lasts(
    clinic: Clinic, manager: User, frozen: time_machine.Traveller
) -> None:
    clinic.book()
    frozen.shift(timedelta(minutes=5))
    reconcile()
    assert told() == []
    frozen.shift(timedelta(minutes=2))
    reconcile()
    reconcile()
    assert told() == [manager]
    frozen.shift(timedelta(minutes=50))
    reconcile()
    assert told() == [manager]
    frozen.shift(timedelta(minutes=11))
    reconcile()
    assert told() == [manager, manager]
    assert [row.status for row in PatientMessage.objects.filter(kind="stuck").order_by("due_at")] == [
        "expired",  # an hour later it says nothing new
        "pending",
    ]


def test_mails_that_wait_for_a_person_are_said_once_a_day(
    clinic: Clinic, manager: User, frozen: time_machine.Traveller
) -> None:
    row = rows(clinic.book(), kind="confirmation")[0]
    row.status, row.sending_at, row.settled_at = "unknown", row.due_at, row.due_at
    row.save()
    PatientMessage.objects.filter(status="pending").update(
        due_at=clock.now() + timedelta(days=9), not_before=F("due_at")
    )
    for hours, number in ((1, 0), (1.5, 1), (20, 1), (5, 2)):
        frozen.shift(timedelta(hours=hours))
        reconcile()
        assert len(told("unseen")) == number
    assert told() == []
    mail = preview(PatientMessage.objects.filter(kind="unseen").select_related("staff", "location").first())
    assert "nobody has looked" in mail.text
    assert "call" in mail.text.lower()
    assert "/admin/plans/patientmessage/?tab=look" in mail.text
    assert "stuck" not in mail.subject
    assert "until it leaves" not in mail.text


def test_what_is_stuck_and_what_waits_for_a_person_are_two_things(
    clinic: Clinic, manager: User, frozen: time_machine.Traveller
) -> None:
    first, second = clinic.book(), clinic.book("12:00", consultation_for=clinic.another_patient())
    row = rows(first, kind="confirmation")[0]
    row.status, row.settled_at, row.failure = "failed", clock.now(), "550"
    row.save()
    assert rows(second, kind="confirmation")[0].status == "pending"
    frozen.shift(timedelta(hours=3))
    reconcile()
    assert (told(), told("unseen")) == ([manager], [manager])


def test_an_alarm_that_is_stuck_itself_raises_no_further_one(
    clinic: Clinic, manager: User, frozen: time_machine.Traveller
) -> None:
    clinic.book()
    frozen.shift(timedelta(minutes=10))
    reconcile()
    PatientMessage.objects.exclude(kind="stuck").update(status="cancelled", settled_at=clock.now())
    for _ in range(3):
        frozen.shift(timedelta(hours=2))
        reconcile()
    assert told() == [manager]
