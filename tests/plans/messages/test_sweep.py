"""What the sweep finds and mends."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic import clock
from plans.messages.delivery import deliver_due
from plans.messages.leases import LEASE
from plans.messages.models import DeliveryPass, MessagePolicy, PatientMessage
from plans.messages.sweep import Found, reconcile
from plans.scheduling.models import Appointment
from plans.treatment.services import plan_hold
from tests import factories
from tests.plans.messages.conftest import Clinic, rows, states
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
    assert reconcile().planned == 1
    assert rows(appointment, offset="P2D")[0].due_at == clinic.at("09:00", date(2026, 3, 16))


def test_visits_far_ahead_are_looked_at_once_an_hour(clinic: Clinic, frozen: time_machine.Traveller) -> None:
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
    assert reconcile() == Found(planned=0, unknown=0, expired=2)
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
