"""A caller under age: who speaks for them, asked for or marked as missing."""

from datetime import date

from patients.models import Patient
from patients.services import GuardianInput, patient_update
from tests import factories
from tests.console import said, url, words
from tests.plans.scheduling.caller.asking import DESK, MINOR, PAGE, filled


def test_a_minor_is_asked_for_who_speaks_for_them_or_that_it_is_asked_later(house):
    response = house.post(DESK, PAGE, **filled(house, date_of_birth=MINOR))
    assert response.status_code == 200
    says = "They are 12: name who speaks for them, or tick that we ask when they come."
    assert response.context["form"].errors == {"guardian_name": [says]}
    assert not Patient.objects.exists()
    known = factories.make_patient(house.location, date_of_birth=date(2014, 3, 2))
    hers = {"act": "", "asked": "register", "decision": str(known.pk), "date_of_birth": MINOR}
    assert house.post(DESK, PAGE, **filled(house, **hers)).status_code == 303, "somebody known is not asked"
    given = {"guardian_name": "Mona Pine", "guardian_relationship": "mother"}
    booked = house.post(DESK, PAGE, **filled(house, date_of_birth=MINOR, **given))
    assert not [text for text in said(booked) if "guardian" in text]
    assert Patient.objects.get(last_name="Pine").guardian.name == "Mona Pine"
    later = filled(house, act="register", last_name="Oak", phone="", date_of_birth=MINOR, guardian_later="on")
    assert any(
        "is 12 years old and has no guardian on record" in text for text in said(house.post(DESK, PAGE, **later))
    )


def test_a_minor_without_a_guardian_is_marked_until_one_is_entered(house):
    house.post(DESK, PAGE, **filled(house, date_of_birth=MINOR, guardian_later="on"))
    patient = Patient.objects.get()
    pages = (url(patient), "/admin/", "/admin/plans/appointment/")
    for path in pages:
        assert "Guardian missing" in words(house.get(DESK, path)), path
    patient_update(patient_id=patient.pk, changes={"guardian": GuardianInput("Mona Pine", "mother")})
    for path in pages:
        assert "Guardian missing" not in words(house.get(DESK, path)), path


def test_who_turns_eighteen_today_needs_no_guardian(house):
    assert house.post(DESK, PAGE, **filled(house, date_of_birth="2008-03-02")).status_code == 303


def test_the_last_minute_of_being_minor_is_the_day_before_the_birthday(house):
    page = words(house.get(DESK, PAGE))
    assert 'data-of-age="2008-03-02"' in page
    assert 'max="2026-03-02"' in page
