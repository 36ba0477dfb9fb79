"""Early booking and rebooking in the console: what each role sees and can do."""

from datetime import date, timedelta

import pytest

from clinic.access.roles import Role
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import ProcedureSession
from plans.treatment.services import plan_hold
from tests.console import House, said, url, words
from tests.factories import local, make_patient, make_plan, make_practitioner, make_room, perform

DESK, PRACTITIONER, ASSISTANT, MANAGER = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT, Role.MANAGER
MONDAY = date(2026, 3, 9)
CALENDAR, BOOK = "/admin/plans/appointment/", "/admin/plans/appointment/add/"
WHY = "Flies home on Sunday"


@pytest.fixture
def house(db, frozen):
    return House()


@pytest.fixture
def session(house):
    plan = make_plan(make_patient(house.location), house.practitioner, start_date=MONDAY)
    return plan.sessions.get(sequence=1)


def first_slot(page):
    return page.split('name="slot" value="')[1].split('"')[0]


def book_early(house, session, clock="10:00"):
    return appointment_book(
        by=house.practitioner.user,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, date(2026, 3, 6), clock),
        session=session,
        override_reason=WHY,
    )


def move_window(session, days):
    ProcedureSession.objects.filter(pk=session.pk).update(
        **{name: getattr(session, name) + timedelta(days) for name in ("window_start", "target_date", "window_end")}
    )


@pytest.mark.parametrize("role", [DESK, PRACTITIONER])
def test_earlier_days_are_shown_as_blocked_with_the_first_day_and_why(house, session, role):
    page = words(house.get(role, f"{BOOK}?session={session.pk}"))

    assert "Until Sun 8 Mar: blocked" in page
    assert "The first possible day is Mon 9 Mar. The plan starts on 9 March 2026." in page
    assert ("Book a blocked day anyway" in page) is (role == PRACTITIONER)
    assert ("override_reason" in page) is (role == PRACTITIONER)
    assert first_slot(page).split("|")[1] >= "2026-03-09"


def test_the_desk_gets_no_blocked_days_by_typing_the_address(house, session):
    path = f"{BOOK}?session={session.pk}&early=1"
    page = words(house.get(DESK, path))

    assert "Earlier than the plan allows" not in page
    assert first_slot(page).split("|")[1] >= "2026-03-09"
    starts_at = local(house.location, date(2026, 3, 6), "10:00").isoformat()
    response = house.post(DESK, path, slot=f"{house.practitioner.pk}|{starts_at}", override_reason="I want to")
    assert response.status_code == 409
    assert "Too early: the window opens on 9 March 2026. The plan starts on 9 March 2026." in words(response)
    assert not Appointment.objects.exists()


def test_a_practitioner_books_a_blocked_day_with_a_reason_that_stays_visible(house, session):
    path = f"{BOOK}?session={session.pk}&early=1"
    page = words(house.get(PRACTITIONER, path))
    assert "Earlier than the plan allows" in page
    slot = first_slot(page)
    assert slot.split("|")[1] < "2026-03-09"

    refused = house.post(PRACTITIONER, path, slot=slot)
    assert "Say why this visit is to be earlier than the plan allows." in words(refused)
    assert not Appointment.objects.exists()

    response = house.post(PRACTITIONER, path, slot=slot, override_reason=WHY)
    assert response.status_code == 303
    visit = Appointment.objects.get()
    assert (visit.is_early, visit.override_reason) == (True, WHY)
    shown = words(house.get(DESK, url(visit)))
    assert "Booked early because" in shown
    assert shown.count(WHY) == 2, "as it stands, and in what happened"
    day = visit.starts_at.astimezone(house.location.zone).date()
    assert "Early" in words(house.get(DESK, f"{CALENDAR}?day={day}&view=list"))
    assert "Early because" in words(house.get(DESK, url(session)))
    assert WHY in words(house.get(MANAGER, url(visit, "history")))


def test_a_reason_typed_for_a_refused_time_is_still_there(house, session):
    page = house.post(PRACTITIONER, f"{BOOK}?session={session.pk}&early=1", slot="nonsense", override_reason=WHY)

    assert f'value="{WHY}"' in words(page)
    assert "no longer on offer" in words(page)


def test_an_early_time_of_ones_own_is_refused_without_a_reason_and_taken_with_one(house, session):
    own = {
        "own_time_day": "2026-03-06",
        "own_time_time": "10:00",
        "practitioner": str(house.practitioner.pk),
    }
    path = f"{BOOK}?session={session.pk}"

    assert house.post(PRACTITIONER, path, **own).status_code == 409
    assert house.post(DESK, path, **own, override_reason=WHY).status_code == 409
    assert house.post(PRACTITIONER, path, **own, override_reason=WHY).status_code == 303
    assert Appointment.objects.get().is_early


def test_days_after_the_window_say_so(house, session):
    later = session.window_end + timedelta(days=1)
    page = words(house.get(DESK, f"{BOOK}?session={session.pk}&from={later}"))

    assert "after the window" in page
    assert (
        "after the window"
        not in words(house.get(DESK, f"{BOOK}?session={session.pk}&from={MONDAY}&x=")).split('name="slot"')[0]
    )


def test_days_too_near_to_a_visit_of_another_plan_are_shown_as_blocked(house, session):
    other = make_plan(session.plan.patient, house.practitioner, protocol="microneedling", start_date=MONDAY)
    appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, date(2026, 4, 1), "10:00"),
        session=other.sessions.get(sequence=1),
    )
    page = words(house.get(DESK, f"{BOOK}?session={session.pk}"))

    assert "Thu 19 Mar to Tue 14 Apr: blocked" in page
    assert "of another plan on 1 April 2026" in page


def test_a_move_to_a_blocked_day_needs_the_right_and_a_reason_too(house, session):
    visit = appointment_book(
        by=None,
        location=house.location,
        practitioner=house.practitioner,
        starts_at=local(house.location, MONDAY, "10:00"),
        session=session,
    )
    path = url(visit, "reschedule")
    assert "Book a blocked day anyway" not in words(house.get(DESK, path))
    assert "Book a blocked day anyway" in words(house.get(PRACTITIONER, path))
    slot = first_slot(words(house.get(PRACTITIONER, f"{path}?early=1")))

    assert house.post(DESK, path, slot=slot, override_reason=WHY).status_code == 409
    assert house.post(PRACTITIONER, f"{path}?early=1", slot=slot).status_code == 200
    visit.refresh_from_db()
    assert visit.revision == 1
    response = house.post(PRACTITIONER, f"{path}?early=1", slot=slot, override_reason=WHY)
    assert response.status_code == 303
    assert "Moved to" in said(response)[0]
    visit.refresh_from_db()
    assert (visit.is_early, visit.override_reason) == (True, WHY)


def test_what_wants_rebooking_stands_on_today_the_calendar_and_its_own_page(house, session):
    visit = book_early(house, session)
    assert "To rebook" not in words(house.get(DESK, "/admin/"))

    move_window(session, 2)

    why = "Too early now: the window opens on 11 March 2026."
    today = words(house.get(DESK, "/admin/"))
    assert "To rebook" in today
    assert why in today
    assert url(visit, "reschedule") in today
    assert why in words(house.get(DESK, url(visit)))
    assert why in words(house.get(DESK, f"{CALENDAR}?day=2026-03-06&view=list"))
    assert "To rebook" not in words(house.get(ASSISTANT, "/admin/"))


def test_a_practitioner_reads_of_their_own_visits_only(house, session):
    book_early(house, session)
    move_window(session, 2)
    mine = words(house.get(PRACTITIONER, "/admin/"))
    ProcedureSession.objects.get(pk=session.pk)
    Appointment.objects.update(practitioner=make_practitioner(house.location))

    assert "To rebook" in mine
    assert "To rebook" not in words(house.get(PRACTITIONER, "/admin/"))


def test_today_costs_the_same_for_many_visits_to_rebook(house, session, django_assert_max_num_queries):
    def hold_another(clock):
        practitioner = make_practitioner(house.location)
        plan = make_plan(make_patient(house.location), practitioner, start_date=MONDAY)
        make_room(house.location)
        first, second = plan.sessions.order_by("sequence")[:2]
        perform(first, practitioner)
        second.refresh_from_db()
        day = second.target_date
        while day.isoweekday() > 5:
            day += timedelta(days=1)
        appointment_book(
            by=None,
            location=house.location,
            practitioner=practitioner,
            starts_at=local(house.location, day, clock),
            session=second,
        )
        plan_hold(plan_id=plan.pk, reason="Travelling")

    hold_another("10:00")
    house.get(DESK, "/admin/")
    with django_assert_max_num_queries(20) as few:
        assert "To rebook" in words(house.get(DESK, "/admin/"))
    for hour in range(11, 15):
        hold_another(f"{hour}:00")
    with django_assert_max_num_queries(len(few)):
        assert words(house.get(DESK, "/admin/")).count("The plan is on hold.") == 5
