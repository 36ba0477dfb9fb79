"""What one click on the board does, and what an empty place leads to."""

from datetime import UTC, date, datetime, timedelta

from clinic.places.models import OpeningHours
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel
from tests.console import url, words
from tests.factories import (
    local,
    make_patient,
    make_plan,
)
from tests.plans.scheduling.board.desk import ASSISTANT, BOARD, BOOK, DAY, DESK, IN_PLACE, MONDAY, book


def test_here_and_took_place_are_one_click_and_without_script_they_lead_back(house, frozen):
    visit = book(house, "10:30", date(2026, 3, 2))
    page = words(house.get(DESK, BOARD))
    assert url(visit, "arrive") in page
    said = words(house.clients[DESK].post(url(visit, "arrive"), {"revision": 1}, headers=IN_PLACE))
    assert f"{visit.patient} is here." in said
    assert url(visit, "fulfil") in words(house.get(DESK, BOARD))
    plain = house.post(DESK, url(visit, "fulfil"), next=BOARD)
    assert (plain.status_code, plain.headers["Location"]) == (303, BOARD)
    visit.refresh_from_db()
    assert visit.status == "fulfilled"


def test_the_card_offers_what_is_legal_and_names_the_patient_to_call(house):
    visit = book(house, note="Wheelchair")
    card = words(house.get(DESK, url(visit, "card")))
    for said in (str(visit.patient), visit.patient.phone, "Wheelchair", "Confirm", "Move", "Cancel", "Note"):
        assert said in card
    assert "No-show" not in card
    assert "Is here" not in card
    assert "Confirm" not in words(house.get(ASSISTANT, url(visit, "card")))


def test_an_empty_place_asks_for_whom_and_is_carried_to_the_booking(house):
    patient = make_patient(house.location, first_name="Ada", last_name="Aspenleaf")
    plan = make_plan(patient, house.practitioner, start_date=MONDAY)
    at = local(house.location, MONDAY, "10:15").isoformat()
    place = {
        "at": at,
        "practitioner": str(house.practitioner.pk),
        "location": str(house.location.pk),
        "next": DAY,
    }
    client = house.clients[DESK]
    page = words(client.get(BOOK, place))
    assert "Mon 9 Mar 10:15" in page
    page = words(client.get(BOOK, place | {"q": "aspenleaf"}))
    assert "Ada Aspenleaf" in page
    session = plan.sessions.get(sequence=1)
    link = page.split(f"?session={session.pk}")[1].split('"')[0].replace("&amp;", "&")
    assert "Consultation" in page
    path = f"{BOOK}?session={session.pk}{link}"
    form = words(client.get(path))
    assert 'value="2026-03-09"' in form
    assert 'value="10:15"' in form
    own = {"own_time_day": "2026-03-09", "own_time_time": "10:15", "practitioner": str(house.practitioner.pk)}
    response = client.post(path, own)
    assert (response.status_code, response.headers["Location"]) == (303, DAY)
    visit = Appointment.objects.get()
    assert (visit.session, visit.starts_at) == (session, local(house.location, MONDAY, "10:15"))


def test_a_place_in_the_second_pass_of_an_hour_is_booked_in_the_second(house, frozen):
    frozen.move_to(datetime(2026, 10, 20, 12, tzinfo=UTC))
    house.sign_in_again()
    OpeningHours.objects.create(location=house.location, weekday=7, opens_at="00:00", closes_at="06:00")
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    path = f"{BOOK}?patient={make_patient(house.location).pk}&at=2026-11-01T06:30:00Z&location={house.location.pk}"
    own = {"own_time_day": "2026-11-01", "own_time_time": "01:30", "practitioner": str(house.practitioner.pk)}
    assert house.post(DESK, path, **own).status_code == 303
    assert Appointment.objects.get().starts_at == second


def test_a_place_that_is_no_time_asks_for_one(house):
    for at in ("nonsense", "2026-03-08T02:30", ""):
        path = f"{BOOK}?patient={make_patient(house.location).pk}&at={at}"
        assert 'name="slot"' in words(house.get(DESK, path))


# Without leaving the board


def test_a_dialog_of_a_card_is_answered_with_a_toast_and_the_page_stays(house):
    visit = book(house)
    card = words(house.get(DESK, url(visit, "card")))
    opened = f"{url(visit, 'cancel')}?revision=1&stays"
    assert opened in card
    response = house.clients[DESK].post(opened, {"reason": "patient"}, headers={"HX-Request": "true"})
    assert f"{visit.patient}: cancelled." in words(response)
    assert "Mail leaves in" in words(response)
    assert url(visit, "undo") in words(response)
    assert "HX-Redirect" not in response.headers
    assert response.headers["HX-Retarget"] == "#toasts"
    assert str(visit.pk) in response.headers["HX-Trigger-After-Swap"]


def test_what_a_dialog_of_a_card_refuses_stands_in_the_dialog(house):
    visit = book(house)
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    opened = f"{url(visit, 'cancel')}?revision=1&stays"
    response = house.clients[DESK].post(opened, {"reason": "patient"}, headers={"HX-Request": "true"})
    assert 'id="dialog-form"' in words(response)
    assert "The visit was cancelled meanwhile" in words(response)
    assert "HX-Retarget" not in response.headers


def test_one_click_on_a_visit_that_changed_meanwhile_is_refused_in_a_toast(house):
    visit = book(house)
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    response = house.clients[DESK].post(url(visit, "confirm"), headers=IN_PLACE)
    assert 'role="alert"' in words(response)
    assert "The visit is cancelled" in words(response)
    assert "row-refused" in response.headers["HX-Trigger-After-Swap"]


def test_after_a_move_on_its_own_page_the_toast_waits_on_the_page_that_is_led_back_to(house, frozen):
    visit = book(house)
    own = {"own_time_day": "2026-03-09", "own_time_time": "15:00", "practitioner": str(house.practitioner.pk)}
    response = house.clients[DESK].post(f"{url(visit, 'reschedule')}?next={DAY}", own)
    assert (response.status_code, response.headers["Location"]) == (303, DAY)
    frozen.shift(timedelta(seconds=20))
    page = words(house.get(DESK, DAY))
    toasts = page.split('id="toasts"')[1].split("</header>")[0]
    assert f"{visit.patient}. Moved to Mon 9 Mar 15:00 with Dr Rowan, Room 1." in toasts
    assert 'data-seconds="40"' in toasts, "twenty of sixty have passed"
    assert f'action="{url(visit, "undo")}"' in toasts
    assert f'name="next" value="{DAY}"' in toasts
    assert "c-toast " not in words(house.get(DESK, DAY)).split('id="toasts"')[1], "it is shown once"


def test_a_toast_that_comes_too_late_offers_no_way_back(house, frozen):
    visit = book(house)
    house.act(DESK, visit, "cancel", reason="patient", next=DAY)
    frozen.shift(timedelta(seconds=61))
    toasts = words(house.get(DESK, DAY)).split('id="toasts"')[1]
    assert f"{visit.patient}: cancelled." in toasts
    assert "data-undo" not in toasts
