"""What happens when two want the same: one retry, and the constraints behind the service's own checks."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError

from clinic.audit.history import recorded
from clinic.errors import Busy, Conflict, SlotTaken
from clinic.locking import advisory_key
from plans.scheduling.services import booking, retrying
from plans.scheduling.services.placing import Place
from plans.scheduling.subjects import Subject
from tests.plans.scheduling.conftest import Clinic, refused


class Failing:
    """A service that loses a lock so many times before it succeeds."""

    def __init__(self, times: int, cause: Exception) -> None:
        self.times, self.cause, self.calls = times, cause, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise OperationalError("lost") from self.cause
        return "done"


def retried(service: Failing) -> Any:
    def act() -> str:
        return service()

    return retrying.retried(act)


CONTENTION = [psycopg.errors.DeadlockDetected(), psycopg.errors.LockNotAvailable()]


@pytest.mark.parametrize("cause", CONTENTION)
def test_a_service_that_lost_a_lock_once_is_run_again(cause: Exception) -> None:
    service = Failing(1, cause)

    assert retried(service)() == "done"
    assert service.calls == 2


@pytest.mark.parametrize("cause", CONTENTION)
def test_a_service_that_lost_it_twice_says_busy(cause: Exception) -> None:
    service = Failing(2, cause)

    with pytest.raises(Busy):
        retried(service)()

    assert service.calls == 2


def test_any_other_failure_is_not_retried() -> None:
    service = Failing(1, psycopg.errors.AdminShutdown())

    with pytest.raises(OperationalError):
        retried(service)()

    assert service.calls == 1


@pytest.mark.django_db
def test_inside_another_services_transaction_the_failure_goes_up_at_once() -> None:
    service = Failing(1, psycopg.errors.DeadlockDetected())

    with pytest.raises(OperationalError), recorded():
        retried(service)()

    assert service.calls == 1


def test_a_key_is_a_signed_64_bit_number_and_always_the_same() -> None:
    owner = uuid4()

    assert advisory_key(owner) == advisory_key(owner)
    assert -(2**63) <= advisory_key(owner) < 2**63


# The constraints, where the service's own checks are passed by


@pytest.fixture
def unchecked(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every place is free, as the service sees it."""
    monkeypatch.setattr(booking, "place", lambda request, *rest, **options: Place(request.rooms[0], False))
    monkeypatch.setattr(Subject, "check_bookable", lambda self, **options: None)


@pytest.mark.usefixtures("unchecked")
def test_the_practitioners_constraint_refuses_with_alternatives(clinic: Clinic) -> None:
    clinic.book("10:00", room=clinic.rooms[1])

    refusal = refused(lambda: clinic.book("10:15", consultation_for=clinic.patient), SlotTaken)

    assert (refusal.code, refusal.extra["taken"]) == ("slot_taken", ["practitioner"])
    assert refusal.extra["alternatives"][0]["starts_at"] == "2026-03-09T10:30:00-04:00"


@pytest.mark.usefixtures("unchecked")
def test_the_rooms_constraint_refuses_with_alternatives(clinic: Clinic) -> None:
    clinic.book("10:00")
    colleague, stranger = clinic.another_practitioner(), clinic.another_patient()

    refusal = refused(lambda: clinic.book("10:15", practitioner=colleague, consultation_for=stranger), SlotTaken)

    assert refusal.extra["taken"] == ["room"]
    assert refusal.extra["alternatives"][0]["starts_at"] == "2026-03-09T10:15:00-04:00"


@pytest.mark.usefixtures("unchecked")
def test_the_patients_constraint_refuses_with_alternatives(clinic: Clinic) -> None:
    clinic.book("10:00")
    colleague = clinic.another_practitioner()

    refusal = refused(lambda: clinic.book("10:15", practitioner=colleague, room=clinic.rooms[1]), SlotTaken)

    assert refusal.extra["taken"] == ["patient"]


@pytest.mark.usefixtures("unchecked")
def test_a_second_live_visit_is_refused_by_its_index_too(clinic: Clinic) -> None:
    clinic.book("10:00", session=clinic.sessions[0])

    refusal = refused(lambda: clinic.book("14:00", session=clinic.sessions[0]), Conflict)

    assert refusal.code == "already_booked"


@pytest.mark.usefixtures("unchecked")
def test_inside_another_services_transaction_a_constraint_refuses_without_alternatives(clinic: Clinic) -> None:
    clinic.book("10:00")

    with pytest.raises(SlotTaken) as refusal, recorded():
        clinic.book("10:15", duration_minutes=int(timedelta(hours=1).total_seconds() // 60))

    assert refusal.value.extra["alternatives"] == []
