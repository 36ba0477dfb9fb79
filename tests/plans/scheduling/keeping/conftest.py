"""Visits that want rebooking, and who may decide that they stay."""

import pytest

from clinic.people.models import User
from plans.scheduling.models import Appointment
from tests.plans.scheduling.conftest import Clinic
from tests.plans.scheduling.keeping.deciding import THURSDAY, wanted
from tests.plans.scheduling.test_rebooking import shift


@pytest.fixture
def doctor(clinic: Clinic) -> User:
    return clinic.practitioner.user


@pytest.fixture
def late(clinic: Clinic) -> Appointment:
    """A visit on the last day but one of a window that closes before it by now."""
    visit = clinic.book("10:00", THURSDAY, session=clinic.sessions[0])
    shift(clinic.sessions[0], -5)
    assert str(wanted(visit)).startswith("Too late now")
    return visit


@pytest.fixture
def soon(clinic: Clinic) -> Appointment:
    """A visit whose window opens after it by now."""
    visit = clinic.book("10:00", session=clinic.sessions[0])
    shift(clinic.sessions[0], 2)
    assert str(wanted(visit)).startswith("Too early now")
    return visit
