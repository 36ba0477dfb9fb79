"""A booking that reads the old hours while they change does not slip through: it is refused, or its visit is marked."""

import time as time_of_day
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, time
from threading import Event
from typing import Any

import pytest
from django.db import connection

from clinic import locking
from clinic.errors import Conflict
from clinic.people.models import Practitioner
from clinic.places import services
from clinic.places.models import Location, OpeningHours
from clinic.places.services import changes
from patients.models import Patient
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, booking
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 120


class Scene:
    """A location, one of its practitioners, a patient, and a Monday some weeks away."""

    def __init__(self) -> None:
        self.location: Location = factories.make_location()
        self.practitioner: Practitioner = factories.make_practitioner(self.location)
        self.patient: Patient = factories.make_patient(self.location)
        self.day: date = factories.next_weekday(self.location, after_days=30)

    def book(self) -> Appointment | str:
        """Its code where it is refused."""
        try:
            return appointment_book(
                by=None,
                location=self.location,
                practitioner=self.practitioner,
                starts_at=factories.local(self.location, self.day, "10:00"),
                consultation_for=self.patient,
            )
        except Conflict as refusal:
            return refusal.code

    def no_hours(self) -> None:
        hours = OpeningHours.objects.get(location=self.location, weekday=self.day.isoweekday())
        services.opening_hours_delete(opening_hours_id=hours.pk)

    def a_break(self) -> None:
        services.break_create(
            location=self.location, weekday=self.day.isoweekday(), starts_at=time(9), ends_at=time(12)
        )

    def a_closure(self) -> None:
        services.closure_create(location=self.location, **self._morning(), reason="Works")

    def time_off(self) -> None:
        services.time_off_create(practitioner=self.practitioner, **self._morning())

    def _morning(self) -> dict[str, Any]:
        return {
            "starts_at": factories.local(self.location, self.day, "09:00"),
            "ends_at": factories.local(self.location, self.day, "12:00"),
        }


CHANGES: list[Callable[[Scene], None]] = [Scene.no_hours, Scene.a_break, Scene.a_closure, Scene.time_off]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def elsewhere(pool: ThreadPoolExecutor, act: Callable[[], Any]) -> "Future[Any]":
    """In another thread, on a connection of its own."""

    def run() -> Any:
        try:
            return act()
        finally:
            connection.close()

    return pool.submit(run)


def is_lost(outcome: Appointment | str) -> bool:
    """Whether a visit stands outside working time and nobody was told."""
    return isinstance(outcome, Appointment) and Appointment.objects.get(pk=outcome.pk).off_hours == ""


@contextmanager
def pausing(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, reached: Event, go_on: Event) -> Iterator[None]:
    """After `module.name` has been called, wait until we may go on."""
    original = getattr(module, name)

    def then_wait(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        reached.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(module, name, then_wait)
        yield


def hold_people_alone(*ids: Any, others: Any = (), shared: Any = ()) -> None:
    """The locks of bookings as they would be if hours were nobody's concern."""
    locking.hold(*ids, others=others)


def change_while_a_booking_is_under_way(
    pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    scene: Scene,
    change: Callable[[Scene], None],
    *,
    waits: bool,
) -> Appointment | str:
    """The booking has its verdict under the old hours when somebody changes them; it goes on once the change is
    through, or waits for it."""
    judged, go_on = Event(), Event()
    with pausing(monkeypatch, booking, "place", judged, go_on):
        booked = elsewhere(pool, scene.book)
        assert judged.wait(PATIENCE_SECONDS)
        changed = elsewhere(pool, lambda: change(scene))
        if waits:
            wait_until_somebody_waits(changed)
        else:
            changed.result(PATIENCE_SECONDS)
        go_on.set()
        outcome: Appointment | str = booked.result(PATIENCE_SECONDS)
        changed.result(PATIENCE_SECONDS)
    return outcome


def wait_until_somebody_waits(future: "Future[Any]") -> None:
    """Until another transaction waits for an advisory lock."""
    until = time_of_day.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while time_of_day.monotonic() < until:
            cursor.execute(
                "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = ("
                "SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchall():
                return
            assert not future.done(), "the change did not wait"
            time_of_day.sleep(0.01)
    raise TimeoutError("nobody waits for a lock")


@pytest.mark.parametrize("change", CHANGES[:3])
def test_without_the_shared_lock_a_visit_slips_through(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, change: Callable[[Scene], None]
) -> None:
    """The race is real: otherwise the test below would prove nothing."""
    scene = Scene()
    monkeypatch.setattr(booking, "hold", hold_people_alone)

    assert is_lost(change_while_a_booking_is_under_way(pool, monkeypatch, scene, change, waits=False))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_waits_for_bookings_under_way_and_marks_their_visits(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, change: Callable[[Scene], None]
) -> None:
    scene = Scene()

    outcome = change_while_a_booking_is_under_way(pool, monkeypatch, scene, change, waits=True)

    assert isinstance(outcome, Appointment)
    assert not is_lost(outcome)


@pytest.mark.parametrize("change", CHANGES)
def test_a_booking_that_read_the_old_hours_waits_for_the_change_and_is_refused(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, change: Callable[[Scene], None]
) -> None:
    scene = Scene()
    changing, read = Event(), Event()
    frame_of = booking.frame_of

    def read_then_tell(location_id: Any) -> Any:
        frame = frame_of(location_id)
        read.set()
        return frame

    monkeypatch.setattr(booking, "frame_of", read_then_tell)
    with pausing(monkeypatch, changes, "hold", changing, read):
        changed = elsewhere(pool, lambda: change(scene))
        assert changing.wait(PATIENCE_SECONDS)
        booked = elsewhere(pool, scene.book)
        outcome = booked.result(PATIENCE_SECONDS)
        changed.result(PATIENCE_SECONDS)

    assert outcome == "outside_hours"
    assert not Appointment.objects.exists()
