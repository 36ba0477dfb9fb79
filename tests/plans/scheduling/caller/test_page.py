"""The page of a new caller: from the first digits of the phone to a booked consultation."""

from datetime import date, datetime, timedelta
from html import escape

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book, walk_in_begin
from tests import factories
from tests.console import said, sign_in, url, words
from tests.plans.scheduling.caller.asking import DESK, MINOR, PAGE, TODAY, filled, first_slot


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
