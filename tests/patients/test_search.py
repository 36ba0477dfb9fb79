"""The search box: names with typos and in any order, numbers in any spelling, and in which order they come."""

from datetime import date
from unittest.mock import ANY

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from patients.queries import likely_duplicates, search
from patients.rules import Sought, sought, swapped
from tests.api import Api
from tests.console import House, words
from tests.factories import make_location, make_patient, make_user

LIST = "/admin/patients/patient/"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("  Mock   Dogwood ", Sought(("Mock", "Dogwood"))),
        ("m.dog@example.com", Sought(email="m.dog@example.com")),
        ("mrn-000042", Sought(mrn="MRN-000042")),
        ("MRN 42", Sought(mrn="MRN-000042")),
        ("42", Sought(mrn="MRN-000042")),
        ("1000042", Sought(mrn="MRN-1000042", phone="1000042")),
        ("0141", Sought(mrn="MRN-000141", phone="0141")),
        ("+49 (0)30 1234567", Sought(phone="49301234567")),
        ("0034 910 555 010", Sought(phone="34910555010")),
        ("(030) 123-4567", Sought(phone="301234567")),
        ("Dogwood 0141", Sought(("Dogwood",), phone="0141")),
        ("1985-05-17", Sought(born=(date(1985, 5, 17),))),
        ("17.5.1985", Sought(born=(date(1985, 5, 17),))),
        ("05/17/1985", Sought(born=(date(1985, 5, 17),))),
        ("5/6/1985", Sought(born=(date(1985, 6, 5), date(1985, 5, 6)))),
        ("Dogwood, 17 May 1985", Sought(("Dogwood",), born=(date(1985, 5, 17),))),
        ("May 17, 1985", Sought(born=(date(1985, 5, 17),))),
        ("99/99/1985", Sought(phone="99991985")),
        ("---", Sought(("---",))),
        ("Dogwood, M.", Sought(("Dogwood", "M"))),
    ],
)
def test_what_a_text_asks_for(text, asked):
    assert sought(text) == asked


def test_two_letters_of_a_short_word_may_be_swapped():
    assert set(swapped("jhon")) == {"hjon", "john", "jhno"}
    assert not list(swapped("chamomile"))


@pytest.fixture
def location(db):
    return make_location()


def names(text, patients=None):
    found = search(Patient.objects.all() if patients is None else patients, text)
    return [patient.full_name for patient in found]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Mock Dogwood", "dogwood mock"),
        ("Mock Dogwood", "Mock Dogwod"),
        ("Mock Dogwood", "dogweod"),
        ("Mock Dogwood", "Bogwood"),
        ("Mock Dogwood", "dogwood, 17 May 1985"),
        ("Mock Dogwood", "Mok Dogwud"),
        ("Mock Dogwood", "Dogwud, Mok"),
        ("Mock Dogwood", "M. Dogwood"),
        ("Mock Dogwood", "Dogwood, M."),
        ("Mock Dogwood", "M Doggwod"),
        ("Katherine Stevens", "Cathrine Stephens"),
        ("John Smith", "Jon Smyth"),
        ("John Smith", "jhon"),
        ("John Smith", "Smiht"),
        ("John Smith", "Jhon Smyth"),
        ("Jürgen Müller", "muller"),
        ("Jurgen Muller", "Müller Jürgen"),
        ("Jürgen Müller", "Mueller"),
        ("Anna-Maria O’Neill", "maria"),
        ("Anna-Maria O’Neill", "o'neill"),
        ("Anna-Maria O’Neill", "oneill"),
        ("Li Wu", "w"),
        ("Li Wu", "wu li"),
        ("Ωμέγα Δάφνη", "ωμέγα"),
    ],
)
def test_a_name_is_found_in_any_order_without_accents_and_with_a_typo(location, name, text):
    first, _, last = name.partition(" ")
    make_patient(location, first_name=first, last_name=last)
    make_patient(location, first_name="Xaver", last_name="Quitzow")
    assert names(text) == [name]


@pytest.mark.parametrize("text", ["%", "_", "x\\", "'", "zzz", "Mock zzz", "12345678901234567890", "Mock 17/05/1986"])
def test_what_nobody_is_called_finds_nobody(location, text):
    make_patient(location, first_name="Mock", last_name="Dogwood")
    assert names(text) == []


@pytest.mark.parametrize(
    "text", ["212 555 0141", "5550141", "+1-212-555-0141", "001 212 555 0141", "0141", "M.DOG@Example.com", "17/5/1985"]
)
def test_a_number_in_any_spelling_an_email_and_a_birthday_find_their_owner(location, text):
    wanted = make_patient(
        location, first_name="Mock", last_name="Dogwood", phone="(212) 555-0141", email="m.dog@example.com"
    )
    make_patient(location, phone="+1 212 555 0999", date_of_birth=date(1985, 5, 18))
    assert list(search(Patient.objects.all(), text)) == [wanted]


def test_a_record_number_is_found_with_or_without_prefix_and_zeros(location):
    wanted, _ = make_patient(location), make_patient(location)
    digits = wanted.mrn.removeprefix("MRN-")
    for text in (wanted.mrn, wanted.mrn.lower(), f"mrn {int(digits)}", digits, str(int(digits))):
        assert wanted in search(Patient.objects.all(), text)
        assert search(Patient.objects.all(), text).first() == wanted


def test_the_nearest_come_first_and_equals_by_name(location):
    for name in ("Smith Anders", "Smithson Bea", "Ann Smith", "Bob Smyth", "Ann Smithe", "Smith Ann-Lee"):
        first, last = name.split()
        make_patient(location, first_name=first, last_name=last)
    assert names("ann smith") == ["Ann Smith", "Smith Ann-Lee", "Ann Smithe"]
    same, beginnings, alike = (
        ["Smith Anders", "Smith Ann-Lee", "Ann Smith"],
        ["Smithson Bea", "Ann Smithe"],
        "Bob Smyth",
    )
    assert names("smith") == [*same, *beginnings, alike]


def test_a_whole_number_comes_before_the_end_of_one(location):
    numbered = make_patient(location, phone="")
    digits = str(1000 + int(numbered.mrn.removeprefix("MRN-")))
    Patient.objects.filter(pk=numbered.pk).update(mrn=f"MRN-{int(digits):06}")
    make_patient(location, first_name="Aaron", last_name="Aaronson", phone=f"+1 212 555 {digits[-4:]}")
    found = search(Patient.objects.all(), digits)
    assert [patient.pk for patient in found] == [numbered.pk, ANY]


def test_the_search_is_one_query(location, django_assert_num_queries):
    make_patient(location, first_name="Mock", last_name="Dogwood")
    with django_assert_num_queries(1):
        assert names("mock dogwod") == ["Mock Dogwood"]


def test_a_likely_duplicate_has_the_same_name_whatever_its_accents_and_order(location):
    patient = make_patient(location, first_name="Jürgen", last_name="Müller", phone="")
    for first, last in (("jurgen", "MULLER"), ("Müller", "Jürgen")):
        found = likely_duplicates(
            first_name=first, last_name=last, date_of_birth=patient.date_of_birth, phone="", email="", country="US"
        )
        assert list(found) == [patient]


class TestPages:
    @pytest.fixture
    def api(self, location):
        for number in range(7):
            make_patient(location, first_name="Kim", last_name="Alder")
            make_patient(location, first_name=f"A{number}", last_name="Aldor")
        return Api(make_user((location, Role.FRONT_DESK)))

    def test_pages_hold_everybody_once_in_the_order_of_their_rank(self, api):
        seen, back = [], []
        page = api.get("/patients/?search=alder&page_size=4").json()
        while True:
            seen += page["results"]
            if not page["next"]:
                break
            page = api.follow(page["next"]).json()
        assert [row["last_name"] for row in seen] == ["Alder"] * 7 + ["Aldor"] * 7
        assert len({row["id"] for row in seen}) == 14
        while page:
            back = page["results"] + back
            page = api.follow(page["previous"]).json() if page["previous"] else None
        assert [row["id"] for row in back] == [row["id"] for row in seen]

    def test_an_ordering_that_is_asked_for_governs(self, api):
        rows = api.get("/patients/?search=alder&ordering=-first_name").json()["results"]
        assert [row["first_name"] for row in rows] == ["Kim"] * 7 + [f"A{number}" for number in range(6, -1, -1)]

    def test_a_cursor_of_another_search_order_is_refused(self, api):
        following = api.get("/patients/?page_size=2").json()["next"]
        assert api.follow(f"{following}&search=alder").status_code == 400


class TestConsole:
    @pytest.fixture
    def house(self, location, frozen):
        house = House()
        for first, last in (("Zoe", "Dogwood"), ("Ann", "Dogwoods"), ("Bea", "Dogweed")):
            make_patient(house.location, first_name=first, last_name=last)
        return house

    def test_list_and_finder_show_the_nearest_first(self, house):
        for path in (f"{LIST}?q=dogwood", "/admin/search/?s=dogwood"):
            page = words(house.get(Role.FRONT_DESK, path))
            places = [page.index(name) for name in ("Zoe", "Ann", "Bea")]
            assert places == sorted(places)
            assert "No exact match" not in page

    def test_similar_names_are_called_that(self, house):
        for path in (f"{LIST}?q=dogwoad", "/admin/search/?s=dogwoad"):
            page = words(house.get(Role.FRONT_DESK, path))
            assert "No exact match" in page
            assert "Zoe" in page
