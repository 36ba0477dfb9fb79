"""Locks, under the change of what they wait for."""

import threading

import pytest
from django.db import connection, transaction

from clinic.locking import lock, lock_all
from patients.models import Patient
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def moving():
    """A patient whose home location another transaction is changing, and what makes that transaction commit."""
    here, there = factories.make_location(), factories.make_location()
    patient = factories.make_patient(here)
    holds, may_commit = threading.Event(), threading.Event()

    def move() -> None:
        try:
            with transaction.atomic():
                Patient.objects.filter(pk=patient.pk).update(home_location=there)
                holds.set()
                may_commit.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=move)
    thread.start()
    assert holds.wait(60)
    yield patient, there, may_commit
    may_commit.set()
    thread.join()


def commit_once_waited_for(may_commit: threading.Event) -> threading.Thread:
    """Let the other transaction commit as soon as somebody waits for its lock."""

    def watch() -> None:
        try:
            for _ in range(1000):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[0]:
                        return
                threading.Event().wait(0.01)
        finally:
            may_commit.set()
            connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_row_that_came_to_refer_to_another_one_while_waited_for_is_found(moving):
    patient, there, may_commit = moving
    watcher = commit_once_waited_for(may_commit)
    with transaction.atomic():
        locked = lock(Patient.objects.select_related("home_location"), patient.pk)
    watcher.join()
    assert locked.home_location == there


def test_such_a_row_is_among_those_locked_together(moving):
    patient, there, may_commit = moving
    watcher = commit_once_waited_for(may_commit)
    with transaction.atomic():
        (locked,) = lock_all(Patient.objects.select_related("home_location"))
    watcher.join()
    assert (locked.pk, locked.home_location) == (patient.pk, there)
