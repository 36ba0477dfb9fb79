"""Who the caller may be: found by number, name and birthday before somebody is registered again."""

from datetime import date
from html import escape
from urllib.parse import urlencode

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from tests import factories
from tests.console import words
from tests.plans.scheduling.caller.asking import DESK, MONDAY, PAGE, filled, matches


def test_a_likely_duplicate_is_shown_with_both_choices(house):
    known = factories.make_patient(
        house.location, first_name="Pia", last_name="Pine", date_of_birth=date(1990, 4, 2), sex="female"
    )
    response = house.post(DESK, PAGE, **filled(house))
    page = words(response)
    assert response.status_code == 409
    assert f"It is her: book for {known.mrn}" in page
    assert "Somebody else: book anyway" in page
    assert not Appointment.objects.exists()
    her = house.post(DESK, PAGE, **filled(house, act="", asked="book", decision=str(known.pk), reason="Again"))
    assert her.status_code == 303
    assert Appointment.objects.get().patient == known
    assert Appointment.objects.get().note == "Again"
    later = f"{house.practitioner.pk}|2026-03-02T13:00:00-05:00"
    house.post(DESK, PAGE, **filled(house, act="", asked="book", decision="new", slot=later))
    assert Patient.objects.filter(last_name="Pine").count() == 2
    stranger = factories.make_patient(factories.make_location())
    assert house.post(DESK, PAGE, **filled(house, asked="book", decision=str(stranger.pk))).status_code == 404


def test_a_number_finds_the_family_in_any_spelling_with_their_next_visit(house):
    mother = factories.make_patient(house.location, first_name="Mona", last_name="Pine", phone="+1 (212) 555-0199")
    son = factories.make_patient(
        house.location,
        first_name="Paul",
        last_name="Pine",
        phone="212.555.0199",
        sex="male",
        email="family@example.com",
    )
    factories.make_patient(factories.make_location(), first_name="Elsewhere", phone="+1 212 555 0199")
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=factories.local(house.location, MONDAY, "10:00"),
        consultation_for=son,
    )
    page = matches(house, phone="212 555 0199")
    assert page.count("On this number") == 2
    assert "Next visit Mon 9 Mar 10:00" in page
    assert "Book for her" in page
    assert "Book for him" in page
    assert f"/admin/plans/appointment/add/?patient={mother.pk}" in page
    assert "Elsewhere" not in page
    prefilled = words(house.get(DESK, f"{PAGE}?like={son.pk}"))
    assert 'value="212.555.0199"' in prefilled
    assert "family@example.com" in prefilled
    assert 'value="Paul"' not in prefilled


@pytest.mark.parametrize("phone", ["5550199", "555-0199", "(212) 555 0199", "0212 555 0199"])
def test_a_number_typed_as_at_its_place_finds_who_is_on_it(house, phone):
    known = factories.make_patient(house.location, phone="+1 212 555 0199", date_of_birth=date(1990, 4, 2))
    assert "On this number" in matches(house, phone=phone)
    asked = {"phone": phone, "first_name": "Anna", "last_name": "Oak", "date_of_birth": "1990-04-02"}
    assert "Likely the same person" in matches(house, **asked)
    assert known.mrn in words(house.post(DESK, PAGE, **filled(house, **asked)))
    assert "On this number" not in matches(house, phone="555-0198")


def test_a_name_and_a_birthday_find_who_it_likely_is_first(house):
    factories.make_patient(house.location, first_name="Pia", last_name="Pinewood", phone="")
    known = factories.make_patient(
        house.location, first_name="Pia", last_name="Pine", date_of_birth=date(1990, 4, 2), phone=""
    )
    page = matches(house, first_name="pia", last_name="pine", date_of_birth="1990-04-02")
    assert page.index("Likely the same person") < page.index("Similar name")
    assert page.index(known.mrn) < page.index("Pinewood")
    assert "Nobody we know so far" in matches(house, first_name="Zo", last_name="\x00")
    assert "does not look like a phone number" in matches(house, phone="ask her son")
    assert "Begin with the phone" in matches(house)


def test_the_look_and_the_page_cost_the_same_however_many_match(house, django_assert_max_num_queries):
    def cost(path: str) -> int:
        with django_assert_max_num_queries(20) as made:
            page = words(house.get(DESK, path))
        assert page.count('class="c-todo__who"') <= 8
        return len(made)

    asked = "?phone=212-555-0199&first_name=Pia&last_name=Pine&date_of_birth=1990-04-02"
    paths = (f"{PAGE}matches/{asked}", PAGE + asked)
    factories.make_patient(house.location, first_name="Pia", last_name="Pinewood", phone="+1 212 555 0199")
    before = [cost(path) for path in paths]
    for number in range(10):
        factories.make_patient(
            house.location,
            first_name="Pia",
            last_name=f"Pine{number}",
            phone="+1 212 555 0199",
            date_of_birth=date(1990, 4, 2),
        )
        factories.make_practitioner(house.location)
    assert [cost(path) for path in paths] == before


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ({"first_name": "Phia", "last_name": "Pyne"}, {}),
        ({"first_name": "Sofia", "last_name": "Pines"}, {}),
        ({"first_name": "Pine", "last_name": "Pia"}, {}),
        ({"first_name": "Anna", "last_name": "Oak", "phone": "(212) 555-0199"}, {}),
        ({"first_name": "Anna", "last_name": "Oak", "email": "PIA@example.com"}, {"email": "pia@example.com"}),
    ],
)
def test_who_has_the_birthday_and_a_like_surname_phone_or_email_is_likely_the_same(house, known, typed):
    factories.make_patient(house.location, date_of_birth=date(1990, 4, 2), **{"phone": "", "email": "", **known})
    asked = {"first_name": "Pia", "last_name": "Pine", "phone": "+1 212 555 0199", "date_of_birth": "1990-04-02"}
    assert "Likely the same person" in matches(house, **asked, **typed)
    assert house.post(DESK, PAGE, **filled(house, **typed)).status_code == 409
    assert Patient.objects.count() == 1


def test_who_shares_the_birthday_or_the_surname_alone_is_not(house):
    factories.make_patient(house.location, last_name="Beech", date_of_birth=date(1990, 4, 2), phone="", email="")
    factories.make_patient(house.location, last_name="Pine", date_of_birth=date(1990, 4, 3), phone="", email="")
    assert "Likely" not in matches(house, first_name="Pia", last_name="Pine", date_of_birth="1990-04-02")
    assert house.post(DESK, PAGE, **filled(house)).status_code == 303


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Pia Pine", {"first_name": "Pia", "last_name": "Pine"}),
        ("Pine, Pia Maria", {"first_name": "Pia Maria", "last_name": "Pine"}),
        ("Pine", {"last_name": "Pine"}),
        ("212-555-0199", {"phone": "212-555-0199"}),
        ("Pia Pine, 2 Apr 1990", {"first_name": "Pia", "last_name": "Pine", "date_of_birth": "1990-04-02"}),
        ("pia@example.com", {"email": "pia@example.com"}),
        ("5/6/1990", {}),
    ],
)
def test_whom_the_list_does_not_find_is_a_new_caller_with_what_was_typed(house, text, begins):
    nobody = house.clients[DESK].get("/admin/patients/patient/", {"q": text})
    assert "Nobody is found by this." in words(nobody)
    assert escape(f"{PAGE}?{urlencode({'typed': text})}") in words(nobody)
    form = house.clients[DESK].get(PAGE, {"typed": text}).context["form"]
    names = ("first_name", "last_name", "phone", "email", "date_of_birth")
    assert {name: form[name].value() for name in names if form[name].value()} == begins
    assert PAGE not in words(house.clients[Role.ASSISTANT].get("/admin/patients/patient/", {"q": text}))
