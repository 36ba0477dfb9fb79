"""What a monitor reads."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clinic import clock
from clinic.access.roles import Role
from plans.messages.delivery import deliver_due
from plans.messages.health import oldest_due_seconds, standstills
from plans.messages.models import DeliveryPass, PatientMessage
from plans.messages.passes import SWEEP, pass_record
from plans.messages.sweep import reconcile
from tests.console import House, words
from tests.plans.messages.conftest import Clinic, make_clinic
from tests.plans.messages.sink import Mode, Sink
from tests.servers import Broker, Inbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def swept(request: pytest.FixtureRequest) -> None:
    """The beat lives: a sweep has just ended."""
    if "frozen" in request.fixturenames:
        request.getfixturevalue("frozen")
    pass_record(SWEEP)


def look(status: int) -> dict[str, Any]:
    answer = Client().get("/health/delivery")
    assert answer.status_code == status
    found: dict[str, Any] = answer.json()
    return found


def test_all_is_well_after_a_pass(frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker) -> None:
    deliver_due()
    assert look(200) == {
        "status": "ok",
        "oldest_due_seconds": None,
        "last_pass_seconds": 0.0,
        "last_sweep_seconds": 0.0,
        "failed": 0,
        "unknown": 0,
        "broker": True,
        "smtp": True,
        "problems": [],
    }


def test_without_any_pass_mail_does_not_flow(mailbox: Inbox, broker: Broker) -> None:
    DeliveryPass.objects.all().delete()  # a worker of another test may have ended one after that test
    assert look(503)["problems"] == ["No delivery pass has ever ended.", "No sweep has ever ended."]


def test_a_beat_that_was_never_started_is_seen_though_passes_end(
    frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker
) -> None:
    DeliveryPass.objects.all().delete()
    deliver_due()
    assert look(503)["problems"] == ["No sweep has ever ended."]
    assert [found.remedy for found in standstills()] == ["Start the service `beat`."]


def test_a_pass_that_is_too_long_ago_is_a_problem(
    frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker
) -> None:
    deliver_due()
    frozen.shift(timedelta(seconds=61))
    assert look(503)["problems"] == ["The last delivery pass ended 61 s ago."]


def test_a_sweep_that_is_too_long_ago_tells_of_a_dead_beat_though_passes_end(
    frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker
) -> None:
    reconcile()
    frozen.shift(timedelta(seconds=301))
    deliver_due()
    assert look(503)["problems"] == ["The last sweep ended 301 s ago."]
    assert [found.remedy for found in standstills()] == ["Start the service `beat`."]


def test_a_clock_that_was_set_back_does_not_hide_that_passes_stay_away(
    frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker
) -> None:
    deliver_due()
    frozen.shift(timedelta(hours=-1))
    problems = ["The last delivery pass ended 3600 s ago.", "The last sweep ended 3600 s ago."]
    assert look(503)["problems"] == problems
    deliver_due()
    reconcile()
    look(200)


def test_the_oldest_message_is_found_however_far_a_clock_put_it_off_and_while_it_is_sent(
    clinic: Clinic, frozen: time_machine.Traveller
) -> None:
    visit = clinic.book()
    frozen.shift(timedelta(minutes=10))
    mail = PatientMessage.objects.filter(appointment=visit, kind="confirmation")
    mail.update(not_before=clock.now() + timedelta(days=30))
    assert oldest_due_seconds() == 540.0
    mail.update(
        status="sending", sending_at=clock.now(), lease_token=visit.pk, leased_until=clock.now() + timedelta(minutes=1)
    )
    assert oldest_due_seconds() == 540.0


class TestToday:
    """What the desk is told, and what is to be done."""

    @pytest.fixture
    def house(self, frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker) -> House:
        return House()

    def says(self, house: House, role: Role = Role.FRONT_DESK) -> str:
        return words(house.get(role, reverse("admin:index")))

    def test_nothing_while_mail_flows(self, house: House) -> None:
        deliver_due()
        assert "standstill" not in self.says(house)

    def test_a_mail_server_that_cannot_be_used(self, house: House, sink: Sink) -> None:
        sink.mode = Mode.REFUSE_CONNECTION
        make_clinic("Elm House", grace_seconds=0).book()
        deliver_due()
        for role in (Role.FRONT_DESK, Role.MANAGER):
            assert "The mail server could not be used (SMTPConnectError 554)." in self.says(house, role)
        assert "standstill" not in self.says(house, Role.ASSISTANT), "they can do nothing about it"

    def test_a_dead_worker_whose_tasks_wait(self, house: House, broker: Broker, frozen: time_machine.Traveller) -> None:
        deliver_due()
        frozen.shift(timedelta(seconds=61))
        broker.client.lpush("celery", "a task")
        assert "Start the service `worker`." in self.says(house)

    def test_a_dead_broker(self, house: House, broker: Broker, frozen: time_machine.Traveller) -> None:
        deliver_due()
        frozen.shift(timedelta(seconds=61))
        broker.kill()
        assert "The broker does not answer" in self.says(house)

    def test_nobody_at_all(self, house: House, frozen: time_machine.Traveller) -> None:
        DeliveryPass.objects.all().delete()
        assert "Start the services `worker` and `beat`" in self.says(house)


def test_a_message_that_waits_too_long_is_a_problem_also_between_attempts(
    clinic: Clinic, frozen: time_machine.Traveller, sink: Sink, broker: Broker
) -> None:
    clinic.book()
    sink.mode = Mode.TRANSIENT_AT_RECIPIENT
    for _ in range(7):
        frozen.shift(timedelta(seconds=60))
        deliver_due()
    pass_record(SWEEP)
    found = look(503)
    assert found["oldest_due_seconds"] == 360.0
    assert found["problems"] == ["The oldest message has been due for 360 s."]


def test_a_mail_server_that_does_not_answer_is_a_problem(
    frozen: time_machine.Traveller, sink: Sink, broker: Broker
) -> None:
    deliver_due()
    sink.mode = Mode.REFUSE_CONNECTION
    found = look(503)
    assert (found["smtp"], found["problems"]) == (False, ["The mail server cannot be used."])


def test_who_asks_again_at_once_does_not_open_the_mail_server_again(
    frozen: time_machine.Traveller, sink: Sink, broker: Broker, settings: Settings
) -> None:
    deliver_due()
    assert look(200)["smtp"]
    settings.DELIVERY_HEALTH_SECONDS = 3600
    sink.mode = Mode.REFUSE_CONNECTION
    assert look(200)["smtp"]
    settings.DELIVERY_HEALTH_SECONDS = 0
    assert not look(503)["smtp"]


def test_a_dead_broker_is_a_problem(frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker) -> None:
    deliver_due()
    broker.kill()
    found = look(503)
    assert (found["broker"], found["problems"]) == (False, ["The broker does not answer."])


def test_what_waits_for_a_person_is_counted_and_is_no_alarm(
    clinic: Clinic, frozen: time_machine.Traveller, mailbox: Inbox, broker: Broker
) -> None:
    for number, hour in enumerate(("10:00", "11:00", "12:00")):
        visit = clinic.book(hour)
        PatientMessage.objects.filter(appointment=visit, kind="confirmation").update(
            status="failed" if number else "unknown", sending_at=clock.now(), settled_at=clock.now()
        )
    deliver_due()
    found = look(200)
    assert (found["failed"], found["unknown"]) == (2, 1)


def test_the_address_takes_no_changes(mailbox: Inbox, broker: Broker) -> None:
    assert Client().post("/health/delivery").status_code == 405


def test_the_figures_are_among_the_metrics(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, frozen: time_machine.Traveller, mailbox: Inbox
) -> None:
    clinic.book()
    deliver_due()
    frozen.shift(timedelta(seconds=90))
    monkeypatch.setenv("METRICS_TOKEN", "secret-for-this-test")
    answer = Client().get("/metrics", headers={"Authorization": "Bearer secret-for-this-test"})
    lines = answer.content.decode().splitlines()
    assert "clinic_message_oldest_due_seconds 30" in lines
    assert "clinic_delivery_pass_age_seconds 90" in lines
    assert "clinic_messages_failed 0" in lines
    assert "clinic_messages_unknown 0" in lines
