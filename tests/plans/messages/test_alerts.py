"""Mail that is stuck is said to the managers of its location, and not too often."""

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Membership, User
from plans.followups import recovery
from plans.followups.models import CheckIn
from plans.followups.services import check_in_report_submit
from plans.messages import alerts
from plans.messages.models import PatientMessage
from plans.messages.preview import preview
from plans.messages.services import message_cancel
from plans.messages.sweep import reconcile
from tests import factories
from tests.plans.messages.conftest import Clinic, rows

pytestmark = pytest.mark.django_db

FLAGGED = {question.code: next(iter(question.flags or question.answers)) for question in recovery.QUESTIONS}


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


class TestRedFlags:
    """What nobody saw to in time is said to the managers, whatever happened to the mail before."""

    @pytest.fixture
    def check_in(self, clinic: Clinic, frozen: time_machine.Traveller) -> CheckIn:
        plan = factories.make_plan(clinic.patient, clinic.practitioner)
        session = factories.perform(plan.sessions.earliest("sequence"), clinic.practitioner)
        check_in: CheckIn = session.check_ins.earliest("target_date")
        frozen.shift(timedelta(days=1))
        check_in_report_submit(check_in_id=check_in.pk, answers=FLAGGED, language="en")
        return check_in

    def told(self) -> list[tuple[User | None, str]]:
        found = PatientMessage.objects.filter(kind="escalation").select_related("staff").order_by("created_at")
        return [(row.staff, row.status) for row in found]

    def test_managers_are_told_once_after_an_hour_however_long_the_sweep_was_away(
        self, clinic: Clinic, manager: User, check_in: CheckIn, frozen: time_machine.Traveller
    ) -> None:
        assert self.told() == [(clinic.practitioner.user, "pending")]
        frozen.shift(timedelta(days=3))
        reconcile()
        reconcile()
        assert self.told() == [(clinic.practitioner.user, "expired"), (manager, "pending")]

    def test_a_manager_whose_mail_never_left_is_told_again(
        self, manager: User, check_in: CheckIn, frozen: time_machine.Traveller
    ) -> None:
        frozen.shift(timedelta(hours=2))
        reconcile()
        frozen.shift(timedelta(days=2, hours=1))
        reconcile()
        assert self.told()[1] == (manager, "pending")
        message_cancel(message=PatientMessage.objects.get(staff=manager, kind="escalation"))
        reconcile()
        assert self.told()[1] == (manager, "cancelled"), "a person's word holds"

    def test_flags_of_which_nobody_is_left_to_tell_cost_nothing(
        self, clinic: Clinic, check_in: CheckIn, frozen: time_machine.Traveller
    ) -> None:
        frozen.shift(timedelta(hours=2))
        assert alerts._late(clock.now()) == [], "there is no manager"
        Membership.objects.create(user=clinic.practitioner.user, location=clinic.location, role=Role.MANAGER)
        assert alerts._late(clock.now()) == [], "the only manager was told at first"
