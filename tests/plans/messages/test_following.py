"""What is planned follows the policy: nothing is lost on the way, nothing told twice, nothing sent late."""

from datetime import date, time, timedelta

import pytest
import time_machine
from django.db.models import Q

from clinic import clock
from patients.services import patient_choose_mail
from plans.followups.models import FollowUp
from plans.messages import rules
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.policies import message_policies_set
from plans.messages.policy import Timing
from plans.messages.services import message_cancel, messages_cancel_reminders
from plans.messages.sweep import reconcile
from plans.scheduling.models import Appointment, VisitKind
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import plan_hold, plan_resume
from tests import factories
from tests.plans.messages.conftest import Clinic, rows

pytestmark = pytest.mark.django_db

AFTERCARE, CHECK_IN, OVERDUE = MessageKind.AFTERCARE, MessageKind.CHECK_IN, MessageKind.OVERDUE
PREPARATION, REMINDER = MessageKind.PREPARATION, MessageKind.REMINDER


def after(hours: int) -> Timing:
    return Timing(AFTERCARE, hours_after=hours)


def before(days: int, kind: MessageKind = PREPARATION) -> Timing:
    return Timing(kind, days_before=days, send_at=time(10))


def choose(clinic: Clinic, kind: MessageKind, *timings: Timing, visits: str = "") -> None:
    """The manager sets it, and the sweep follows."""
    message_policies_set(location_id=clinic.location.pk, visit_kind=visits, choices={kind: timings})
    reconcile()


def send(**conditions: object) -> None:
    """As if these had left when they were due."""
    for row in PatientMessage.objects.filter(status="pending", **conditions):
        row.status, row.sending_at, row.settled_at = "sent", row.due_at, row.due_at
        row.save()


def mails(kind: str) -> list[tuple[str, str]]:
    found = PatientMessage.objects.filter(kind=kind).order_by("created_at", "due_at")
    return [(row.offset, row.status) for row in found]


@pytest.fixture
def plan(clinic: Clinic) -> TreatmentPlan:
    plan = factories.make_plan(clinic.patient, clinic.practitioner)
    TreatmentPlan.objects.filter(pk=plan.pk).update(status="active", activated_at=clock.now())
    return TreatmentPlan.objects.get(pk=plan.pk)


@pytest.fixture
def session(clinic: Clinic) -> ProcedureSession:
    plan = factories.make_plan(clinic.patient, clinic.practitioner)
    session = factories.perform(plan.sessions.earliest("sequence"), clinic.practitioner)
    reconcile()  # from here on the history is read
    return session


@pytest.fixture
def visit(clinic: Clinic, plan: TreatmentPlan) -> Appointment:
    """Of a session, on Wed 11 March at 10:00: nine days ahead."""
    found = clinic.book("10:00", date(2026, 3, 11), session=plan.sessions.earliest("sequence"), consultation_for=None)
    reconcile()
    return found


@pytest.fixture
def overdue(clinic: Clinic, plan: TreatmentPlan) -> FollowUp:
    follow_up = plan.follow_ups.earliest("target_date")
    FollowUp.objects.filter(pk=follow_up.pk).update(
        window_start=date(2026, 2, 1), target_date=date(2026, 2, 8), window_end=date(2026, 2, 25)
    )
    FollowUp.objects.filter(plan=plan).exclude(pk=follow_up.pk).delete()
    reconcile()
    return follow_up


class TestAftercare:
    def test_what_is_pending_takes_its_new_time(self, clinic: Clinic, session: ProcedureSession) -> None:
        choose(clinic, AFTERCARE, after(2))
        assert mails("aftercare") == [("PT1H", "cancelled"), ("PT2H", "pending")]

    def test_who_was_told_is_not_told_again_because_the_time_changed(
        self, clinic: Clinic, session: ProcedureSession, frozen: time_machine.Traveller
    ) -> None:
        send(kind=AFTERCARE)
        frozen.shift(timedelta(minutes=90))
        choose(clinic, AFTERCARE, after(2))
        choose(clinic, AFTERCARE, after(3))
        reconcile()
        assert mails("aftercare") == [("PT1H", "sent"), ("PT2H", "cancelled"), ("PT3H", "cancelled")]
        reason = PatientMessage.objects.get(offset="PT3H").status_reason
        assert reason == "The patient was told already."

    def test_a_clock_that_was_wrong_meanwhile_does_not_repeat_it(
        self, clinic: Clinic, session: ProcedureSession, frozen: time_machine.Traveller
    ) -> None:
        send(kind=AFTERCARE)
        frozen.shift(timedelta(hours=8))
        choose(clinic, AFTERCARE, after(3))
        frozen.shift(timedelta(hours=-7))
        reconcile()
        assert mails("aftercare") == [("PT1H", "sent"), ("PT3H", "cancelled")]

    def test_a_second_one_reaches_those_whose_time_is_to_come(
        self, clinic: Clinic, session: ProcedureSession, frozen: time_machine.Traveller
    ) -> None:
        send(kind=AFTERCARE)
        frozen.shift(timedelta(hours=20))
        choose(clinic, AFTERCARE, after(1), after(24))
        assert mails("aftercare") == [("PT1H", "sent"), ("PT24H", "pending")]

    def test_what_would_have_left_before_now_is_not_sent_late(
        self, clinic: Clinic, session: ProcedureSession, frozen: time_machine.Traveller
    ) -> None:
        send(kind=AFTERCARE)
        for days in (1, 2, 3):
            frozen.shift(timedelta(days=days))
            choose(clinic, AFTERCARE, after(days), after(days + 1))
        assert PatientMessage.objects.filter(kind=AFTERCARE, status="pending").count() == 0

    def test_what_is_switched_on_again_comes_back(self, clinic: Clinic, session: ProcedureSession) -> None:
        choose(clinic, AFTERCARE)
        assert mails("aftercare") == [("PT1H", "cancelled")]
        choose(clinic, AFTERCARE, after(1))
        assert mails("aftercare") == [("PT1H", "pending")]

    def test_switched_on_it_does_not_reach_back(self, clinic: Clinic, frozen: time_machine.Traveller) -> None:
        reconcile()
        choose(clinic, AFTERCARE)
        plan = factories.make_plan(clinic.patient, clinic.practitioner)
        factories.perform(plan.sessions.earliest("sequence"), clinic.practitioner)
        frozen.shift(timedelta(days=2))
        choose(clinic, AFTERCARE, after(1))
        assert not PatientMessage.objects.filter(kind=AFTERCARE, status="pending").exists()

    def test_of_a_session_that_was_written_down_late_it_comes_at_once_and_is_not_overdue(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        plan = factories.make_plan(clinic.patient, clinic.practitioner)
        frozen.shift(timedelta(hours=20))
        factories.perform(plan.sessions.earliest("sequence"), clinic.practitioner, at=clock.now() - timedelta(hours=19))
        row = PatientMessage.objects.get(kind=AFTERCARE)
        assert (row.status, row.due_at) == ("pending", clock.now())


class TestCheckIns:
    def test_they_come_back_and_take_their_new_time(self, clinic: Clinic, session: ProcedureSession) -> None:
        choose(clinic, CHECK_IN)
        assert {status for _, status in mails("check_in")} == {"cancelled"}
        choose(clinic, CHECK_IN, Timing(CHECK_IN, send_at=time(18)))
        assert {status for _, status in mails("check_in")} == {"pending"}
        local = {
            row.due_at.astimezone(clinic.location.zone).hour for row in PatientMessage.objects.filter(kind=CHECK_IN)
        }
        assert local == {18}

    def test_one_that_waits_to_be_tried_again_goes_on_waiting(
        self, clinic: Clinic, session: ProcedureSession, frozen: time_machine.Traveller
    ) -> None:
        row = PatientMessage.objects.filter(kind=CHECK_IN).earliest("due_at")
        frozen.move_to(row.due_at + timedelta(minutes=10))
        later = clock.now() + timedelta(minutes=30)
        PatientMessage.objects.filter(pk=row.pk).update(not_before=later, attempts=6)
        clinic.location.phone = "+1 212 555 0199"
        clinic.location.save()
        reconcile()
        now = PatientMessage.objects.get(pk=row.pk)
        assert (now.due_at, now.not_before, now.attempts) == (row.due_at, later, 6)


class TestPreparation:
    def test_who_was_told_is_not_told_again_because_the_time_changed(
        self, clinic: Clinic, visit: Appointment, frozen: time_machine.Traveller
    ) -> None:
        frozen.move_to(clinic.at("11:00", date(2026, 3, 4)))
        send(kind=PREPARATION)
        choose(clinic, PREPARATION, before(10), visits=VisitKind.SESSION)
        choose(clinic, PREPARATION, before(5), visits=VisitKind.SESSION)
        assert mails("preparation") == [("P7D", "sent"), ("P10D", "cancelled"), ("P5D", "cancelled")]

    def test_a_move_or_an_undo_does_not_say_it_again_at_once(
        self, clinic: Clinic, visit: Appointment, frozen: time_machine.Traveller
    ) -> None:
        frozen.move_to(clinic.at("11:00", date(2026, 3, 4)))
        send(kind=PREPARATION)
        clinic.move(visit, "11:00", date(2026, 3, 11))
        assert [row.status for row in rows(visit, kind=PREPARATION)] == ["sent", "expired"]
        clinic.undo(visit)
        assert [row.status for row in rows(visit, kind=PREPARATION)] == ["sent", "expired", "expired"]
        clinic.move(visit, "11:00", date(2026, 3, 18))
        assert rows(visit, kind=PREPARATION, status="pending")[0].due_at == clinic.at("10:00", date(2026, 3, 11))

    def test_a_hold_over_its_day_puts_it_off_and_no_reminder_is_late(
        self, clinic: Clinic, visit: Appointment, frozen: time_machine.Traveller
    ) -> None:
        plan_hold(plan_id=visit.session.plan_id, reason="Away.")
        frozen.move_to(clinic.at("12:00", date(2026, 3, 6)))
        plan_resume(plan_id=visit.session.plan_id)
        assert [(row.offset, row.status) for row in rows(visit, kind=REMINDER)] == [
            ("P7D", "cancelled"),
            ("P1D", "pending"),
            ("PT3H", "pending"),
        ]
        (prepared,) = rows(visit, kind=PREPARATION)
        assert (prepared.status, prepared.due_at) == ("pending", clock.now() + timedelta(seconds=60))


class TestWhatSleeps:
    """Rows that did not leave and may come back do so as the policy is by then."""

    def test_a_hold_over_a_change_of_policy(self, clinic: Clinic, visit: Appointment) -> None:
        plan_hold(plan_id=visit.session.plan_id, reason="Away.")
        choose(clinic, REMINDER, before(1, REMINDER), before(2, REMINDER))
        plan_resume(plan_id=visit.session.plan_id)
        assert [(row.offset, row.status) for row in rows(visit, kind=REMINDER)] == [
            ("P7D", "cancelled"),
            ("P2D", "pending"),
            ("P1D", "pending"),
            ("PT3H", "cancelled"),
        ]

    def test_mail_that_was_off_over_a_change_of_policy(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        reconcile()
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=True)
        choose(clinic, REMINDER, Timing(days_before=1, send_at=time(18)))
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=False)
        found = [(row.offset, row.status) for row in rows(appointment, kind=REMINDER)]
        assert found == [("P7D", "cancelled"), ("P1D", "pending"), ("PT3H", "cancelled")]
        assert rows(appointment, offset="P1D")[0].due_at == clinic.at("18:00", date(2026, 3, 17))

    def test_mail_switched_on_during_a_hold_goes_on_after_it(self, clinic: Clinic, visit: Appointment) -> None:
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=True)
        plan_hold(plan_id=visit.session.plan_id, reason="Away.")
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=False)
        plan_resume(plan_id=visit.session.plan_id)
        assert {row.status for row in rows(visit, kind=REMINDER)} == {"pending"}

    def test_what_a_person_cancelled_stays(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        reconcile()
        message_cancel(message=rows(appointment, offset="P1D")[0], reason=rules.NOT_SENT_HERE)
        messages_cancel_reminders(appointments=[appointment.pk])
        choose(clinic, REMINDER, before(1, REMINDER))
        assert rows(appointment, offset="P1D")[0].status == "cancelled"

    def test_a_location_that_sent_nothing_confirms_no_old_bookings(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        reconcile()
        everything: dict[MessageKind, tuple[()] | None] = {MessageKind.CONFIRMATION: (), REMINDER: ()}
        message_policies_set(location_id=clinic.location.pk, visit_kind="", choices=everything)
        appointment = clinic.book()
        assert rows(appointment) == []
        frozen.shift(timedelta(days=1))
        message_policies_set(location_id=clinic.location.pk, visit_kind="", choices=dict.fromkeys(everything))
        reconcile()
        assert [(row.kind, row.status) for row in rows(appointment)] == [("reminder", "pending")] * 3


class TestOverdue:
    def test_the_policy_of_follow_ups_decides(self, clinic: Clinic, overdue: FollowUp) -> None:
        assert mails("overdue") == [("", "pending")]
        choose(clinic, OVERDUE, visits=VisitKind.SESSION)
        assert mails("overdue") == [("", "pending")]
        choose(clinic, OVERDUE, visits=VisitKind.FOLLOW_UP)
        assert mails("overdue") == [("", "cancelled")]
        choose(clinic, OVERDUE, Timing(OVERDUE, send_at=time(16)), visits=VisitKind.FOLLOW_UP)
        (row,) = PatientMessage.objects.filter(kind=OVERDUE)
        assert (row.status, row.due_at) == ("pending", clinic.at("16:00", date(2026, 3, 2)))

    def test_what_never_left_is_owed_again_and_what_left_is_not(
        self, clinic: Clinic, overdue: FollowUp, frozen: time_machine.Traveller
    ) -> None:
        PatientMessage.objects.filter(kind=OVERDUE).update(
            status="cancelled", status_reason="The follow-up is booked, attended or cancelled.", settled_at=clock.now()
        )
        frozen.shift(timedelta(days=1))
        assert reconcile().planned == 1
        assert mails("overdue") == [("", "pending")]
        send(kind=OVERDUE)
        frozen.shift(timedelta(days=1))
        assert reconcile().planned == 0

    def test_what_a_person_cancelled_is_not_owed_again(self, clinic: Clinic, overdue: FollowUp) -> None:
        message_cancel(message=PatientMessage.objects.get(kind=OVERDUE))
        assert reconcile().planned == 0


def test_a_sweep_without_a_change_changes_nothing(clinic: Clinic, session: ProcedureSession) -> None:
    visit = clinic.book("15:00")
    reconcile()
    about = Q(appointment=visit) | Q(session=session) | Q(check_in__session=session)
    before_it = list(PatientMessage.objects.filter(about).order_by("pk").values())
    clinic.location.phone = "+1 212 555 0199"
    clinic.location.save()
    reconcile()
    assert list(PatientMessage.objects.filter(about).order_by("pk").values()) == before_it
