from collections import Counter
from datetime import date, time, timedelta

import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from clinic.errors import InvalidTransition
from patients.services import patient_choose_mail, patient_update
from plans.messages.models import MessageKind, MessagePolicy, PatientMessage
from plans.messages.services import (
    message_cancel,
    messages_cancel_reminders,
    messages_plan,
    messages_plan_again,
)
from plans.scheduling.models import Appointment, AppointmentRevision, VisitKind
from tests.plans.messages.conftest import Clinic, rows, states

pytestmark = pytest.mark.django_db

Act = AppointmentRevision.Act
Status = PatientMessage.Status


def begin(appointment: Appointment, kind: str, status: str = Status.SENT) -> None:
    """As if this notice had gone out."""
    row = PatientMessage.objects.get(appointment=appointment, kind=kind, appointment_revision=appointment.revision)
    row.status, row.sending_at = Status(status), row.due_at
    row.settled_at = None if status == Status.SENDING else row.due_at
    row.save()


def test_booking_plans_a_confirmation_and_three_reminders_in_the_same_transaction(clinic: Clinic) -> None:
    appointment = clinic.book()
    assert states(appointment) == [
        (1, "confirmation", "", "pending"),
        (1, "reminder", "P7D", "pending"),
        (1, "reminder", "P1D", "pending"),
        (1, "reminder", "PT3H", "pending"),
    ]
    due = [row.due_at for row in rows(appointment)]
    assert due[1:] == [
        clinic.at("10:00", date(2026, 3, 11)),
        clinic.at("10:00", date(2026, 3, 17)),
        clinic.at("07:00", date(2026, 3, 18)),
    ]
    assert due[0] == appointment.created_at + timedelta(seconds=60)


def test_every_message_has_a_message_id_made_from_its_id(clinic: Clinic) -> None:
    for row in rows(clinic.book()):
        assert row.message_id == f"<{row.pk}@localhost>"


def test_a_reminder_whose_time_is_past_at_booking_is_expired_at_once(
    clinic: Clinic, frozen: time_machine.Traveller
) -> None:
    frozen.shift(timedelta(minutes=1))
    appointment = clinic.book("15:00", date(2026, 3, 3))
    assert states(appointment) == [
        (1, "confirmation", "", "pending"),
        (1, "reminder", "P7D", "expired"),
        (1, "reminder", "P1D", "expired"),
        (1, "reminder", "PT3H", "pending"),
    ]
    assert all(row.settled_at and row.status_reason for row in rows(appointment, status="expired"))


def test_a_move_replaces_what_was_pending_and_tells_the_change(clinic: Clinic) -> None:
    appointment = clinic.book()
    clinic.move(appointment, "11:00", date(2026, 3, 25))
    assert states(appointment) == [
        (1, "confirmation", "", "cancelled"),
        (1, "reminder", "P7D", "cancelled"),
        (1, "reminder", "P1D", "cancelled"),
        (1, "reminder", "PT3H", "cancelled"),
        (2, "changed", "", "pending"),
        (2, "reminder", "P7D", "pending"),
        (2, "reminder", "P1D", "pending"),
        (2, "reminder", "PT3H", "pending"),
    ]


def test_what_was_sent_stays_as_sent_after_a_move(clinic: Clinic) -> None:
    appointment = clinic.book()
    begin(appointment, "confirmation")
    clinic.move(appointment, "11:00")
    assert rows(appointment)[0].status == "sent"


def test_a_cancellation_cancels_the_pending_reminders_and_is_told(clinic: Clinic) -> None:
    appointment = clinic.book()
    clinic.cancel(appointment)
    assert Counter((row.status, row.status_reason) for row in rows(appointment)) == {
        ("cancelled", "The visit is not to come any more."): 4,
        ("pending", ""): 1,
    }
    assert states(appointment)[-1] == (2, "cancelled", "", "pending")


def test_cancelling_takes_the_lease_from_a_row_that_a_worker_holds(clinic: Clinic) -> None:
    appointment = clinic.book()
    now = appointment.created_at
    PatientMessage.objects.update(lease_token=appointment.pk, leased_until=now + timedelta(minutes=3))
    clinic.cancel(appointment)
    assert not PatientMessage.objects.filter(status="cancelled", lease_token__isnull=False).exists()


class TestAfterAnUndo:
    def test_a_booking_that_nobody_was_told_of_is_undone_in_silence(self, clinic: Clinic) -> None:
        appointment = clinic.undo(clinic.book())
        assert {row.status for row in rows(appointment)} == {"cancelled"}
        assert not rows(appointment, appointment_revision=2)

    def test_a_booking_that_was_told_is_undone_with_a_cancellation(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        begin(appointment, "confirmation")
        clinic.undo(appointment)
        assert states(appointment)[-1] == (2, "cancelled", "", "pending")

    def test_a_move_that_was_not_told_leaves_no_notice_where_the_old_time_was_told(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        begin(appointment, "confirmation")
        clinic.undo(clinic.move(appointment, "11:00"))
        assert [row.kind for row in rows(appointment, appointment_revision=3)] == ["reminder"] * 3

    def test_a_move_that_was_told_is_undone_with_a_change(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        begin(appointment, "confirmation")
        moved = clinic.move(appointment, "11:00")
        begin(moved, "changed", Status.SENDING)
        clinic.undo(moved)
        assert states(appointment)[-4:] == [
            (3, "changed", "", "pending"),
            (3, "reminder", "P7D", "pending"),
            (3, "reminder", "P1D", "pending"),
            (3, "reminder", "PT3H", "pending"),
        ]

    def test_a_first_notice_that_never_left_becomes_a_confirmation(self, clinic: Clinic) -> None:
        appointment = clinic.undo(clinic.move(clinic.book(), "11:00"))
        assert states(appointment)[-4] == (3, "confirmation", "", "pending")
        assert {row.status for row in rows(appointment, appointment_revision__lt=3)} == {"cancelled"}, "none revived"

    def test_a_cancellation_that_was_not_told_leaves_no_notice(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        begin(appointment, "confirmation")
        clinic.undo(clinic.cancel(appointment))
        assert [row.kind for row in rows(appointment, appointment_revision=3)] == ["reminder"] * 3

    def test_a_cancellation_that_was_told_is_undone_with_a_change(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        begin(appointment, "confirmation")
        cancelled = clinic.cancel(appointment)
        begin(cancelled, "cancelled", Status.UNKNOWN)
        clinic.undo(cancelled)
        assert rows(appointment, appointment_revision=3)[0].kind == "changed"


class TestSomebodyWhoGetsNoMail:
    def test_an_opted_out_patient_has_the_same_rows_suppressed(self, clinic: Clinic) -> None:
        appointment = clinic.book(consultation_for=clinic.another_patient(email_opt_out=True))
        assert [row.status for row in rows(appointment)] == ["suppressed"] * 4
        assert {row.status_reason for row in rows(appointment)} == {"The patient wants no email."}

    def test_a_patient_without_an_address_has_the_same_rows_suppressed(self, clinic: Clinic) -> None:
        appointment = clinic.book(consultation_for=clinic.another_patient(email=""))
        assert {row.status_reason for row in rows(appointment)} == {"There is no usable email address."}

    def test_opting_out_suppresses_what_is_pending_and_opting_in_revives_what_is_still_true(
        self, clinic: Clinic
    ) -> None:
        appointment = clinic.book()
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=True)
        assert {row.status for row in rows(appointment)} == {"suppressed"}
        moved = clinic.move(appointment, "11:00")
        patient_choose_mail(patient_id=clinic.patient.pk, email_opt_out=False)
        assert {row.status for row in rows(moved, appointment_revision=1)} == {"suppressed"}
        assert {row.status for row in rows(moved, appointment_revision=2)} == {"pending"}

    def test_only_unwanted_kinds_are_suppressed_and_come_back(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        patient_choose_mail(patient_id=clinic.patient.pk, unwanted_mail=["reminder"])
        assert [(row.kind, row.status) for row in rows(appointment)] == [
            ("confirmation", "pending"),
            *[("reminder", "suppressed")] * 3,
        ]
        patient_choose_mail(patient_id=clinic.patient.pk, unwanted_mail=[])
        assert {row.status for row in rows(appointment)} == {"pending"}

    def test_an_address_given_right_after_the_booking_gets_the_confirmation_but_no_old_one(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        patient = clinic.another_patient(email="")
        earlier = clinic.book("09:00", consultation_for=patient)
        frozen.shift(timedelta(hours=3))
        later = clinic.book("11:00", consultation_for=patient)
        frozen.shift(timedelta(minutes=10))
        patient_update(patient_id=patient.pk, changes={"email": "now@example.com"})
        assert [row.status for row in rows(earlier)] == ["suppressed", *["pending"] * 3]
        assert [row.status for row in rows(later)] == ["pending"] * 4


class TestPolicyOfALocation:
    def test_a_location_with_rows_of_its_own_sends_those(self, clinic: Clinic) -> None:
        MessagePolicy.objects.create(location=clinic.location, days_before=2, send_at=time(18, 30))
        row = rows(clinic.book(), kind="reminder")
        assert [(row.offset, row.due_at) for row in row] == [("P2D", clinic.at("18:30", date(2026, 3, 16)))]

    def test_rows_for_the_kind_of_visit_come_before_general_ones(self, clinic: Clinic) -> None:
        MessagePolicy.objects.create(location=clinic.location, hours_before=5)
        MessagePolicy.objects.create(location=clinic.location, hours_before=2, visit_kind=VisitKind.CONSULTATION)
        MessagePolicy.objects.create(location=clinic.location, hours_before=9, visit_kind=VisitKind.SESSION)
        assert [row.offset for row in rows(clinic.book(), kind="reminder")] == ["PT2H"]

    def test_a_location_may_send_no_reminders(self, clinic: Clinic) -> None:
        MessagePolicy.objects.create(location=clinic.location, hours_before=5, is_enabled=False)
        assert [row.kind for row in rows(clinic.book())] == ["confirmation"]


class TestHold:
    def test_a_hold_cancels_reminders_only_and_a_resume_brings_back_those_to_come(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        appointment = clinic.book()
        assert messages_cancel_reminders(appointments=[appointment.pk]) == 3
        assert [row.status for row in rows(appointment)] == ["pending", "cancelled", "cancelled", "cancelled"]
        frozen.move_to(clinic.at("12:00", date(2026, 3, 12)))
        assert messages_plan_again(appointments=[appointment.pk]) == 2
        assert [row.status for row in rows(appointment, kind="reminder")] == ["cancelled", "pending", "pending"]

    def test_a_resume_does_not_revive_what_a_person_cancelled_or_a_move_replaced(self, clinic: Clinic) -> None:
        appointment = clinic.book()
        message_cancel(message=rows(appointment, offset="P1D")[0])
        messages_cancel_reminders(appointments=[appointment.pk])
        clinic.move(appointment, "11:00")
        assert messages_plan_again(appointments=[appointment.pk]) == 0


def test_planning_costs_at_most_four_queries(
    clinic: Clinic, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    appointment = clinic.book()
    for revision, act in enumerate((Act.MOVED, Act.CANCELLED, Act.UNDONE), start=2):
        appointment = Appointment.objects.select_related("patient", "location").get(pk=appointment.pk)
        appointment.revision = revision
        with django_assert_max_num_queries(4):
            messages_plan(appointment=appointment, act=act)


def test_a_message_that_is_not_pending_cannot_be_cancelled(clinic: Clinic) -> None:
    appointment = clinic.book()
    begin(appointment, "confirmation")
    message = rows(appointment)[0]
    with pytest.raises(InvalidTransition) as refused:
        message_cancel(message=message)
    assert refused.value.extra == {"state": "sent", "allowed": ["pending"]}
    message.refresh_from_db()
    assert message.status == "sent"


def test_the_database_refuses_the_same_reminder_twice(clinic: Clinic) -> None:
    appointment = clinic.book()
    row = rows(appointment, kind=MessageKind.REMINDER)[0]
    row.pk = appointment.pk
    with pytest.raises(Exception, match="message_once_per_subject"), connection.cursor():
        row.save(force_insert=True)
