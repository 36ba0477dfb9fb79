"""A new caller, by the services: patient and visit together or not at all."""

from dataclasses import replace
from datetime import date

import pytest

from clinic.errors import Conflict, Invalid, SlotTaken
from patients.models import Patient
from patients.services import GuardianInput
from plans.scheduling.services import Caller, caller_book, caller_register, caller_walk_in
from tests import factories
from tests.plans.scheduling.caller.asking import PIA, TODAY
from tests.plans.scheduling.conftest import Clinic, Written


def call(clinic: Clinic, caller: Caller = PIA, clock: str = "10:00", **fields):
    return caller_book(
        by=clinic.desk,
        caller=caller,
        location=clinic.location,
        practitioner=clinic.practitioner,
        starts_at=clinic.at(clock),
        **fields,
    )


def test_a_call_makes_a_patient_with_a_booked_consultation(clinic):
    guardian = GuardianInput("Mona Pine", "mother")
    visit, warnings = call(clinic, replace(PIA, email="pia@example.com", guardian=guardian), note="Thinning crown")
    patient = Patient.objects.get(last_name="Pine")
    assert (visit.patient, visit.kind, visit.status, visit.note) == (
        patient,
        "consultation",
        "booked",
        "Thinning crown",
    )
    assert (patient.phone_digits, patient.sex, patient.language) == ("12125550199", "unknown", "en")
    assert patient.guardian.name == "Mona Pine"
    assert visit.messages.filter(kind="confirmation").exists()
    assert warnings == []


@pytest.mark.parametrize(
    ("caller", "clock", "refusal"),
    [
        (PIA, "10:15", SlotTaken),
        (PIA, "22:00", Conflict),
        (replace(PIA, date_of_birth=date(2026, 3, 3)), "12:00", Invalid),
        (replace(PIA, guardian=GuardianInput("Mona", "")), "12:00", Invalid),
    ],
)
def test_what_is_refused_leaves_neither_patient_nor_visit(clinic, caller, clock, refusal):
    clinic.book("10:00")
    before, patients = Written.now(), Patient.objects.count()
    with pytest.raises(refusal):
        call(clinic, caller, clock)
    assert (Written.now(), Patient.objects.count()) == (before, patients)


def test_somebody_known_is_not_registered_again_before_a_person_decided(clinic):
    call(clinic)
    same = replace(PIA, first_name=" PIA ", phone="")
    with pytest.raises(Conflict) as refused:
        call(clinic, same, "11:00")
    known = Patient.objects.get(last_name="Pine")
    assert refused.value.code == "likely_duplicate"
    assert refused.value.extra == {"patients": [str(known.pk)]}
    with pytest.raises(Conflict):
        caller_register(by=clinic.desk, caller=same, location=clinic.location)
    _, warnings = call(clinic, same, "11:00", is_somebody_else=True)
    assert warnings == []
    assert Patient.objects.filter(last_name="Pine").count() == 2


def test_a_likely_duplicate_at_another_location_stays_unseen(clinic):
    factories.make_patient(
        factories.make_location(), first_name="Pia", last_name="Pine", date_of_birth=PIA.date_of_birth
    )
    visit, _ = call(clinic)
    assert visit.patient.home_location == clinic.location


def test_somebody_new_who_is_here_begins_at_once_or_is_not_registered(clinic):
    visit, _ = caller_walk_in(by=clinic.desk, caller=PIA, location=clinic.location)
    assert (visit.status, visit.starts_at) == ("arrived", clinic.at("10:00", TODAY))
    assert not visit.messages.exists()
    paul = replace(PIA, first_name="Paul", last_name="Oak", phone="", email="")
    with pytest.raises(SlotTaken):
        caller_walk_in(by=clinic.desk, caller=paul, location=clinic.location)
    assert not Patient.objects.filter(first_name="Paul").exists()


def test_a_phone_that_is_none_is_kept_with_a_warning(clinic):
    patient, warnings = caller_register(
        by=clinic.desk, caller=replace(PIA, phone="ask her son"), location=clinic.location
    )
    assert patient.phone == "ask her son"
    assert [warning.attr for warning in warnings] == ["phone"]
