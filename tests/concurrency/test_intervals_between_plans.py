"""Sessions of two plans of one patient, booked at the same moment, keep their distance."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import connection

from clinic.errors import TooEarly
from plans.consultations.services import screening_items_seed
from plans.protocols.services import protocols_seed
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, appointment_cancel
from plans.treatment.models import ProcedureSession
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def test_of_two_sessions_too_near_to_each_other_one_is_booked() -> None:
    protocols_seed()
    screening_items_seed()
    location = factories.make_location()
    practitioners = [factories.make_practitioner(location) for _ in range(2)]
    patient = factories.make_patient(location)
    day = factories.next_weekday(location, after_days=30)
    sessions = [
        factories.make_plan(patient, practitioner, protocol=protocol, start_date=day).sessions.get(sequence=1)
        for practitioner, protocol in zip(practitioners, ("prp", "microneedling"), strict=True)
    ]
    days = [day, day + timedelta(days=3)]
    days[1] += timedelta(days=max(0, 8 - days[1].isoweekday()) if days[1].isoweekday() > 5 else 0)
    together = Barrier(2)

    def book(number: int) -> Appointment | str:
        together.wait(120)
        try:
            return _book(sessions[number], days[number], number)
        except TooEarly as refusal:
            return refusal.code
        finally:
            connection.close()

    def _book(session: ProcedureSession, on: date, number: int) -> Appointment:
        return appointment_book(
            by=None,
            location=location,
            practitioner=practitioners[number],
            starts_at=factories.local(location, on, "10:00"),
            session=session,
        )

    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            outcomes = list(pool.map(book, range(2)))
            booked = [outcome for outcome in outcomes if isinstance(outcome, Appointment)]
            assert len(booked) == 1, outcomes
            assert "too_early" in outcomes
            appointment_cancel(appointment_id=booked[0].pk, by=None, reason="clinic")
