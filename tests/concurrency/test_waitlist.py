"""One free time and several who want it at the same moment: one gets it, the others go on waiting."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from clinic.errors import Refusal
from clinic.people.models import Practitioner
from clinic.places.models import Location
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_book, waitlist_accept, waitlist_add
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
Try = Callable[[], Any]


class Desk:
    """A location with one practitioner, and those who wait there."""

    def __init__(self) -> None:
        self.location: Location = factories.make_location()
        self.practitioner: Practitioner = factories.make_practitioner(self.location)
        self.day = factories.next_weekday(self.location, after_days=30)

    def times(self) -> Iterator[datetime]:
        for number in range(ROUNDS):
            yield factories.local(self.location, self.day, f"{9 + number:02}:00")

    def entry(self) -> WaitlistEntry:
        return waitlist_add(by=None, patient=factories.make_patient(self.location))

    def accept(self, entry: WaitlistEntry, starts_at: datetime) -> Try:
        return lambda: waitlist_accept(entry_id=entry.pk, by=None, starts_at=starts_at, practitioner=self.practitioner)

    def book(self, starts_at: datetime) -> Try:
        patient = factories.make_patient(self.location)
        return lambda: appointment_book(
            by=None,
            location=self.location,
            practitioner=self.practitioner,
            starts_at=starts_at,
            consultation_for=patient,
        )


def together(*tries: Try) -> list[str]:
    """What came of each, all begun at the same moment: “done”, or the code of its refusal."""
    start = Barrier(len(tries))

    def attempt(one: Try) -> str:
        start.wait(120)
        try:
            one()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(tries)) as pool:
        return sorted(pool.map(attempt, tries))


def test_of_two_who_accept_one_time_one_gets_it_and_the_other_goes_on_waiting() -> None:
    desk = Desk()
    for starts_at in desk.times():
        entries = [desk.entry(), desk.entry()]
        assert together(*(desk.accept(entry, starts_at) for entry in entries)) == ["done", "slot_taken"]
        found = WaitlistEntry.objects.filter(pk__in=[entry.pk for entry in entries])
        assert sorted(found.values_list("status", flat=True)) == ["booked", "waiting"]
        winner = found.get(status="booked")
        assert winner.appointment is not None
        assert winner.appointment.patient_id == winner.patient_id
        assert Appointment.objects.filter(starts_at=starts_at).count() == 1


def test_a_time_that_is_accepted_and_booked_at_once_is_had_by_one() -> None:
    desk = Desk()
    for starts_at in desk.times():
        entry = desk.entry()
        assert together(desk.accept(entry, starts_at), desk.book(starts_at)) == ["done", "slot_taken"]
        visit = Appointment.objects.get(starts_at=starts_at)
        entry.refresh_from_db()
        is_theirs = visit.patient_id == entry.patient_id
        assert (entry.status, entry.appointment_id) == (("booked", visit.pk) if is_theirs else ("waiting", None))


def test_an_entry_that_two_desks_accept_at_once_is_booked_once() -> None:
    desk = Desk()
    for starts_at in desk.times():
        entry = desk.entry()
        later = starts_at + timedelta(minutes=30)
        outcome = together(desk.accept(entry, starts_at), desk.accept(entry, later))
        assert outcome == ["done", "invalid_transition"]
        assert Appointment.objects.filter(patient=entry.patient).count() == 1
