"""What is over is not reminded of."""

import pytest

from clinic.access.roles import Role
from plans.scheduling.services import appointment_arrive, appointment_book, appointment_fulfil, appointment_no_show
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked():
    location = factories.make_location()
    return appointment_book(
        by=factories.make_user((location, Role.FRONT_DESK)),
        location=location,
        practitioner=factories.make_practitioner(location),
        starts_at=factories.local(location, factories.next_weekday(location, after_days=20), "10:00"),
        consultation_for=factories.make_patient(location),
    )


def test_a_visit_that_took_place_leaves_no_mail_behind(booked):
    assert booked.messages.filter(status="pending").exists()
    appointment_arrive(appointment_id=booked.pk, by=None)
    appointment_fulfil(appointment_id=booked.pk, by=None)
    assert set(booked.messages.values_list("status", flat=True)) == {"cancelled"}


def test_a_missed_visit_leaves_no_mail_behind(booked):
    appointment_no_show(appointment_id=booked.pk, by=None)
    assert set(booked.messages.values_list("status", flat=True)) == {"cancelled"}
