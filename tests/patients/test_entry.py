"""What comes in that nobody means: endless searches, unseen characters in names, a merge that was to be looked at."""

from datetime import date

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from patients.queries import search
from patients.rules import sought
from patients.services import GuardianInput, patient_create
from tests.api import Api, errors
from tests.factories import make_location, make_patient, make_user


@pytest.fixture
def location(db):
    return make_location()


@pytest.mark.parametrize("text", ["ab " * 500, "a " * 5000, "Dogwood " * 100, "x" * 5000, "Dog\x00wood"])
def test_a_search_of_any_length_is_answered(location, text):
    make_patient(location, first_name="Mock", last_name="Dogwood")
    found = [patient.last_name for patient in search(Patient.objects.all(), text)]
    assert found == (["Dogwood"] if text.startswith("Dog") else [])
    assert len(sought(text).words) <= 8


def test_a_name_is_one_line_without_what_turns_it_around(location):
    patient, _ = patient_create(
        first_name="Mo\x07ck\u202e",
        last_name="Dog\nwood",
        date_of_birth=date(1985, 5, 17),
        sex="female",
        home_location=location,
        guardian=GuardianInput("A\x1bda\u2066", "mo\tther"),
    )
    patient.refresh_from_db()
    assert (patient.first_name, patient.last_name) == ("Mock", "Dog wood")
    assert (patient.guardian.name, patient.guardian.relationship) == ("Ada", "mo ther")


@pytest.mark.parametrize("name", ["preview", "Reason"])
def test_a_merge_with_a_key_that_it_does_not_know_merges_nothing(location, name):
    gone, kept = make_patient(location), make_patient(location)
    desk = Api(make_user((location, Role.FRONT_DESK)))
    answer = desk.post(f"/patients/{gone.pk}/merge/", {"into": str(kept.pk), name: True})
    assert (answer.status_code, errors(answer)) == (400, {name: "invalid"})
    assert not Patient.objects.filter(merged_into__isnull=False).exists()
