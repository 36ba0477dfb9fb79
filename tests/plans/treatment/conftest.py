"""One location with a practitioner, a patient and an accepted plan of hers, for the tests that ask for them."""

import pytest

from clinic.people.models import Practitioner
from clinic.places.models import Location
from patients.models import Patient
from plans.treatment.models import TreatmentPlan
from tests import factories


@pytest.fixture
def location(db) -> Location:
    return factories.make_location()


@pytest.fixture
def practitioner(location) -> Practitioner:
    return factories.make_practitioner(location)


@pytest.fixture
def patient(location) -> Patient:
    return factories.make_patient(location)


@pytest.fixture
def plan(patient, practitioner) -> TreatmentPlan:
    return factories.make_plan(patient, practitioner)
