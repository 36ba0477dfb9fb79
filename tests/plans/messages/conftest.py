"""A clinic in New York on Monday 2 March 2026, 10:00, whose visits ask for mail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from clinic.access.roles import Role
from clinic.people.models import Practitioner, User
from clinic.places.models import Location
from patients.models import Patient
from plans.messages.models import MessageKind, PatientMessage
from plans.messages.nudge import nudge
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, appointment_cancel, appointment_reschedule, appointment_undo
from tests import factories
from tests.plans.messages.sink import Sink


@dataclass
class Clinic:
    location: Location
    practitioner: Practitioner
    desk: User
    patient: Patient

    def at(self, clock: str, day: date = date(2026, 3, 18)) -> datetime:
        """The instant of this local time; the default day is a Wednesday, 16 days ahead, after the clock change."""
        return datetime.combine(day, time.fromisoformat(clock), self.location.zone).astimezone(UTC)

    def book(self, clock: str = "10:00", day: date = date(2026, 3, 18), **fields: Any) -> Appointment:
        """Book a consultation, of the patient unless told of whom."""
        return appointment_book(
            **{
                "by": self.desk,
                "location": self.location,
                "practitioner": self.practitioner,
                "starts_at": self.at(clock, day),
                "consultation_for": self.patient,
                **fields,
            }
        )

    def move(self, appointment: Appointment, clock: str, day: date = date(2026, 3, 18)) -> Appointment:
        return appointment_reschedule(appointment_id=appointment.pk, by=self.desk, starts_at=self.at(clock, day))

    def cancel(self, appointment: Appointment) -> Appointment:
        return appointment_cancel(appointment_id=appointment.pk, by=self.desk, reason="patient")

    def undo(self, appointment: Appointment) -> Appointment:
        return appointment_undo(appointment_id=appointment.pk, by=self.desk)

    def another_patient(self, **fields: Any) -> Patient:
        return factories.make_patient(self.location, **fields)

    def now_open(self) -> date:
        """A day on which the clinic is open and that is still to come, for tests on the real clock."""
        return factories.next_weekday(self.location, after_days=20)


def make_clinic(name: str = "Linden House", **location: Any) -> Clinic:
    place = factories.make_location(name, street="12 Linden Street", city="New York", **location)
    return Clinic(
        location=place,
        practitioner=factories.make_practitioner(place),
        desk=factories.make_user((place, Role.FRONT_DESK)),
        patient=factories.make_patient(place, first_name="Mock", email="mock@example.com"),
    )


@pytest.fixture
def clinic(frozen: time_machine.Traveller) -> Clinic:
    """On a clock that stands still."""
    return make_clinic()


@pytest.fixture
def clinic_today() -> Clinic:
    """On the real clock, without a grace period: for tests with processes of their own."""
    return make_clinic(grace_seconds=0)


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A mail server that misbehaves as it is told, in place of the mailbox."""
    with Sink() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.address
        yield server


@pytest.fixture(autouse=True)
def fresh_nudge() -> None:
    """What one test made of this process's line to the broker does not reach the next."""
    nudge.silent_until = nudge.last_nudged_for = 0.0


def rows(appointment: Appointment, **conditions: Any) -> list[PatientMessage]:
    """The messages of this visit as they are stored now: by revision, notices first, then by when they are due."""
    found = PatientMessage.objects.filter(appointment=appointment, **conditions)
    return sorted(found, key=lambda row: (row.appointment_revision, row.kind == MessageKind.REMINDER, row.due_at))


def states(appointment: Appointment) -> list[tuple[int | None, str, str, str]]:
    """Revision, kind, offset and status of each message of this visit."""
    return [(row.appointment_revision, row.kind, row.offset, row.status) for row in rows(appointment)]
