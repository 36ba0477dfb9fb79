import re
from datetime import UTC, date, datetime, timedelta

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_arrive, appointment_book, appointment_cancel, appointment_fulfil
from tests.console import House, sign_in, toasts, url, words
from tests.factories import MADRID, local, make_location, make_patient, make_plan, make_practitioner, make_user

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
MONDAY = date(2026, 3, 9)
CALENDAR, BOOK = "/admin/plans/appointment/", "/admin/plans/appointment/add/"


@pytest.fixture
def house(db, frozen):
    return House()


def book(house, clock="10:00", day=MONDAY, **fields):
    return appointment_book(
        **{
            "by": None,
            "location": house.location,
            "practitioner": house.practitioner,
            "starts_at": local(house.location, day, clock),
            **({} if {"session", "follow_up"} & fields.keys() else {"consultation_for": make_patient(house.location)}),
            **fields,
        }
    )


def plan(house):
    return make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)


def first_slot(page):
    """The first time that the page offers."""
    return page.split('name="slot" value="')[1].split('"')[0]


def test_a_session_is_booked_by_one_click_on_a_free_time(house):
    session = plan(house).sessions.get(sequence=1)
    path = f"{BOOK}?session={session.pk}&next=/admin/"
    page = words(house.get(DESK, path))
    assert "Dr Rowan" in page
    assert "best day" in page
    response = house.post(DESK, path, slot=first_slot(page))
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/")
    visit = Appointment.objects.get()
    assert (visit.session, visit.booked_by, visit.status) == (session, house.users[DESK], "booked")
    told = toasts(response)[0]
    assert (told.seconds, told.waits, told.undo_url) == (60, "Mail leaves in", url(visit, "undo"))


def test_times_that_suit_the_patient_are_marked_and_kept_among_the_few_that_are_shown(house):
    liked = make_patient(house.location)
    Patient.objects.filter(pk=liked.pk).update(preferred_weekdays=[2], preferred_from="13:15", preferred_until="15:00")
    page = words(house.get(DESK, f"{BOOK}?patient={liked.pk}"))

    assert "Suits them:</b> Tuesday, 13:15 to 15:00" in page
    offered = re.findall(
        r'class="c-slot( c-slot--suits)?" aria-label="Book: ([^"]*?) with Dr Rowan(, suits them)?"', page
    )
    marked = [when for is_marked, when, said in offered if is_marked and said]
    assert marked == [f"Tomorrow {clock}" for clock in ("13:15", "13:30", "13:45", "14:00", "14:15", "14:30")]
    tomorrow = [when for _, when, _ in offered if when.startswith("Tomorrow")]
    assert tomorrow == sorted(tomorrow)
    assert len(marked) < len(tomorrow) <= 11
    assert "Suits them" not in words(house.get(DESK, f"{BOOK}?patient={make_patient(house.location).pk}"))


def test_a_consultation_is_offered_with_whom_the_patient_saw_last(house):
    known = make_practitioner(house.location, first_name="Zoe", last_name="Zander")
    visit = book(house, practitioner=known)
    Appointment.objects.update(status="fulfilled", arrived_at=visit.starts_at, fulfilled_at=visit.ends_at)
    page = words(house.get(DESK, f"{BOOK}?patient={visit.patient_id}"))
    assert "with Dr Zander" in page
    assert "with Dr Rowan" not in page


def test_a_follow_up_is_booked_at_a_time_of_ones_own_in_the_places_zone(house):
    follow_up = plan(house).follow_ups.earliest("target_date")
    response = house.post(
        DESK,
        f"{BOOK}?follow_up={follow_up.pk}",
        own_time_day="2026-06-09",
        own_time_time="09:30",
        practitioner=str(house.practitioner.pk),
        note="Wheelchair",
    )
    assert response.status_code == 303
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.note) == (datetime(2026, 6, 9, 13, 30, tzinfo=UTC), "Wheelchair")


@pytest.mark.parametrize(
    ("day", "clock", "says"),
    [
        ("2026-03-08", "02:30", "does not exist on 8 March 2026"),
        ("2026-03-09", "22:00", "Outside opening hours"),
        ("2026-03-02", "08:00", "Too early: the window opens on"),
        ("nonsense", "10:00", "Enter a valid date."),
        ("2026-03-09", "", "Give both the day and the time."),
        ("9999-12-31", "10:00", "This year is not on the calendar."),
    ],
)
def test_a_time_that_cannot_be_had_is_refused_and_nothing_is_booked(house, day, clock, says):
    session = plan(house).sessions.get(sequence=1)
    response = house.post(
        DESK,
        f"{BOOK}?session={session.pk}",
        own_time_day=day,
        own_time_time=clock,
        practitioner=str(house.practitioner.pk),
    )
    assert response.status_code in {200, 409}
    assert says in words(response)
    assert not Appointment.objects.exists()


def test_a_slot_that_was_taken_meanwhile_is_refused_and_others_are_offered(house):
    session = plan(house).sessions.get(sequence=1)
    path = f"{BOOK}?session={session.pk}"
    slot = first_slot(words(house.get(DESK, path)))
    for practitioner in (house.practitioner, make_practitioner(house.location)):
        starts_at = datetime.fromisoformat(slot.split("|")[1])
        appointment_book(
            by=None,
            location=house.location,
            practitioner=practitioner,
            starts_at=starts_at,
            consultation_for=make_patient(house.location),
        )
    response = house.post(DESK, path, slot=slot)
    page = words(response)
    assert response.status_code == 409
    assert "Dr Rowan is with" in page
    assert slot not in page
    assert 'name="slot"' in page
    assert Appointment.objects.count() == 2


@pytest.mark.parametrize("slot", ["", "x", "a|b", "{practitioner}|{practitioner}|2026-03-09T10:00:00+00:00"])
def test_a_slot_that_was_never_offered_is_refused(house, slot):
    session = plan(house).sessions.get(sequence=1)
    slot = slot.format(practitioner=house.practitioner.pk)
    response = house.post(DESK, f"{BOOK}?session={session.pk}", slot=slot)
    assert response.status_code == 200
    assert not Appointment.objects.exists()


def test_booking_over_another_visit_needs_the_right_and_a_reason(house):
    book(house, "10:00")
    patient = make_patient(house.location)
    path = f"{BOOK}?patient={patient.pk}"
    own = {
        "own_time_day": "2026-03-09",
        "own_time_time": "10:00",
        "practitioner": str(house.practitioner.pk),
        "override_reason": "Emergency",
    }
    assert house.post(DESK, path, **own).status_code == 409, "the desk's form has no such field"
    assert house.post(PRACTITIONER, path, **own).status_code == 303
    assert Appointment.objects.get(patient=patient).override_reason == "Emergency"


@pytest.mark.parametrize("query", ["?session=nonsense", "?follow_up={key}", "?patient={key}", "?patient=%00"])
def test_what_the_reader_does_not_see_cannot_be_booked(house, query):
    elsewhere = make_location()
    patient = make_patient(elsewhere)
    assert house.get(DESK, BOOK + query.format(key=patient.pk)).status_code == 404


def test_a_session_of_a_plan_that_is_not_accepted_says_why_it_cannot_be_booked(house):
    proposed = make_plan(make_patient(house.location), house.practitioner, status="proposed", start_date=MONDAY)
    session = proposed.sessions.get(sequence=1)
    page = words(house.get(DESK, f"{BOOK}?session={session.pk}"))
    assert "its visits can be booked when it is accepted or active" in page
    assert 'name="slot"' not in page


def test_a_visit_is_moved_and_its_messages_are_replaced(house):
    visit = book(house)
    path = url(visit, "reschedule")
    slot = first_slot(words(house.get(DESK, f"{path}?from=2026-03-12")))
    response = house.post(DESK, path, slot=slot)
    assert response.status_code == 303
    visit.refresh_from_db()
    assert visit.revision == 2
    assert visit.starts_at == datetime.fromisoformat(slot.split("|")[1])
    page = words(house.get(DESK, url(visit)))
    assert "Moved" in page
    assert "Changed" in page


def test_undo_is_offered_within_the_grace_period_and_takes_the_move_back(house, frozen):
    visit = book(house)
    cancelled = appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    assert url(cancelled, "undo") in words(house.get(DESK, url(cancelled)))
    house.act(DESK, cancelled, "undo")
    cancelled.refresh_from_db()
    assert cancelled.status == "booked"
    appointment_cancel(appointment_id=visit.pk, by=None, reason="patient")
    frozen.shift(timedelta(minutes=5))
    assert url(cancelled, "undo") not in words(house.get(DESK, url(cancelled)))
    late = house.act(DESK, cancelled, "undo")
    assert late.status_code == 409
    assert "A change can be undone within 60 seconds" in words(late)


def test_the_calendar_shows_the_week_by_day_in_the_places_own_time(house):
    book(house, "17:30", MONDAY)
    page = words(house.get(DESK, f"{CALENDAR}?day=2026-03-09&view=list&span=week"))
    assert "Mon 9 Mar" in page
    assert "17:30" in page
    assert "nobody is booked" in page
    assert "17:30" not in words(house.get(DESK, f"{CALENDAR}?day=2026-03-10&view=list"))
    assert (
        house.get(DESK, f"{CALENDAR}?day=nonsense&practitioner=x&span=y&view=z&who=w&by=b&location=l").status_code
        == 200
    )


def test_the_calendar_and_today_cost_the_same_for_many_visits(house, django_assert_max_num_queries):
    today = date(2026, 3, 2)
    book(house, "11:00", today)
    counts = {}
    for path in ("/admin/", CALENDAR):
        for role in Role:
            with django_assert_max_num_queries(16) as made:
                house.get(role, path)
            counts[path, role] = len(made)
    for hour in ("12:00", "13:00", "14:00", "15:00"):
        book(house, hour, today, practitioner=make_practitioner(house.location))
        make_plan(make_patient(house.location), house.practitioner, start_date=date(2026, 2, 1))
    for (path, role), number in counts.items():
        with django_assert_max_num_queries(number + 1):
            house.get(role, path)


def test_today_shows_the_desk_all_visits_and_a_practitioner_their_own(house):
    mine = book(house, "11:00", date(2026, 3, 2))
    theirs = book(house, "12:00", date(2026, 3, 2), practitioner=make_practitioner(house.location))
    desk, practitioner = words(house.get(DESK, "/admin/")), words(house.get(PRACTITIONER, "/admin/"))
    assert "Visits today" in desk
    assert {str(mine.patient) in desk, str(theirs.patient) in desk} == {True}
    assert "My patients today" in practitioner
    assert str(mine.patient) in practitioner
    assert str(theirs.patient) not in practitioner


def test_today_counts_every_visit_that_it_lists(house):
    done = book(house, "11:00", date(2026, 3, 2))
    book(house, "12:00", date(2026, 3, 2))
    appointment_arrive(appointment_id=done.pk, by=None)
    appointment_fulfil(appointment_id=done.pk, by=None)
    for role, title in ((DESK, "Visits today"), (PRACTITIONER, "My patients today")):
        assert f'{title} <span class="c-count">2</span>' in words(house.get(role, "/admin/"))


def test_a_session_whose_patient_came_says_so_and_offers_no_earlier_time(house):
    own = make_plan(make_patient(house.location), house.practitioner, start_date=date(2026, 3, 2))
    session = own.sessions.get(sequence=1)
    visit = book(house, "11:00", date(2026, 3, 2), session=session)
    assert "Wants earlier" in words(house.get(DESK, url(session)))
    appointment_arrive(appointment_id=visit.pk, by=None)
    for page in (words(house.get(DESK, url(session))), words(house.get(DESK, url(own)))):
        assert "person_pin_circle</span>Here</span>" in page
    assert "Wants earlier" not in words(house.get(DESK, url(session)))


def test_today_says_what_blocks_a_session(house):
    from patients.models import Consent
    from patients.services import consent_withdraw

    own = make_plan(make_patient(house.location), house.practitioner, start_date=date(2026, 3, 2))
    book(house, "11:00", date(2026, 3, 2), session=own.sessions.get(sequence=1))
    consent_withdraw(consent_id=Consent.objects.get(patient=own.patient).pk, reason="No")
    assert "Consent for PRP missing" in words(house.get(PRACTITIONER, "/admin/"))


def test_an_arrival_is_one_click_on_today_and_a_no_show_only_once_they_are_late(house, frozen):
    visit = book(house, "10:30", date(2026, 3, 2))
    early = words(house.get(DESK, "/admin/"))
    assert f'action="{url(visit, "arrive")}"' in early
    assert url(visit, "no_show") not in early
    frozen.shift(timedelta(minutes=45))
    late = words(house.get(DESK, "/admin/"))
    assert "Late 15 min" in late
    for path in ("/admin/", "/admin/plans/appointment/?day=2026-03-02&view=list"):
        page = words(house.get(DESK, path))
        for name in ("arrive", "no_show"):
            assert f'<form method="post" action="{url(visit, name)}">' in page, "one click wherever it is offered"
    assert 'name="revision" value="1"' in late
    response = house.act(DESK, visit, "arrive", next="/admin/")
    assert response.headers["Location"] == "/admin/"
    page = words(house.get(DESK, "/admin/"))
    assert f"{visit.patient} is here." in page
    assert "Took place" in page


def test_an_assistant_sees_the_day_and_has_no_buttons_for_it(house):
    visit = book(house, "11:00", date(2026, 3, 2))
    page = words(house.get(ASSISTANT, "/admin/"))
    assert str(visit.patient) in page
    assert url(visit, "arrive") not in page


def test_who_works_in_two_zones_reads_the_zone_beside_each_time(house):
    madrid = make_location("Casa Tilo", timezone=MADRID)
    both = sign_in(make_user((house.location, DESK), (madrid, DESK)))
    book(house, "11:00", date(2026, 3, 2))
    patient = make_patient(madrid)
    appointment_book(
        by=None,
        location=madrid,
        practitioner=make_practitioner(madrid),
        starts_at=local(madrid, date(2026, 3, 2), "17:00"),
        consultation_for=patient,
    )
    page = words(both.get("/admin/"))
    assert "11:00 (New York)" in page
    assert "17:00 (Madrid)" in page
    assert "Casa Tilo" in page
    assert "(New York)" not in words(house.get(DESK, "/admin/"))


def test_the_page_of_a_visit_tells_its_messages_and_its_past(house):
    visit = book(house)
    appointment_arrive(appointment_id=visit.pk, by=None)
    page = words(house.get(DESK, url(visit)))
    assert "Reminder, 1 day before" in page
    assert "Booked" in page
    assert PatientMessage.objects.filter(appointment=visit).count() == 4


def test_a_note_is_kept_for_the_team(house):
    visit = book(house)
    house.act(DESK, visit, "note", note="Brings a friend")
    assert "Brings a friend" in words(house.get(ASSISTANT, url(visit)))
    assert house.act(ASSISTANT, visit, "note", note="x").status_code == 403
