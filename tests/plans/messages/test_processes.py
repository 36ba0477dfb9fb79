"""Mail among real processes: workers, beat, killed deliverers, a broker that comes and goes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from clinic import clock
from clinic.local.application import Beat
from clinic.local.home import PROJECT
from clinic.local.process import Process
from plans.messages.delivery import deliver_due
from plans.messages.models import PatientMessage
from plans.messages.nudge import nudge
from plans.scheduling.models import Appointment
from tests.api import Api
from tests.plans.messages.conftest import Clinic, rows
from tests.plans.messages.sink import Mode, Sink
from tests.servers import Broker, Inbox, servers

pytestmark = pytest.mark.django_db(transaction=True)

Status = PatientMessage.Status


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.02)


@pytest.fixture
def deliverer(child_environment: dict[str, str], sink: Sink) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Start `manage.py deliver_due` as a process of its own, against the sink."""
    started: list[subprocess.Popen[str]] = []
    environment = child_environment | {"EMAIL_URL": "smtp://{}:{}".format(*sink.address)}

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "manage.py", "deliver_due"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def book_many(clinic: Clinic, count: int) -> None:
    """As many visits as there are rooms and hours for, each of another patient; every confirmation is due now."""
    hours = [f"{hour:02}:{minute:02}" for hour in range(8, 18) for minute in (0, 30)]
    for hour in hours[:count]:
        clinic.book(hour, clinic.now_open(), consultation_for=clinic.another_patient())


def test_a_booking_over_the_api_ends_as_a_mail_in_the_mailbox(
    clinic_today: Clinic, celery_worker_process: Process, mailbox: Inbox
) -> None:
    """Book → commit → nudge → worker → SMTP → mailbox."""
    clinic = clinic_today
    answer = Api(clinic.desk).post(
        "/appointments/",
        {
            "location": str(clinic.location.pk),
            "practitioner": str(clinic.practitioner.pk),
            "consultation_for": str(clinic.patient.pk),
            "starts_at": clinic.at("10:00", clinic.now_open()).isoformat(),
        },
    )
    assert answer.status_code == 201, answer.content
    (mail,) = mailbox.wait_for(1)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    message = next(row for row in answer.json()["messages"] if row["kind"] == "confirmation")
    assert mail["X-Clinic-Message"] == message["id"]
    wait_until(lambda: PatientMessage.objects.get(pk=message["id"]).status == "sent", "recorded as sent")


def test_a_dead_broker_costs_a_booking_nothing_and_its_mail_goes_out_once_it_is_back(
    clinic_today: Clinic,
    child_environment: dict[str, str],
    celery_worker_process: Process,
    start_process: Callable[[Process], Process],
    broker: Broker,
    mailbox: Inbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker.kill()
    appointment = clinic_today.book("10:00", clinic_today.now_open())
    assert rows(appointment)[0].status == "pending"
    said = [record.getMessage() for record in caplog.records if record.name == "clinic.nudging"]
    assert len(said) == 1
    assert "The broker took no nudge" in said[0]
    broker.start()  # empty: it keeps nothing
    start_process(Beat(servers.home, env=child_environment))
    (mail,) = mailbox.wait_for(1, seconds=120)
    assert mail["X-Clinic-Message"] == str(rows(appointment)[0].pk)
    wait_until(lambda: Client().get("/health/delivery").status_code == 200, "mail flows again")


def test_a_broker_that_hangs_is_asked_once_and_then_left_alone(
    clinic_today: Clinic, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    os.kill(broker.server.pid, signal.SIGSTOP)
    try:
        for hour in ("10:00", "11:00", "12:00"):
            clinic_today.book(hour, clinic_today.now_open())
    finally:
        os.kill(broker.server.pid, signal.SIGCONT)
    assert len([record for record in caplog.records if record.name == "clinic.nudging"]) == 1
    assert nudge.silent_until > time.monotonic()


def test_two_deliverers_at_once_send_each_mail_exactly_once(
    clinic_today: Clinic, deliverer: Callable[[], "subprocess.Popen[str]"], sink: Sink
) -> None:
    book_many(clinic_today, 20)
    gathered = [deliverer() for _ in range(3)]
    for process in gathered:
        assert process.wait(120) == 0, process.communicate()
    confirmations = PatientMessage.objects.filter(kind="confirmation")
    assert sorted(sink.ids()) == sorted(str(row.pk) for row in confirmations)
    assert {row.status for row in confirmations} == {"sent"}
    assert {row.attempts for row in confirmations} == {1}


def test_a_mail_whose_sender_is_killed_is_unknown_and_never_sent_twice(
    clinic_today: Clinic, deliverer: Callable[[], "subprocess.Popen[str]"], sink: Sink
) -> None:
    """Kill -9 after the server has the whole mail and before anybody wrote that down; the rest of the batch is safe."""
    book_many(clinic_today, 3)
    sink.mode = Mode.HANG_AFTER_DOT
    process = deliverer()
    wait_until(lambda: len(sink.received) == 1, "the mail server has one whole mail")
    process.send_signal(signal.SIGKILL)
    process.wait()
    statuses = PatientMessage.objects.filter(kind="confirmation").order_by("status").values_list("status", flat=True)
    assert list(statuses) == ["pending", "pending", "sending"]
    sink.mode = Mode.ACCEPT
    PatientMessage.objects.filter(lease_token__isnull=False).update(leased_until=clock.now() - timedelta(seconds=1))
    for _ in range(2):
        assert deliverer().wait(120) == 0
    assert sorted(statuses.all()) == ["sent", "sent", "unknown"]
    assert len(sink.ids()) == len(set(sink.ids())) == 3


def test_a_cancellation_between_lease_and_sending_wins(clinic_today: Clinic, sink: Sink) -> None:
    """While the first mail of a batch is on its way, the visit of the second one is cancelled."""
    first, second = (clinic_today.book(hour, clinic_today.now_open()) for hour in ("10:00", "11:00"))

    def cancel() -> None:
        sink.on_content = lambda: None
        clinic_today.cancel(second)
        connection.close()

    sink.on_content = cancel
    report = deliver_due()
    assert sink.ids()[0] == str(rows(first)[0].pk)
    assert str(rows(second)[0].pk) not in sink.ids()
    assert rows(second)[0].status == "cancelled"
    assert rows(second)[0].sending_at is None
    assert report.sent == 2, "the first confirmation, and the notice of the cancellation"


def test_a_mail_that_had_begun_before_a_cancellation_is_recorded_as_sent(clinic_today: Clinic, sink: Sink) -> None:
    appointment = clinic_today.book("10:00", clinic_today.now_open())
    seen: list[str] = []

    def cancel() -> None:
        sink.on_content = lambda: None
        seen.append(rows(appointment)[0].status)
        clinic_today.cancel(appointment)
        connection.close()

    sink.on_content = cancel
    deliver_due()
    assert seen == ["sending"], "committed before the first byte"
    assert [(row.kind, row.status) for row in rows(appointment) if row.kind != "reminder"] == [
        ("confirmation", "sent"),
        ("cancelled", "sent"),
    ]


def test_a_visit_that_somebody_has_locked_holds_up_only_its_own_mail(clinic_today: Clinic, sink: Sink) -> None:
    locked, free = (clinic_today.book(hour, clinic_today.now_open()) for hour in ("10:00", "11:00"))
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Appointment.objects.select_for_update().get(pk=locked.pk)
            is_locked.set()
            may_end.wait(120)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_locked.wait(120)
    try:
        report = deliver_due()
    finally:
        may_end.set()
        holder.join()
    assert sink.ids() == [str(rows(free)[0].pk)]
    assert report.postponed == 1
    row = rows(locked)[0]
    assert (row.status, row.attempts, row.lease_token) == ("pending", 0, None)


def test_losing_the_database_s_connection_amid_a_batch_loses_no_outcome(clinic_today: Clinic, sink: Sink) -> None:
    book_many(clinic_today, 3)
    connection.ensure_connection()
    own = connection.connection.info.backend_pid

    def terminate() -> None:
        sink.on_content = lambda: None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [own])
        connection.close()

    sink.on_content = terminate
    deliver_due()
    PatientMessage.objects.filter(kind="confirmation", status="pending").update(not_before=clock.now())
    deliver_due()
    assert {row.status for row in PatientMessage.objects.filter(kind="confirmation")} == {"sent"}
    assert len(sink.ids()) == len(set(sink.ids())) == 3
