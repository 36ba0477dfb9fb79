"""Deliveries to a real mailbox, and to a server that fails at the stage it is told to."""

import email
import email.policy
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clinic import clock
from plans.messages import delivery
from plans.messages.delivery import MAX_ATTEMPTS, deliver_due
from plans.messages.leases import BATCH, LEASE
from plans.messages.models import DeliveryPass, PatientMessage
from plans.scheduling.models import Appointment
from tests.plans.messages.conftest import Clinic, rows, states
from tests.plans.messages.sink import Mode, Sink
from tests.servers import Inbox

pytestmark = pytest.mark.django_db

Status = PatientMessage.Status
GRACE = timedelta(seconds=60)


def confirmation(appointment: Appointment) -> PatientMessage:
    return PatientMessage.objects.get(appointment=appointment, kind="confirmation")


def test_a_booking_is_confirmed_by_mail_after_the_grace_period(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    appointment = clinic.book()
    assert deliver_due().sent == 0
    assert mailbox.messages() == []
    frozen.shift(GRACE)
    assert deliver_due().sent == 1
    (mail,) = mailbox.messages()
    row = confirmation(appointment)
    assert mail["To"].addresses[0].addr_spec == row.to_address == "mock@example.com"
    assert (mail["X-Clinic-Message"], mail["Message-ID"]) == (str(row.pk), row.message_id)
    assert {part.get_content_type() for part in mail.walk() if not part.is_multipart()} == {
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    }
    assert "Wednesday 18 March 2026, 10:00 (New York time, EDT)" in mail.get_body(("plain",)).get_content()
    assert (row.status, row.attempts, row.failure, row.lease_token) == ("sent", 1, "", None)
    assert row.sending_at == row.settled_at == clock.now()


def test_each_reminder_leaves_at_its_time_and_only_once(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    clinic.book()
    arrived = []
    for moment in (
        clinic.at("10:00", date(2026, 3, 3)),
        clinic.at("09:59", date(2026, 3, 11)),
        clinic.at("10:00", date(2026, 3, 11)),
        clinic.at("09:59", date(2026, 3, 17)),
        clinic.at("10:00", date(2026, 3, 17)),
        clinic.at("06:59", date(2026, 3, 18)),
        clinic.at("07:00", date(2026, 3, 18)),
        clinic.at("10:00", date(2026, 3, 18)),
    ):
        frozen.move_to(moment)
        deliver_due()
        deliver_due()
        arrived.append(len(mailbox.files()))
    assert arrived == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_move_is_told_under_the_same_calendar_entry(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    appointment = clinic.book()
    frozen.shift(GRACE)
    deliver_due()
    clinic.move(appointment, "11:00")
    frozen.shift(GRACE)
    deliver_due()
    before, after = (mail.as_string() for mail in mailbox.messages())
    assert (_entry(before, "UID"), _entry(before, "SEQUENCE")) == (_entry(after, "UID"), "1")
    assert (_entry(after, "SEQUENCE"), _entry(after, "METHOD")) == ("2", "REQUEST")
    assert "Your visit has changed" in after


def test_a_cancellation_is_told_with_the_time_that_was(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    appointment = clinic.book()
    clinic.cancel(appointment)
    frozen.shift(GRACE)
    deliver_due()
    (mail,) = mailbox.messages()
    assert _entry(mail.as_string(), "METHOD") == "CANCEL"
    assert "Cancelled: your visit on Wednesday 18 March 2026, 10:00" in mail["Subject"]


def _entry(mail: str, name: str) -> str:
    for part in email.message_from_string(mail, policy=email.policy.default).walk():
        if part.get_content_type() == "text/calendar":
            lines = part.get_content().replace("\r\n ", "").splitlines()
            return str(next(line.partition(":")[2] for line in lines if line.startswith(f"{name}:")))
    raise AssertionError("no calendar entry")


class TestWhatIsLookedAtAgain:
    """A row that became untrue after it was planned, by a way that did not touch it."""

    def deliver(self, appointment: Appointment, frozen: time_machine.Traveller) -> PatientMessage:
        frozen.shift(GRACE)
        report = deliver_due()
        assert report.dropped == 1
        assert report.sent == 0
        return confirmation(appointment)

    def test_a_visit_that_is_no_longer_to_come(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        Appointment.objects.update(status="cancelled", cancelled_at=clock.now(), cancel_reason="patient")
        assert self.deliver(appointment, frozen).status == "cancelled"
        assert sink.received == []

    def test_another_revision(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        Appointment.objects.update(revision=2)
        assert self.deliver(appointment, frozen).status == "cancelled"
        assert sink.received == []

    def test_an_opt_out(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        clinic.patient.email_opt_out = True
        clinic.patient.save()
        assert self.deliver(appointment, frozen).status == "suppressed"
        assert sink.received == []

    def test_an_address_that_bounced(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        clinic.patient.email_bounced_at = clock.now()
        clinic.patient.save()
        assert self.deliver(appointment, frozen).status == "suppressed"
        assert sink.received == []

    def test_a_time_that_is_past(self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
        appointment = clinic.book()
        PatientMessage.objects.update(expires_at=clock.now() + GRACE)
        assert self.deliver(appointment, frozen).status == "expired"
        assert sink.received == []

    def test_a_reminder_is_replaced_by_the_next_one_rather_than_sent_late(
        self, clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
    ) -> None:
        appointment = clinic.book()
        frozen.move_to(clinic.at("10:00", date(2026, 3, 17)))
        deliver_due()
        assert [row.status for row in rows(appointment)] == ["sent", "expired", "sent", "pending"]
        assert len(mailbox.files()) == 2


def test_a_patient_who_is_there_is_not_reminded(clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox) -> None:
    appointment = clinic.book()
    frozen.move_to(clinic.at("06:00"))
    deliver_due()
    mailbox.clear()
    Appointment.objects.update(status="arrived", arrived_at=clock.now())
    frozen.move_to(clinic.at("07:00"))
    deliver_due()
    assert mailbox.messages() == []
    assert rows(appointment)[-1].status == "cancelled"


class TestFailures:
    def test_a_transient_refusal_is_tried_again_later_with_the_same_message_id(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        sink.mode = Mode.TRANSIENT_AT_RECIPIENT
        frozen.shift(GRACE)
        assert deliver_due().postponed == 1
        row = confirmation(appointment)
        assert (row.status, row.attempts, row.lease_token, row.settled_at) == ("pending", 1, None, None)
        assert row.failure == "The server refused the recipient (451 4.7.1)."
        assert timedelta(seconds=24) <= row.not_before - clock.now() <= timedelta(seconds=36)
        sink.mode = Mode.ACCEPT
        assert deliver_due().sent == 0, "not before its time"
        frozen.shift(timedelta(seconds=36))
        assert deliver_due().sent == 1
        row.refresh_from_db()
        assert (row.status, row.attempts, row.failure) == ("sent", 2, "")
        assert f"Message-ID: {row.message_id}".encode() in sink.received[0]

    def test_backoff_doubles_up_to_an_hour_and_ends_with_a_person(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        sink.mode = Mode.TRANSIENT_AFTER_DOT
        frozen.shift(GRACE)
        waits = []
        while (row := confirmation(appointment)).status == "pending":
            frozen.move_to(max(row.not_before, clock.now()))
            deliver_due()
            waits.append((confirmation(appointment).not_before - clock.now()).total_seconds())
        assert (row.status, row.attempts) == ("failed", MAX_ATTEMPTS)
        for attempt, seconds in enumerate(waits[:-1]):
            expected = min(3600, 30 * 2**attempt)
            assert 0.8 * expected <= seconds <= 1.2 * expected

    def test_a_permanent_refusal_fails_with_its_class_and_without_patient_data(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        sink.mode = Mode.PERMANENT_AT_RECIPIENT
        frozen.shift(GRACE)
        assert deliver_due().failed == 1
        row = confirmation(appointment)
        assert (row.status, row.failure) == ("failed", "The server refused the recipient (550 5.1.1).")
        assert row.settled_at == clock.now()

    @pytest.mark.parametrize("mode", [Mode.DROP_AFTER_DOT, Mode.HANG_AFTER_DOT, Mode.NONSENSE_AFTER_DOT])
    def test_silence_after_the_final_dot_is_unknown_and_never_sent_again(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink, settings: Settings, mode: Mode
    ) -> None:
        settings.EMAIL_TIMEOUT = 0.5
        appointment = clinic.book()
        sink.mode = mode
        frozen.shift(GRACE)
        assert deliver_due().unknown == 1
        assert confirmation(appointment).status == "unknown"
        sink.mode = Mode.ACCEPT
        for _ in range(3):
            frozen.shift(timedelta(hours=1))
            deliver_due()
        assert sink.ids() == [str(confirmation(appointment).pk)]

    def test_a_server_that_is_not_there_costs_no_attempt_and_releases_the_batch(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointments = [clinic.book("10:00"), clinic.book("11:00")]
        sink.mode = Mode.REFUSE_CONNECTION
        frozen.shift(GRACE)
        report = deliver_due()
        assert report.unreachable == "The mail server could not be used (SMTPConnectError 554)."
        for row in map(confirmation, appointments):
            assert (row.status, row.attempts, row.lease_token, row.sending_at) == ("pending", 0, None, None)
            assert clock.now() < row.not_before <= clock.now() + timedelta(seconds=18)
        sink.mode = Mode.ACCEPT
        frozen.shift(timedelta(seconds=18))
        assert deliver_due().sent == 2

    def test_a_sender_that_the_server_refuses_costs_no_mail_an_attempt_and_ends_the_pass(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointments = [clinic.book("10:00"), clinic.book("11:00")]
        sink.mode = Mode.PERMANENT_AT_SENDER
        frozen.shift(GRACE)
        report = deliver_due()
        assert report.unreachable == "The server refused the sender (553 5.7.1)."
        assert {(row.status, row.attempts) for row in map(confirmation, appointments)} == {("pending", 0)}
        assert DeliveryPass.objects.get(name="deliver_due").trouble == report.unreachable
        sink.mode = Mode.ACCEPT
        frozen.shift(timedelta(minutes=1))
        assert deliver_due().sent == 2
        assert DeliveryPass.objects.get(name="deliver_due").trouble == ""

    def test_a_server_that_goes_away_amid_a_batch_leaves_the_rest_pending(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointments = [clinic.book(hour) for hour in ("10:00", "11:00", "12:00")]
        frozen.shift(GRACE)
        sink.mode = Mode.DROP_AFTER_DOT

        def go_away() -> None:
            sink.takes_connections = False

        sink.on_content = go_away
        report = deliver_due()
        assert report.unreachable
        found = [(row.status, row.attempts, row.lease_token) for row in map(confirmation, appointments)]
        assert sorted(found) == [("pending", 0, None), ("pending", 0, None), ("unknown", 1, None)]

    def test_one_row_that_cannot_be_written_blocks_no_other(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink, settings: Settings
    ) -> None:
        poisoned = clinic.another_patient()
        type(poisoned).objects.filter(pk=poisoned.pk).update(email="möck@example.com")
        bad, good = clinic.book("10:00", consultation_for=poisoned), clinic.book("11:00")
        frozen.shift(GRACE)
        report = deliver_due()
        assert (report.sent, report.failed) == (1, 1)
        assert confirmation(bad).status == "failed"
        assert confirmation(bad).failure == "It could not be written (ValueError)."
        assert confirmation(good).status == "sent"

    def test_one_row_that_the_database_refuses_to_begin_blocks_no_other(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An address that grows too long once its domain is written as DNS has it."""
        bad, good = clinic.book("10:00", consultation_for=clinic.another_patient()), clinic.book("11:00")
        monkeypatch.setattr(
            delivery,
            "ascii_address",
            lambda address: f"{'a' * 260}@example.com" if address.startswith("patient") else address,
        )
        frozen.shift(GRACE)
        report = deliver_due()
        assert (report.sent, report.failed) == (1, 1)
        assert confirmation(bad).failure == "It could not be begun (StringDataRightTruncation)."
        assert confirmation(good).status == "sent"

    def test_what_could_not_be_sent_until_then_is_not_sent_before_its_time(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        sink.mode = Mode.REFUSE_CONNECTION
        deliver_due(until=clinic.at("10:00", date(2026, 3, 17)))
        assert all(row.not_before >= row.due_at for row in rows(appointment))


def test_each_mail_costs_the_same_few_statements(clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
    def statements(mails: int) -> int:
        for number in range(mails):
            clinic.book(f"{10 + number}:00", frozen_day(), consultation_for=clinic.another_patient())
        frozen.shift(GRACE)
        with CaptureQueriesContext(connection) as captured:
            assert deliver_due().sent == mails
        return len(captured)

    def frozen_day() -> date:
        days.append(days[-1] + timedelta(days=7))
        return days[-1]

    days = [date(2026, 4, 1)]
    one, three, seven = statements(1), statements(3), statements(7)
    assert (three - one) / 2 == (seven - three) / 4 == 6, "subject, outcome, row, sending; begin and commit"


class TestLeases:
    def test_an_expired_lease_of_a_pending_row_is_simply_taken_over(
        self, clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox
    ) -> None:
        appointment = clinic.book()
        frozen.shift(GRACE)
        PatientMessage.objects.update(lease_token=appointment.pk, leased_until=clock.now() + LEASE)
        assert deliver_due().sent == 0, "somebody else's"
        frozen.shift(LEASE + timedelta(seconds=1))
        assert deliver_due().sent == 1

    def test_an_expired_lease_of_a_sending_row_is_unknown(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        frozen.shift(GRACE)
        PatientMessage.objects.filter(kind="confirmation").update(
            status="sending", sending_at=clock.now(), lease_token=appointment.pk, leased_until=clock.now() + LEASE
        )
        assert deliver_due().unknown == 0
        frozen.shift(LEASE + timedelta(seconds=1))
        assert deliver_due().unknown == 1
        row = confirmation(appointment)
        assert (row.status, row.lease_token) == ("unknown", None)
        assert row.status_reason
        assert sink.received == []

    def test_a_backlog_is_sent_in_batches_over_one_connection(
        self, clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
    ) -> None:
        appointment = clinic.book()
        due = clock.now()
        for number in range(2, BATCH + 5):
            for row in rows(appointment, kind="confirmation"):
                row.pk, row.offset, row.due_at, row.not_before = None, f"P{number}D", due, due
                row.id = type(row)._meta.pk.get_default()
                row.save(force_insert=True)
                break
        PatientMessage.objects.filter(kind="confirmation").update(not_before=due)
        report = deliver_due()
        assert report.sent == BATCH + 4
        assert sink.connections == 1
        assert len(set(sink.ids())) == BATCH + 4


def test_until_sends_what_falls_due_by_then_and_nothing_twice(
    clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
) -> None:
    appointment = clinic.book()
    out = StringIO()
    call_command("deliver_due", until=clinic.at("10:00", date(2026, 3, 17)), stdout=out)
    assert out.getvalue() == "3 sent, 0 to be tried again, 0 failed, 0 unknown, 0 no longer to be sent.\n"
    assert [row.status for row in rows(appointment)] == ["sent", "sent", "sent", "pending"]
    call_command("deliver_due", "--until=2026-03-17T10:00:00-04:00", stdout=out)
    assert len(sink.received) == 3


def test_until_tries_a_row_that_is_refused_once_a_pass(
    clinic: Clinic, frozen: time_machine.Traveller, sink: Sink
) -> None:
    clinic.book()
    sink.mode = Mode.TRANSIENT_AT_RECIPIENT
    report = deliver_due(until=clinic.at("10:00", date(2026, 3, 17)))
    assert report.postponed == 3


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-17", "2026-03-17T10:00:00"])
def test_until_takes_instants_with_an_offset_only(text: str) -> None:
    with pytest.raises(CommandError, match="invalid instant value"):
        call_command("deliver_due", f"--until={text}")


def test_the_command_says_why_nothing_went_out(clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
    clinic.book()
    frozen.shift(GRACE)
    sink.mode = Mode.REFUSE_CONNECTION
    with pytest.raises(CommandError, match="could not be used"):
        call_command("deliver_due", stdout=StringIO())


def test_every_pass_leaves_its_time(frozen: time_machine.Traveller, mailbox: Inbox) -> None:
    for _ in range(2):
        frozen.shift(timedelta(seconds=10))
        deliver_due()
        assert DeliveryPass.objects.get(name="deliver_due").finished_at == datetime.now(UTC)


def test_a_limit_stops_a_pass(clinic: Clinic, frozen: time_machine.Traveller, sink: Sink) -> None:
    for hour in ("10:00", "11:00", "12:00"):
        clinic.book(hour)
    frozen.shift(GRACE)
    assert deliver_due(limit=2).sent == 2
    assert deliver_due(limit=2).sent == 1
    assert states(Appointment.objects.earliest("starts_at"))[0] == (1, "confirmation", "", "sent")
