"""A new caller: from the phone number to a registered patient with a booked consultation, both or neither."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from html import escape
from urllib.parse import urlencode

import pytest

from clinic.access.roles import Role
from clinic.errors import Conflict, Invalid, SlotTaken
from patients.models import Patient
from patients.services import GuardianInput, patient_update
from plans.scheduling.models import Appointment
from plans.scheduling.services import (
    Caller,
    appointment_book,
    caller_book,
    caller_register,
    caller_walk_in,
    walk_in_begin,
)
from tests import factories
from tests.console import House, said, sign_in, url, words
from tests.plans.scheduling.conftest import Clinic, Written

DESK = Role.FRONT_DESK
TODAY, MONDAY = date(2026, 3, 2), date(2026, 3, 9)
PAGE = "/admin/plans/appointment/new-caller/"
PIA = Caller(first_name="Pia", last_name="Pine", date_of_birth=date(1990, 4, 2), phone="(212) 555-0199")


# The services


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


# The page


@pytest.fixture
def house(db, frozen):
    return House()


def first_slot(page: str) -> str:
    return page.split('name="slot" value="')[1].split('"')[0]


def filled(house: House, **fields):
    """A complete form, with the first free time."""
    return {
        "act": "book",
        "phone": "+1 212 555 0199",
        "first_name": "Pia",
        "last_name": "Pine",
        "date_of_birth": "1990-04-02",
        "sex": "unknown",
        "language": "en",
        "location": str(house.location.pk),
        "slot": f"{house.practitioner.pk}|2026-03-02T11:00:00-05:00",
        **fields,
    }


def matches(house: House, role: Role = DESK, **asked) -> str:
    response = house.clients[role].get(f"{PAGE}matches/", asked)
    assert response.status_code == 200
    return words(response)


def test_the_page_offers_the_next_five_half_days_and_books_with_one_post(house):
    page = words(house.get(DESK, PAGE))
    zone = house.location.zone
    offered = [part.split('"')[0].split("|")[1] for part in page.split('name="slot" value="')[1:]]
    shown = [datetime.fromisoformat(start).astimezone(zone) for start in offered]
    assert [(start.date() - TODAY, start.hour, start.minute) for start in shown] == [
        (timedelta(0), 10, 0),
        (timedelta(0), 12, 0),
        (timedelta(days=1), 8, 0),
        (timedelta(days=1), 12, 0),
        (timedelta(days=2), 8, 0),
    ]
    response = house.post(DESK, PAGE, **filled(house, slot=first_slot(page), reason="Thinning <b>crown</b>"))
    patient = Patient.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(patient))
    assert "Booked: Pia Pine, Consultation, today 10:00 with Dr Rowan, Room 1." in said(response)[0]
    assert "No mail goes out: please tell them." in said(response)[0]
    assert Appointment.objects.get().note == "Thinning <b>crown</b>"
    shown = house.get(DESK, url(patient)).content.decode()
    assert escape("Thinning <b>crown</b>") in shown
    assert "Thinning <b>crown</b>" not in shown


def test_times_follow_place_practitioner_and_day(house):
    other = factories.make_practitioner(house.location, first_name="Ada", last_name="Abel")
    path = f"{PAGE}times/?location={house.location.pk}"
    assert "Dr Abel" in words(house.get(DESK, path))
    own = words(house.get(DESK, f"{path}&practitioner={other.pk}&from=2026-03-03"))
    assert own.count("<fieldset>") == 3
    assert f'value="{house.practitioner.pk}|2' not in own
    assert "Later days" in own
    for query in ("&from=nonsense", "&from=9999-12-31", "&practitioner=x", "&location=x"):
        assert house.get(DESK, path + query).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"slot": ""}, "slot", "Choose one of the free times"),
        ({"slot": "x"}, "slot", "no longer on offer"),
        ({"slot": "{practitioner}|2026-03-02T11:00:00"}, "slot", "no longer on offer"),
        ({"slot": "{practitioner}|2026-03-02T09:00:00-05:00"}, "slot", "This time is past."),
        ({"slot": "{practitioner}|2026-03-02T22:00:00-05:00"}, "slot", "Outside opening hours"),
        ({"date_of_birth": "2026-03-03"}, "date_of_birth", "is in the future; today is 2 March 2026."),
        ({"date_of_birth": "1890-03-03"}, "date_of_birth", "1 January 1900 or later"),
        ({"date_of_birth": ""}, "date_of_birth", "Ask for the date of birth."),
        ({"first_name": "\u200b"}, "first_name", "Ask for the first name."),
        ({"email": "pia@"}, "email", "valid email"),
        ({"guardian_phone": "1"}, "guardian_name", "A guardian has a name and a relationship."),
        ({"sex": "x"}, "sex", "x"),
        ({"location": "x"}, "location", "Linden House"),
    ],
)
def test_bad_input_says_so_at_its_field_and_writes_nothing(house, fields, field, says):
    sent = {name: text.format(practitioner=house.practitioner.pk) for name, text in fields.items()}
    response = house.post(DESK, PAGE, **filled(house, **sent))
    assert response.status_code in {200, 409}
    assert says in " ".join(response.context["form"].errors[field])
    assert "Pia" in words(response) or field == "first_name"
    assert not Patient.objects.exists()


def test_a_slot_taken_meanwhile_keeps_every_field_and_offers_fresh_times(house):
    asked = filled(
        house, reason="Thinning crown", email="pia@example.com", slot=first_slot(words(house.get(DESK, PAGE)))
    )
    for practitioner in (house.practitioner, factories.make_practitioner(house.location)):
        appointment_book(
            by=None,
            location=house.location,
            practitioner=practitioner,
            starts_at=factories.local(house.location, TODAY, "10:00"),
            consultation_for=factories.make_patient(house.location),
        )
    response = house.post(DESK, PAGE, **asked)
    page = words(response)
    assert response.status_code == 409
    assert "The practitioner is booked at this time." in page
    assert asked["slot"] not in page
    assert first_slot(page).endswith("T15:30:00+00:00")
    for kept in ("Thinning crown", "pia@example.com", "+1 212 555 0199", 'value="Pine"'):
        assert kept in page
    assert not Patient.objects.filter(last_name="Pine").exists()


def test_a_refusal_keeps_the_days_that_were_open_and_the_time_that_was_chosen_there(house):
    opened = words(house.get(DESK, f"{PAGE}times/?location={house.location.pk}&from=2026-03-03"))
    assert '<input type="hidden" name="from" value="2026-03-03">' in opened
    chosen = f"{house.practitioner.pk}|2026-03-04T14:45:00+00:00"
    refused = house.post(DESK, PAGE, **filled(house, date_of_birth=MINOR, slot=chosen, **{"from": "2026-03-03"}))
    page = words(refused)
    assert page.count("<fieldset>") == 3
    assert f'value="{chosen}" checked' in page
    assert '<input type="hidden" name="from" value="2026-03-03">' in page
    booked = filled(house, date_of_birth=MINOR, slot=chosen, guardian_later="on", **{"from": "2026-03-03"})
    assert house.post(DESK, PAGE, **booked).status_code == 303


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


def test_who_will_call_back_is_registered_without_a_visit(house):
    response = house.post(DESK, PAGE, **filled(house, act="register", slot=""))
    patient = Patient.objects.get()
    assert said(response) == [f"Pia Pine ({patient.mrn}) is registered. Nothing is booked."]
    assert not Appointment.objects.exists()


def test_somebody_new_is_here_now_or_waits_for_who_is_free_next(house):
    busy = walk_in_begin(by=None, location=house.location, consultation_for=factories.make_patient(house.location))
    response = house.post(DESK, PAGE, **filled(house, act="here", slot=""))
    page = words(response)
    assert response.status_code == 409
    assert "Nobody who could see them is free now. Dr Rowan is free from 10:30." in page
    assert not Patient.objects.filter(last_name="Pine").exists()
    wait = page.split('name="wait" value="')[1].split('"')[0]
    assert house.post(DESK, PAGE, **filled(house, act="", slot="", wait=wait)).status_code == 303
    visit = Appointment.objects.get(patient__last_name="Pine")
    assert (visit.status, visit.starts_at) == ("arrived", busy.ends_at)


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


def test_a_note_stands_in_every_row_where_the_desk_works(house):
    house.post(DESK, PAGE, **filled(house, reason="Comes with a dog"))
    visit = Appointment.objects.get()
    for path in ("/admin/", "/admin/plans/appointment/", url(visit.patient), url(visit)):
        assert "Comes with a dog" in words(house.get(DESK, path)), path
    booking = words(house.get(DESK, f"/admin/plans/appointment/add/?patient={visit.patient.pk}&note=By+train"))
    assert 'value="By train"' in booking
    entered = house.post(DESK, f"/admin/plans/appointment/add/?patient={visit.patient.pk}", note="By train")
    assert "Choose a time." in words(entered), "Enter in the note books nothing"


def test_the_pages_are_for_those_who_register_and_book_and_looking_writes_nothing(house):
    for role in Role:
        expected = 200 if role in (DESK, Role.PRACTITIONER) else 403
        for path in (PAGE, f"{PAGE}matches/", f"{PAGE}times/"):
            assert house.get(role, path).status_code == expected
        home = words(house.get(role, "/admin/"))
        assert ('data-key="n"' in home) == (expected == 200)
    for role in (Role.ASSISTANT, Role.MANAGER):
        assert house.post(role, PAGE, **filled(house)).status_code == 403
    assert house.post(DESK, PAGE, **filled(house, act="look")).status_code == 200
    assert house.post(DESK, f"{PAGE}matches/", **filled(house)).status_code == 405
    assert house.clients[DESK].get(PAGE, filled(house)).status_code == 200
    assert not Patient.objects.exists()


def test_who_books_at_two_places_chooses_where(house):
    madrid = factories.make_location("Casa Tilo", timezone=factories.MADRID)
    doctor = factories.make_practitioner(madrid)
    both = sign_in(factories.make_user((house.location, DESK), (madrid, DESK)))
    sent = filled(house, location=str(madrid.pk), slot=f"{doctor.pk}|2026-03-03T10:00:00+01:00")
    assert "Casa Tilo" in words(both.get(PAGE))
    assert both.post(PAGE, sent).status_code == 303
    visit = Appointment.objects.get()
    assert (visit.location, visit.patient.home_location) == (madrid, madrid)
    assert visit.starts_at == factories.local(madrid, date(2026, 3, 3), "10:00")
    elsewhere = factories.make_location()
    assert house.post(DESK, PAGE, **filled(house, location=str(elsewhere.pk))).status_code == 200
    assert Appointment.objects.count() == 1


MINOR = "2014-03-02"


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


def test_the_last_minute_of_being_minor_is_the_day_before_the_birthday(house):
    page = words(house.get(DESK, PAGE))
    assert 'data-of-age="2008-03-02"' in page
    assert 'max="2026-03-02"' in page
