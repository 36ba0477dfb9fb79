"""What every other test stands on."""

import os
import socket
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from clinic import clock
from clinic.celery import app
from tests.servers import servers


def test_no_server_of_make_run_is_ever_touched(db):
    assert os.environ["CLINIC_HOME"].startswith(str(servers.run))
    assert servers.home.broker_url == settings.BROKER_URL
    assert servers.inbox.address[1] == settings.EMAIL_PORT
    assert connection.settings_dict["NAME"].startswith("test_")


def test_celery_is_never_eager():
    assert app.conf.task_always_eager is False


def test_a_connection_that_would_leave_this_machine_is_refused():
    for address in [("192.0.2.1", 80), ("2001:db8::1", 80)]:
        with pytest.raises(PermissionError, match="only this machine's servers"):
            socket.create_connection(address, timeout=1)


def test_the_frozen_clock_stands_until_it_is_moved(frozen):
    before = clock.now()
    assert before == clock.now() == datetime(2026, 3, 2, 15, tzinfo=UTC)
    frozen.shift(60)
    assert (clock.now() - before).total_seconds() == 60


def test_a_broker_comes_empty(broker):
    assert cache.get("left-over") is None
    cache.set("left-over", True)


def test_a_broker_comes_empty_again(broker):
    assert cache.get("left-over") is None


def test_a_worker_process_works_on_this_tests_database(celery_worker_process, child_environment):
    assert celery_worker_process.alive
    assert connection.settings_dict["NAME"] in child_environment["DATABASE_URL"]
