"""What the board shows, of what and to whom."""

from datetime import date, timedelta

from clinic.access.roles import Role
from clinic.places.models import Break, Closure, ExtraHours, OpeningHours, TimeOff
from plans.scheduling.models import Appointment, VisitType
from tests.console import sign_in, url, words
from tests.factories import (
    MADRID,
    local,
    make_location,
    make_patient,
    make_practitioner,
    make_user,
)
from tests.plans.scheduling.board.desk import (
    ASSISTANT,
    BOARD,
    DAY,
    DESK,
    MANAGER,
    MONDAY,
    PRACTITIONER,
    book,
    classes,
    drop,
    works_at,
)
from tests.plans.scheduling.conftest import Written


def test_the_board_shows_a_visit_in_its_column_with_its_state_flags_and_buffers(house):
    VisitType.objects.create(location=house.location, kind="consultation", practitioner_minutes_after=15)
    visit = book(house, "10:00", note="Brings a friend")
    page = words(house.get(DESK, DAY))
    assert {"b-at-30", "b-for-6", "b-tone--booked"} <= set(classes(page, visit)), "half an hour before 08:00 is the top"
    assert f"10:00 to 10:30, {visit.patient}, Consultation, Dr Rowan, Room 1, Booked, has a note" in page
    assert "b-buffer b-at-36 b-for-3" in page
    assert "Dr Rowan" in page
    by_room = words(house.get(DESK, f"{DAY}&by=room"))
    assert "Room 2" in by_room
    assert "b-buffer" not in by_room.split("b-legend")[0], "the room has no buffer"


def test_overbooked_visits_stand_side_by_side_and_say_so(house):
    first = book(house, "10:00")
    second = book(house, "10:15", by=house.practitioner.user, override_reason="Bleeding")
    page = words(house.get(DESK, DAY))
    assert [
        {"b-lane-0", "b-of-2"} <= set(classes(page, first)),
        {"b-lane-1", "b-of-2"} <= set(classes(page, second)),
    ] == [
        True,
        True,
    ]
    assert "Booked, Overbooked" in page
    assert '<span class="b-visit__what">Overbooked · Consultation' in page, "in words, not by an icon alone"


def test_closed_time_is_shaded_with_its_reason(house):
    Closure.objects.create(
        location=house.location,
        starts_at=local(house.location, MONDAY, "15:00"),
        ends_at=local(house.location, MONDAY, "16:00"),
        reason="Fire drill",
    )
    TimeOff.objects.create(
        practitioner=house.practitioner,
        starts_at=local(house.location, MONDAY, "12:00"),
        ends_at=local(house.location, MONDAY, "13:00"),
        reason="Dentist",
    )
    page = words(house.get(DESK, DAY))
    assert 'b-closed--closure b-at-90 b-for-12"><span>Closed: Fire drill' in page
    assert 'b-closed--away b-at-54 b-for-12"><span>Away: Dentist' in page
    assert "b-closed--closed b-at-0 b-for-6" in page


def test_breaks_are_shaded_and_extra_hours_open_a_day(house):
    Break.objects.create(location=house.location, weekday=1, starts_at="12:00", ends_at="12:30")
    sunday = date(2026, 3, 15)
    ExtraHours.objects.create(location=house.location, on=sunday, opens_at="09:00", closes_at="12:00")
    assert 'b-closed--break b-at-54 b-for-6"><span>Break' in words(house.get(DESK, DAY))
    page = words(house.get(DESK, f"{BOARD}?day={sunday}"))
    assert "Nobody works here" not in page
    assert "b-for-48" in page, "four hours with the margin"


def test_a_visit_that_stands_outside_of_hours_by_now_says_so(house):
    visit = book(house, "17:00")
    Appointment.objects.filter(pk=visit.pk).update(off_hours="opening_hours")
    assert "Booked, Rebook, The location is not open then." in words(house.get(DESK, DAY))


def test_a_day_on_which_nobody_works_says_so_and_leads_to_the_next(house):
    page = words(house.get(DESK, f"{BOARD}?day=2026-03-08"))
    assert "Nobody works here on Sunday 8 March." in page
    assert "Mon 9 Mar" in page
    assert "day=2026-03-09" in page


def test_a_practitioner_who_is_busy_elsewhere_is_shaded_without_a_name(house):
    elsewhere = make_location("Casa Tilo")
    both = make_practitioner(house.location, last_name="Marlow")
    works_at(both, elsewhere)
    patient = make_patient(elsewhere, last_name="Secret")
    book(house, "10:00", location=elsewhere, practitioner=both, consultation_for=patient)
    page = words(house.get(DESK, DAY))
    assert 'b-closed--elsewhere b-at-30 b-for-6"><span>Booked elsewhere' in page
    assert "Secret" not in page


def test_the_week_shows_days_and_the_month_how_full_they_are(house):
    visit = book(house, "10:00")
    week = words(house.get(DESK, f"{DAY}&view=week&who={house.practitioner.pk}"))
    assert {"b-at-30", "b-for-6"} <= set(classes(week, visit))
    assert "Sat 14 Mar" not in week, "nobody works and nobody is booked"
    month = words(house.get(DESK, f"{DAY}&view=month"))
    assert "Monday 9 March, 1 visit, 5 % full" in month
    assert "Tuesday 10 March, 0 visits, Free" in month
    assert words(house.get(DESK, f"{DAY}&view=month&who={make_practitioner(house.location).pk}")).count("1 visit") == 0


def test_another_locations_board_is_for_who_works_there(house):
    elsewhere = make_location("Casa Tilo", timezone=MADRID)
    page = words(house.get(DESK, f"{DAY}&location={elsewhere.pk}"))
    assert "Linden House" in page
    assert "Casa Tilo" not in page
    both = sign_in(make_user((house.location, DESK), (elsewhere, DESK)))
    page = words(both.get(f"{DAY}&location={elsewhere.pk}"))
    assert f'<option value="{elsewhere.pk}" selected>Casa Tilo' in page


def test_the_paper_names_what_the_desk_needs_on_it(house):
    visit = book(house, "10:00", note="Wheelchair")
    sheet = words(house.get(DESK, DAY)).split('class="b-sheets"')[1]
    for said in ("Dr Rowan", "Monday 9 March 2026", "10:00–10:30", str(visit.patient), "17 May 1985", "Wheelchair"):
        assert said in sheet
    assert visit.patient.phone in sheet


def test_an_assistant_looks_at_the_board_and_moves_nothing(house):
    visit = book(house, "10:00")
    page = words(house.get(ASSISTANT, DAY))
    assert str(visit.patient) in page
    for attribute in ("data-move=", "data-book=", "data-movable"):
        assert attribute not in page
    before = Written.now()
    for role in (ASSISTANT, MANAGER):
        assert drop(house, role, visit).status_code == 403
        assert house.get(role, url(visit, "card")).status_code == 200
    assert Written.now() == before


def test_somebody_of_another_location_finds_nothing_and_a_get_does_nothing(house):
    visit = book(house, "10:00")
    before = Written.now()
    stranger = sign_in(make_user(*((make_location(), role) for role in Role)))
    assert stranger.post(url(visit, "drop")).status_code == 404
    assert house.get(DESK, url(visit, "drop")).status_code == 405
    assert stranger.get(url(visit, "card")).status_code == 404
    assert house.post(DESK, url(visit, "card")).status_code == 405
    assert Written.now() == before


def test_a_visit_that_runs_past_midnight_does_not_stretch_the_next_day(house, frozen):
    OpeningHours.objects.filter(location=house.location, weekday=1).update(closes_at="23:59")
    visit = book(house, "23:00")
    late = local(house.location, date(2026, 3, 10), "00:20")
    busy = (visit.starts_at, late)
    Appointment.objects.filter(pk=visit.pk).update(ends_at=late, practitioner_busy=busy, room_busy=busy)
    page = words(house.get(DESK, f"{BOARD}?day=2026-03-10"))
    assert ">00:00</span>" not in page
    assert ">08:00</span>" in page
    night = page.split("From the night before:")[1].split("</p>")[0]
    assert str(visit.patient) in night
    assert "until 00:20" in night
    week = words(house.get(DESK, f"{DAY}&view=week"))
    assert ">00:00</span>" not in week


def test_a_week_of_everybody_says_whose_each_visit_is(house):
    book(house, "10:00")
    week = words(house.get(DESK, f"{DAY}&view=week"))
    assert '<span class="b-visit__whose" title="Dr Rowan">RR</span>' in week
    assert '<b class="b-visit__whose">RR</b> Dr Rowan' in week
    assert "b-visit__whose" not in words(house.get(DESK, f"{DAY}&view=week&who={house.practitioner.pk}"))


def test_a_month_says_of_past_days_what_was_and_not_what_is_free(house, frozen):
    frozen.move_to(local(house.location, date(2026, 3, 11), "10:00"))
    month = words(house.get(DESK, f"{DAY}&view=month"))
    assert "Tuesday 10 March, 0 visits, No visits" in month
    assert "Thursday 12 March, 0 visits, Free" in month


def test_the_list_has_the_phone_of_who_is_booked(house):
    visit = book(house, "10:00")
    page = words(house.get(DESK, f"{DAY}&view=list")).split('class="b-sheets"')[0]
    assert visit.patient.phone in page


def test_visits_that_took_place_at_one_time_are_marked_on_the_board_and_on_their_pages(house):
    at = local(house.location, date(2026, 3, 2), "10:00")
    first, second = (took_place(house, at + timedelta(minutes=minutes)) for minutes in (0, 15))
    apart = took_place(house, at + timedelta(hours=2))
    page = words(house.get(DESK, f"{BOARD}?day=2026-03-02"))
    assert page.count("Done, At the same time") == 2
    card = words(house.get(DESK, url(first, "card")))
    assert "At the same time" in card
    assert str(second.patient) in card
    assert str(first.patient) in words(house.get(DESK, url(second))).split("<dt>At the same time</dt>")[1]
    assert "At the same time" not in words(house.get(DESK, url(apart)))


def test_a_visit_to_come_that_is_marked_says_on_its_card_why(house):
    visit = book(house, "10:30", date(2026, 3, 2))
    elsewhere = make_location("Casa Tilo")
    works_at(house.practitioner, elsewhere)
    there = took_place(house, visit.starts_at + timedelta(minutes=15), location=elsewhere)
    for role, is_seen in ((DESK, False), (PRACTITIONER, True)):
        page = words(house.get(role, f"{BOARD}?day=2026-03-02&location={house.location.pk}"))
        card = words(house.get(role, url(visit, "card")))
        assert ("At the same time" in page) == is_seen, role
        assert (str(there.patient) in card) == is_seen, role


def took_place(house, at, location=None):
    """A visit of half an hour without a room that was written down as it began."""
    busy = (at, at + timedelta(minutes=30))
    stamps = {"arrived_at": at, "fulfilled_at": at}
    return Appointment.objects.create(
        patient=make_patient(house.location),
        practitioner=house.practitioner,
        location=location or house.location,
        kind="consultation",
        starts_at=at,
        ends_at=busy[1],
        practitioner_busy=busy,
        room_busy=busy,
        status="fulfilled",
        **stamps,
    )
