"""What the sweep finds and mends."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import OperationalError
from django.db.models import Q

from clinic import clock
from clinic.places.models import Location
from plans.followups.models import FollowUp
from plans.messages import leases, policies, sweep
from plans.messages.alone import Done
from plans.messages.delivery import deliver_due
from plans.messages.health import measure, standstills
from plans.messages.leases import LEASE
from plans.messages.models import DeliveryPass, MessagePolicy, PatientMessage
from plans.messages.passes import DELIVERY, pass_record
from plans.messages.sweep import Found, reconcile
from plans.scheduling.models import Appointment
from plans.scheduling.services import waitlist_add, waitlist_offer
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_hold
from tests import factories
from tests.plans.messages.conftest import Clinic, make_clinic, rows, states
from tests.plans.messages.sink import Mode, Sink

pytestmark = pytest.mark.django_db


def test_a_healthy_clinic_has_nothing_to_mend(clinic: Clinic) -> None:
    clinic.cancel(clinic.book("09:00"))
    clinic.undo(clinic.move(clinic.book("11:00"), "12:00"))
    clinic.book("10:00", consultation_for=clinic.another_patient(email=""))
    before = list(PatientMessage.objects.order_by("pk").values())
    assert reconcile() == Found(0, 0, 0)
    assert list(PatientMessage.objects.order_by("pk").values()) == before
    assert DeliveryPass.objects.filter(name="reconcile").exists()


def test_a_visit_without_any_row_gets_all_that_its_last_change_asks_for(clinic: Clinic) -> None:
    appointment = clinic.move(clinic.book(), "11:00")
    PatientMessage.objects.all().delete()
    assert reconcile().planned == 4
    assert states(appointment) == [
        (2, "changed", "", "pending"),
        (2, "reminder", "P7D", "pending"),
        (2, "reminder", "P1D", "pending"),
        (2, "reminder", "PT3H", "pending"),
    ]
    assert reconcile().planned == 0


def test_a_reminder_that_is_missing_is_planned_and_the_others_stay(clinic: Clinic) -> None:
    appointment = clinic.book()
    PatientMessage.objects.filter(offset="P1D").delete()
    assert reconcile().planned == 1
    assert [row.offset for row in rows(appointment, kind="reminder")] == ["P7D", "P1D", "PT3H"]


def test_a_reminder_that_a_location_adds_reaches_visits_that_are_booked_already(clinic: Clinic) -> None:
    appointment = clinic.book()
    MessagePolicy.objects.create(location=clinic.location, days_before=2, send_at="09:00")
    reconcile()
    assert rows(appointment, offset="P2D")[0].due_at == clinic.at("09:00", date(2026, 3, 16))
    assert [row.offset for row in rows(appointment, kind="reminder", status="pending")] == ["P2D"]


def test_visits_far_ahead_are_looked_at_once_an_hour(
    clinic: Clinic, frozen: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "policies_follow", Done)  # the history's clock does not stand still
    far, near = clinic.book("10:00", date(2026, 6, 17)), clinic.book("10:00", date(2026, 4, 15))
    reconcile()
    PatientMessage.objects.filter(offset="P1D").delete()
    frozen.shift(timedelta(minutes=1))
    assert reconcile().planned == 1
    assert rows(near, offset="P1D")
    assert not rows(far, offset="P1D")
    frozen.shift(timedelta(hours=1))
    assert reconcile().planned == 1
    assert rows(far, offset="P1D")


def test_what_a_person_cancelled_stays_cancelled(clinic: Clinic) -> None:
    appointment = clinic.book()
    PatientMessage.objects.filter(offset="P1D").update(status="cancelled", settled_at=clock.now())
    assert reconcile().planned == 0
    assert [row.status for row in rows(appointment, offset="P1D")] == ["cancelled"]


def test_visits_that_are_past_cancelled_or_on_hold_are_owed_nothing(
    clinic: Clinic, frozen: time_machine.Traveller
) -> None:
    past = clinic.book("11:00", date(2026, 3, 3))
    clinic.cancel(clinic.book("10:00"))
    plan = factories.make_plan(clinic.patient, clinic.practitioner)
    session = plan.sessions.earliest("sequence")
    clinic.book("12:00", date(2026, 3, 3), session=session, consultation_for=None)
    frozen.move_to(past.starts_at)
    type(plan).objects.filter(pk=plan.pk).update(status="active", activated_at=clock.now())
    plan_hold(plan_id=plan.pk, reason="Away.")
    PatientMessage.objects.all().delete()
    assert reconcile().planned == 0


def test_expired_leases_and_past_rows_are_settled_also_while_nothing_can_be_sent(
    clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
) -> None:
    lost, late = clinic.book("10:00"), clinic.book("11:00", date(2026, 3, 3))
    PatientMessage.objects.filter(appointment=lost, kind="confirmation").update(
        status="sending", sending_at=clock.now(), lease_token=lost.pk, leased_until=clock.now() + LEASE
    )
    sink.mode = Mode.REFUSE_CONNECTION
    frozen.move_to(late.starts_at)
    deliver_due()
    assert reconcile() == Found(planned=0, unknown=0, expired=3)
    assert rows(lost)[0].status == "unknown"
    assert {row.status for row in rows(late)} == {"expired"}


def test_a_row_that_somebody_is_sending_is_not_expired_under_their_hands(
    clinic: Clinic, frozen: time_machine.Traveller
) -> None:
    appointment = clinic.book("10:02", date(2026, 3, 2))
    frozen.move_to(appointment.starts_at)
    PatientMessage.objects.filter(status="pending").update(
        lease_token=appointment.pk, leased_until=clock.now() + timedelta(minutes=1)
    )
    assert reconcile().expired == 0


def test_a_visit_made_without_the_services_gets_its_reminders_but_no_notice(clinic: Clinic) -> None:
    appointment = clinic.book()
    PatientMessage.objects.all().delete()
    appointment.revisions.all().delete()
    assert Appointment.objects.get().revisions.count() == 0
    assert reconcile().planned == 3
    assert {row.kind for row in rows(appointment)} == {"reminder"}


class TestWhatFollowsSessions:
    """Advice and questions that a session given asks for."""

    @pytest.fixture
    def session(self, clinic: Clinic) -> ProcedureSession:
        plan = factories.make_plan(clinic.patient, clinic.practitioner)
        return factories.perform(plan.sessions.earliest("sequence"), clinic.practitioner)

    def kinds(self, session: ProcedureSession) -> list[tuple[str, str]]:
        about = Q(session=session) | Q(check_in__session=session)
        return sorted(PatientMessage.objects.filter(about).values_list("kind", "status"))

    def test_what_is_lacking_is_planned_once(self, session: ProcedureSession) -> None:
        planned = self.kinds(session)
        assert [kind for kind, _ in planned] == ["aftercare", "check_in", "check_in", "check_in"]
        PatientMessage.objects.filter(kind="aftercare").delete()
        PatientMessage.objects.filter(kind="check_in").latest("due_at").delete()
        reconcile()
        assert self.kinds(session) == planned
        assert reconcile() == Found(0, 0, 0)

    def test_mails_that_stand_keep_their_times(self, session: ProcedureSession, frozen: time_machine.Traveller) -> None:
        """A question that has been due for a while and waits is not made to look young."""
        frozen.shift(timedelta(days=1))
        PatientMessage.objects.filter(kind="aftercare").delete()
        before = dict(PatientMessage.objects.filter(kind="check_in").values_list("pk", "due_at"))
        assert reconcile().planned == 1
        assert dict(PatientMessage.objects.filter(kind="check_in").values_list("pk", "due_at")) == before

    def test_nothing_is_planned_that_would_be_of_no_use_or_that_the_location_does_not_send(
        self,
        clinic: Clinic,
        session: ProcedureSession,
        frozen: time_machine.Traveller,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(sweep, "policies_follow", Done)  # the history's clock does not stand still
        PatientMessage.objects.all().delete()
        MessagePolicy.objects.create(location=clinic.location, kind="check_in", send_at="10:00", is_enabled=False)
        frozen.shift(timedelta(hours=20))
        reconcile()
        assert self.kinds(session) == [("aftercare", "expired")], "it is not sent late, and stands there as not sent"
        PatientMessage.objects.all().delete()
        frozen.shift(timedelta(hours=6))
        reconcile()
        assert self.kinds(session) == []

    def test_a_check_in_that_is_answered_or_off_is_not_asked_about(self, session: ProcedureSession) -> None:
        PatientMessage.objects.filter(kind="check_in").delete()
        first, second, _ = session.check_ins.order_by("target_date")
        type(first).objects.filter(pk=first.pk).update(answered_at=clock.now(), answer_note="Fine.")
        type(first).objects.filter(pk=second.pk).update(cancelled_at=clock.now(), cancel_reason="Abroad.")
        assert reconcile().planned == 1


def test_an_offer_that_stands_without_its_mail_is_told(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    clinic.book("15:00")
    entry = waitlist_add(by=clinic.desk, patient=clinic.patient, location=clinic.location)
    for hour in ("10:00", "11:00"):
        entry = waitlist_offer(
            entry_id=entry.pk, by=clinic.desk, starts_at=clinic.at(hour), practitioner=clinic.practitioner
        )
    PatientMessage.objects.filter(kind="offer").delete()
    assert reconcile().planned == 1
    (mail,) = PatientMessage.objects.filter(kind="offer")
    assert (mail.waitlist_entry, mail.offer_number, mail.status) == (entry, 2, "pending")
    assert reconcile().planned == 0
    PatientMessage.objects.filter(kind="offer").delete()
    frozen.move_to(clinic.at("11:00"))
    assert not PatientMessage.objects.filter(kind="offer").exists()
    assert reconcile().planned == 0, "its time has come"


def test_overdue_visits_of_a_place_that_nudges_nobody_do_not_crowd_out_those_of_another(
    clinic: Clinic, frozen: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_clinic("Elm House")
    MessagePolicy.objects.create(location=clinic.location, kind="overdue", send_at="10:00", is_enabled=False)
    for place in (clinic, other):
        plan = factories.make_plan(place.patient, place.practitioner)
        FollowUp.objects.filter(plan=plan).update(
            window_start=date(2026, 2, 1), target_date=date(2026, 2, 8), window_end=date(2026, 2, 15)
        )
    monkeypatch.setattr(sweep, "OTHERS_AT_ONCE", 1)
    assert reconcile().planned == 1
    assert PatientMessage.objects.get(kind="overdue").location == other.location


class TestClocksThatStep:
    """Nothing is lost, sent twice or hidden by a clock that was wrong for a while."""

    def test_back_amid_a_backoff(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        frozen.shift(timedelta(days=1))
        sink.mode = Mode.TRANSIENT_AT_RECIPIENT
        assert deliver_due().postponed == 1
        sink.mode = Mode.ACCEPT
        frozen.shift(timedelta(hours=-23))
        assert deliver_due().sent == 0
        assert reconcile() == Found(0, 0, 0, hidden=1)
        assert deliver_due().sent == 1
        assert sink.ids() == [str(rows(appointment)[0].pk)]
        assert reconcile() == Found(0, 0, 0)

    def test_a_backoff_that_is_as_it_should_be_is_left_alone(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        clinic.book()
        sink.mode = Mode.TRANSIENT_AT_RECIPIENT
        for _ in range(9):
            due = PatientMessage.objects.get(kind="confirmation").not_before
            frozen.move_to(max(due, clock.now()))
            assert deliver_due().postponed == 1
            assert reconcile().hidden == 0

    def test_back_amid_a_lease(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        lost, waiting = clinic.book("10:00"), clinic.book("11:00")
        lease = {"lease_token": lost.pk, "leased_until": clock.now() + timedelta(days=1) + LEASE}
        frozen.shift(timedelta(hours=1))
        PatientMessage.objects.filter(appointment=waiting, kind="confirmation").update(**lease)
        PatientMessage.objects.filter(appointment=lost, kind="confirmation").update(
            status="sending", sending_at=clock.now() + timedelta(days=1), **lease
        )
        report = deliver_due()
        assert (report.sent, report.unknown) == (1, 1)
        assert sink.ids() == [str(rows(waiting)[0].pk)]

    def test_forth_and_back_closes_nothing_as_too_late(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        frozen.shift(timedelta(days=30))
        assert reconcile().expired == 4
        frozen.shift(timedelta(days=-30) + timedelta(minutes=5))
        assert reconcile() == Found(0, 0, 0, hidden=4)
        assert [row.status for row in rows(appointment)] == ["pending"] * 4
        assert deliver_due().sent == 1
        assert reconcile() == Found(0, 0, 0)

    def test_back_hides_no_row_that_was_tried(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        frozen.shift(timedelta(hours=1))
        PatientMessage.objects.filter(kind="confirmation").update(sending_at=clock.now() + timedelta(days=3))
        assert deliver_due(until=clock.now() + timedelta(minutes=1)).sent == 1
        assert rows(appointment)[0].status == "sent"


def test_a_large_backlog_is_closed_some_at_a_time_and_past_locked_rows(
    clinic: Clinic, frozen: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "AT_ONCE", 3)
    for hour in ("10:00", "11:00"):
        clinic.book(hour)
    frozen.move_to(clinic.at("12:00"))
    assert reconcile().expired == 8


class TestParts:
    """Where one part of the sweep fails, the others go on, and somebody hears of it."""

    def test_a_part_that_fails_holds_up_no_other_and_is_seen(
        self, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        appointment = clinic.book()
        PatientMessage.objects.filter(offset="P1D").delete()

        def fail() -> int:
            raise OperationalError("lock timeout")

        monkeypatch.setattr(sweep, "policies_follow", fail)
        monkeypatch.setattr(sweep, "leases_settle", fail)
        assert reconcile().planned == 1
        assert rows(appointment, offset="P1D")
        assert DeliveryPass.objects.get(name="reconcile").trouble == "The sweep could not see to leases or policies."
        assert "The sweep could not see to leases or policies." in measure().problems
        pass_record(DELIVERY)
        assert "The sweep could not see to leases or policies." in [found.what for found in standstills()]
        monkeypatch.undo()
        reconcile()
        assert not DeliveryPass.objects.get(name="reconcile").trouble

    def test_a_location_that_fails_holds_up_no_other_and_is_looked_at_again(
        self, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = make_clinic("Elm House")
        visits = [clinic.book(), other.book()]
        reconcile()
        follow = policies._follow

        def fail_here(location: Location, now: datetime) -> Done:
            if location == clinic.location:
                raise ValueError("its policies make no sense")
            return follow(location, now)

        monkeypatch.setattr(policies, "_follow", fail_here)
        for place in (clinic, other):
            MessagePolicy.objects.create(location=place.location, hours_before=5)
            PatientMessage.objects.filter(location=place.location, offset="P1D").update(
                status="failed", settled_at=clock.now()
            )
        before = DeliveryPass.objects.get(name="policies").finished_at
        monkeypatch.setattr(sweep, "_complete_visits", Done)
        reconcile()
        assert [len(rows(visit, offset="PT5H")) for visit in visits] == [0, 1]
        assert DeliveryPass.objects.get(name="policies").finished_at == before
        assert "policies" in DeliveryPass.objects.get(name="reconcile").trouble

    def test_a_visit_that_is_locked_follows_later(
        self, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, frozen: time_machine.Traveller
    ) -> None:
        appointment = clinic.book()
        reconcile()
        MessagePolicy.objects.create(location=clinic.location, hours_before=5)
        monkeypatch.setattr(sweep, "_complete_visits", Done)
        follow = policies.messages_follow

        def locked(*, appointments: list[UUID]) -> int:
            raise OperationalError("lock timeout")

        monkeypatch.setattr(policies, "messages_follow", locked)
        reconcile()
        assert not DeliveryPass.objects.get(name="reconcile").trouble, "somebody works with it: no trouble"
        monkeypatch.setattr(policies, "messages_follow", follow)
        frozen.shift(timedelta(minutes=1))
        reconcile()
        assert [row.offset for row in rows(appointment, kind="reminder", status="pending")] == ["PT5H"]
