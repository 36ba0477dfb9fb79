"""A visit that is dropped somewhere else, and what a refused drop says."""

from datetime import date, timedelta

import pytest

from clinic.errors import Stale
from clinic.places.models import Room
from plans.scheduling.models import VisitType
from plans.scheduling.services import (
    appointment_cancel,
    appointment_no_show,
    appointment_reschedule,
    waitlist_add,
)
from plans.treatment.models import ProcedureSession
from tests.console import url, words
from tests.factories import (
    local,
    make_location,
    make_patient,
    make_plan,
    make_practitioner,
)
from tests.plans.scheduling.board.desk import BOOK, DAY, DESK, IN_PLACE, MONDAY, PRACTITIONER, book, drop, works_at
from tests.plans.scheduling.conftest import Written


def test_a_drop_moves_a_visit_and_offers_the_way_back(house):
    visit = book(house)
    other = make_practitioner(house.location, last_name="Marlow")
    response = drop(house, DESK, visit, "11:00", practitioner=str(other.pk))
    page = words(response)
    assert "Moved to Mon 9 Mar 11:00 with Dr Marlow, Room 1." in page
    assert "Mail leaves in" in page
    assert 'data-seconds="60"' in page
    assert "row-changed" in response.headers["HX-Trigger-After-Swap"]
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner, visit.revision) == (local(house.location, MONDAY, "11:00"), other, 2)
    undone = house.clients[DESK].post(url(visit, "undo"), headers=IN_PLACE)
    assert f"{visit.patient}: undone. Mon 9 Mar 10:00 with Dr Rowan, Room 1 again." in words(undone)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.practitioner) == (local(house.location, MONDAY, "10:00"), house.practitioner)


def test_where_mail_does_not_wait_there_is_no_undo_and_the_toast_says_so(house):
    visit = book(house)
    type(house.location).objects.filter(pk=house.location.pk).update(grace_seconds=0)
    page = words(drop(house, DESK, visit))
    assert "Mail left at once." in page
    assert "data-undo" not in page
    visit.patient.email_opt_out = True
    visit.patient.save()
    visit.refresh_from_db()
    assert "No mail goes out: please tell them." in words(drop(house, DESK, visit, "12:00"))


def test_a_drop_on_a_week_says_its_time_as_the_wall_clock_shows_it(house):
    visit = book(house)
    page = words(drop(house, DESK, visit, starts_at="2026-03-12T09:15"))
    assert "Moved to Thu 12 Mar 09:15" in page
    visit.refresh_from_db()
    before = Written.now()
    for text, said in (
        ("2026-03-08T02:30", "does not exist on 8 March 2026"),
        ("nonsense", "“nonsense” is not a time"),
        ("", "is not a time"),
        ("2026-03-12T22:00", "Outside opening hours"),
        ("2026-03-01T10:00", "This time is past."),
        ("9999-12-31T10:00", "This year is not on the calendar."),
    ):
        response = drop(house, DESK, visit, starts_at=text)
        assert said in words(response)
        assert f"{visit.patient} stays at 09:15 with Dr Rowan, Room 1." in words(response)
        assert "row-refused" in response.headers["HX-Trigger-After-Swap"]
    assert Written.now() == before


def test_a_refused_drop_names_who_is_in_the_way(house):
    other = make_practitioner(house.location, last_name="Marlow")
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    taken = book(house, "09:45", consultation_for=birch, practitioner=other)
    visit = book(house, "12:00")
    before = Written.now()
    room = str(taken.room_id)
    assert "Room 1 is taken by S. Birchwood until 10:15." in words(drop(house, DESK, visit, "10:00", room=room))
    assert "Room 1 is taken by S. Birchwood from 09:45." in words(drop(house, DESK, visit, "09:30", room=room))
    response = words(drop(house, DESK, visit, "10:00", practitioner=str(other.pk)))
    assert "Dr Marlow is with S. Birchwood until 10:15." in response
    assert "Book over it" not in response, "the desk may not"
    mine = book(house, "14:00", consultation_for=birch, practitioner=other)
    assert "S. Birchwood is with Dr Marlow until 14:30." in words(drop(house, DESK, taken, "14:15"))
    assert mine.revision == 1
    assert before.appointments == Written.now().appointments[:2]


def test_time_that_is_kept_free_and_rooms_that_are_all_taken_have_their_words(house):
    VisitType.objects.create(
        location=house.location, kind="consultation", practitioner_minutes_after=15, room_minutes_after=0
    )
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    book(house, "10:00", consultation_for=birch)
    visit = book(house, "12:00")
    said = words(drop(house, DESK, visit, "10:30"))
    assert "Dr Rowan is kept free around the visit of S. Birchwood until 10:45." in said
    for name in ("Marlow", "Maple"):
        book(
            house,
            "15:00",
            practitioner=make_practitioner(house.location, last_name=name),
            consultation_for=(make_patient(house.location, first_name="Ada", last_name=f"With{name}")),
        )
    book(house, "15:45", consultation_for=birch)  # in a room that is free again by then
    said = words(drop(house, DESK, visit, "15:15"))
    assert "fit is free then: Room 1 by A. WithMarlow until 15:30; Room 2 by A. WithMaple until 15:30." in said
    Room.objects.filter(location=house.location, name="Room 1").update(is_bookable=False)
    assert "fit is free then: Room 2 by A. WithMaple until 15:30." in words(drop(house, DESK, visit, "15:15"))


def test_a_visit_that_takes_longer_by_now_names_who_is_in_the_way_of_all_of_it(house):
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    visit = book(house, "12:00", session=plan.sessions.get(sequence=1))
    lasts = int((visit.ends_at - visit.starts_at).total_seconds() // 60)
    ProcedureSession.objects.filter(pk=visit.session_id).update(duration_minutes=lasts + 30)
    at = visit.starts_at.replace(hour=19) + timedelta(minutes=lasts + 15)
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    book(house, f"{at.astimezone(house.location.zone):%H:%M}", consultation_for=birch)
    said = words(drop(house, DESK, visit, starts_at=visit.starts_at.replace(hour=19).isoformat()))
    assert "Dr Rowan is with S. Birchwood from" in said


def test_somebody_who_is_booked_at_another_location_is_not_named(house):
    elsewhere = make_location("Casa Tilo")
    works_at(house.practitioner, elsewhere)
    secret = make_patient(elsewhere, last_name="Secret")
    book(house, "10:00", location=elsewhere, consultation_for=secret)
    visit = book(house, "12:00")
    said = words(drop(house, DESK, visit, "10:15"))
    assert "Dr Rowan is booked elsewhere until 10:30." in said
    assert "Secret" not in said
    assert "Casa" not in said
    assert "Dr Rowan is with" in words(drop(house, PRACTITIONER, visit, "10:15")), "who works there may know"


def test_who_has_the_right_books_over_it_with_a_reason_and_nobody_else_does(house):
    book(house, "10:00")
    visit = book(house, "12:00")
    offered = words(drop(house, PRACTITIONER, visit, "10:15"))
    assert "Book over it" in offered
    assert 'name="override_reason"' in offered
    before = Written.now()
    refused = words(drop(house, DESK, visit, "10:15", override_reason="Please"))
    assert "needs a right that you do not have" in refused
    assert Written.now() == before
    assert "Moved to" in words(drop(house, PRACTITIONER, visit, "10:15", override_reason="Bleeding"))
    visit.refresh_from_db()
    assert (visit.overbooked, visit.override_reason) == (True, "Bleeding")
    assert "Overbooked" in words(house.get(DESK, DAY))


def test_a_session_that_is_dropped_too_early_is_refused_in_the_services_words(house):
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    visit = book(house, session=plan.sessions.get(sequence=1))
    said = words(drop(house, DESK, visit, "10:00", date(2026, 3, 4)))
    assert "Too early: the window opens on 9 March 2026." in said
    assert "all the same" not in said
    assert "Move it there all the same" in words(drop(house, PRACTITIONER, visit, "10:00", date(2026, 3, 4)))


def test_a_stale_board_moves_nothing_and_says_what_happened_meanwhile(house):
    visit = book(house)
    appointment_reschedule(
        appointment_id=visit.pk, by=house.users[DESK], starts_at=local(house.location, MONDAY, "16:00")
    )
    before = Written.now()
    moved = f"The visit was moved meanwhile to Mon 9 Mar 16:00 by {house.users[DESK]}. Look again."
    for name in ("drop", "arrive", "confirm", "fulfil"):
        data = {"starts_at": local(house.location, MONDAY, "11:00").isoformat(), "revision": 1}
        assert moved in words(house.clients[DESK].post(url(visit, name), data, headers=IN_PLACE))
    assert moved in words(house.post(DESK, f"{url(visit, 'cancel')}?revision=1", reason="patient"))
    own = {"own_time_day": "2026-03-09", "own_time_time": "11:00", "practitioner": str(house.practitioner.pk)}
    page = words(house.post(DESK, f"{url(visit, 'reschedule')}?revision=1", **own))
    assert moved in page
    assert Written.now() == before
    assert 'name="revision" value="2"' in page, "what the page shows by now is what the next click is about"
    assert house.post(DESK, f"{url(visit, 'reschedule')}?revision=1", revision="2", **own).status_code == 303
    visit.refresh_from_db()
    appointment_cancel(appointment_id=visit.pk, by=house.users[DESK], reason="patient")
    assert f"The visit was cancelled meanwhile by {house.users[DESK]}." in words(drop(house, DESK, visit, "11:00"))


def test_a_no_show_from_a_dialog_of_a_stale_board_is_refused(house, frozen):
    visit = book(house, "10:30", date(2026, 3, 2))
    appointment_reschedule(appointment_id=visit.pk, by=None, starts_at=local(house.location, date(2026, 3, 2), "11:00"))
    frozen.shift(timedelta(hours=3))
    response = house.clients[DESK].post(f"{url(visit, 'no_show')}?revision=1")
    assert response.status_code == 409
    assert "The visit was moved meanwhile" in words(response)
    visit.refresh_from_db()
    assert visit.status == "booked"
    with pytest.raises(Stale):
        appointment_no_show(appointment_id=visit.pk, by=None, revision=1)
    assert appointment_no_show(appointment_id=visit.pk, by=None, revision=2).status == "no_show"


@pytest.mark.parametrize("data", [{"practitioner": "nonsense"}, {"room": "{elsewhere}"}, {"revision": "x"}])
def test_what_a_drop_cannot_mean_is_refused_or_ignored(house, data):
    visit = book(house)
    room = make_location().rooms.first()
    data = {name: value.format(elsewhere=room.pk) for name, value in data.items()}
    response = drop(house, DESK, visit, **data)
    assert response.status_code == 200
    visit.refresh_from_db()
    assert (visit.revision == 1) == ("revision" not in data)
    assert ("does not exist" in words(response)) == ("revision" not in data)


# The time that came free


def test_a_drop_tells_who_on_the_waitlist_fits_the_time_that_came_free(house):
    visit = book(house)
    waitlist_add(by=None, location=house.location, patient=make_patient(house.location))
    page = words(drop(house, DESK, visit, "14:00"))
    assert "1 person on the waitlist fits the time that came free" in page
    assert "/admin/plans/waitlistentry/gap/?" in page
    assert f"left_by={visit.patient_id}" in page
    visit.refresh_from_db()
    assert "waitlist" not in words(drop(house, DESK, visit, "14:00")), "it did not move"


def test_a_booking_page_and_a_move_page_name_who_is_in_the_way(house):
    birch = make_patient(house.location, first_name="Sam", last_name="Birchwood")
    book(house, "10:00", consultation_for=birch)
    visit = book(house, "12:00")
    own = {"own_time_day": "2026-03-09", "own_time_time": "10:15", "practitioner": str(house.practitioner.pk)}
    before = Written.now()
    for path in (f"{BOOK}?patient={make_patient(house.location).pk}", url(visit, "reschedule")):
        response = house.post(DESK, path, **own)
        assert response.status_code == 409
        assert "Dr Rowan is with S. Birchwood until 10:30." in words(response)
    assert Written.now() == before
