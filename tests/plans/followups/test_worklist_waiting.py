"""The waitlist on the worklist: who waits beside the times that fit now, booked by one click; joined from any row."""

from datetime import date
from typing import Any

import pytest

from clinic.access.roles import Role
from patients.models import Patient
from plans.scheduling.models import Appointment, WaitlistEntry
from plans.scheduling.services import appointment_undo, waitlist_add
from plans.treatment.services import plan_hold
from tests import factories
from tests.console import sign_in, url, words
from tests.plans.followups.desk import DESK, LIST, row, send, show, slots

HERE = f"{LIST}?state=waitlist"


@pytest.fixture
def clinic(clinic, broker):
    clinic.performed()
    return clinic


def wait(clinic: Any, **fields: Any) -> WaitlistEntry:
    return waitlist_add(by=clinic.desk, **{"follow_up": clinic.follow_up, **fields})


def entry_row(entry: WaitlistEntry) -> str:
    return f"{DESK}waiting/{entry.pk}/"


def test_who_waits_opens_beside_the_list_with_the_times_that_suit_them(clinic, later):
    entry = wait(clinic, weekdays=[4], time_from="13:00", note="Rings back")
    assert f"waiting-{entry.pk}" in words(later.get(HERE))
    side = show(later, entry_row(entry))
    for text in (
        "Waits: ",
        "Mock Dogwood",
        "3-month review",
        "Waits since today. Thursday, from 13:00.",
        "Rings back",
        "Times that fit now",
        url(entry, "withdraw"),
        url(entry),
    ):
        assert text in side
    assert {slot.partition("|")[2][11:16] for slot in slots(side)} == {"17:00"}, "13:00 in New York"
    assert "Thu 21 May" not in side, "not a day of the past, but tomorrow"
    assert len(slots(show(later, f"{entry_row(entry)}?days=6"))) > len(slots(side))


def test_one_click_books_what_they_wait_for_and_undo_puts_them_back(clinic, later):
    entry = wait(clinic)
    answer = send(later, f"{entry_row(entry)}book/", slot=slots(show(later, entry_row(entry)))[0], next=HERE)
    entry.refresh_from_db()
    visit = clinic.follow_up.appointments.get()
    assert (entry.status, entry.appointment) == ("booked", visit)
    assert "Booked: Mock Dogwood, " in words(answer)
    assert "Nobody waits." in words(answer)
    appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    entry.refresh_from_db()
    assert entry.status == "waiting"


def test_who_has_a_visit_is_shown_earlier_times_and_moved_there(clinic, later):
    visit = clinic.book(date(2026, 6, 9))
    entry = wait(clinic)
    side = show(later, entry_row(entry))
    assert "Has now: Tue 9 Jun 10:00 with Dr Rowan" in side
    assert "earlier than Tue 9 Jun 10:00" in side
    answer = send(later, f"{entry_row(entry)}book/", slot=slots(side)[0], next=HERE)
    assert "Mock Dogwood. Moved to" in words(answer)
    visit.refresh_from_db()
    assert visit.revision == 2


def test_a_stale_row_moves_no_visit_that_it_does_not_show(clinic, later):
    entry = wait(clinic)
    stale = show(later, entry_row(entry))
    assert 'name="revision" value="0"' in stale
    visit = clinic.book(date(2026, 6, 9))
    answer = words(send(later, f"{entry_row(entry)}book/", slot=slots(stale)[0], revision="0", next=HERE))
    assert "They were booked meanwhile, for Tue 9 Jun 10:00 by Person" in answer
    assert 'name="revision" value="1"' in answer
    visit.refresh_from_db()
    assert visit.revision == 1


def test_a_time_that_is_taken_meanwhile_leaves_them_waiting(clinic, later):
    entry = wait(clinic)
    slot = slots(show(later, entry_row(entry)))[0]
    other = waitlist_add(by=clinic.desk, patient=factories.make_patient(clinic.location))
    send(later, f"{entry_row(other)}book/", slot=slot)
    answer = send(later, f"{entry_row(entry)}book/", slot=slot, next=HERE)
    assert "The practitioner is booked at this time. Nothing was changed." in words(answer)
    entry.refresh_from_db()
    assert entry.status == "waiting"


def test_who_waits_no_more_is_said_to_and_offers_nothing(clinic, later, frozen):
    entry = wait(clinic)
    frozen.shift(60)
    clinic.book(date(2026, 5, 26))
    side = show(later, entry_row(entry))
    assert "They got a time that suits them in another way." in side
    assert not slots(side)


def test_a_row_that_is_not_booked_joins_the_waitlist_by_one_click_within_its_window(clinic, later):
    Patient.objects.filter(pk=clinic.patient.pk).update(preferred_weekdays=[1, 3], preferred_until="12:00")
    assert f"{row(clinic)}wait/" in show(later, row(clinic))
    answer = send(later, f"{row(clinic)}wait/")
    entry = WaitlistEntry.objects.get()
    assert (entry.follow_up, entry.latest, entry.weekdays) == (clinic.follow_up, clinic.follow_up.window_end, [1, 3])
    text = words(answer)
    assert "Mock Dogwood is on the waitlist." in text
    assert "Monday and Wednesday, done by 12:00, until Tue 16 Jun." in text
    assert f"open=waiting-{entry.pk}" in text, "the row stays open, and leads there"
    assert "is on the waitlist for this already" in words(send(later, f"{row(clinic)}wait/"))
    assert WaitlistEntry.objects.count() == 1


def test_a_late_session_and_a_missed_consultation_join_without_a_last_day(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    send(later, f"{DESK}session/{session.pk}/wait/")
    entry = WaitlistEntry.objects.get()
    assert (entry.session, entry.latest) == (session, None), "its window has closed"


def test_who_may_put_nobody_on_the_list_sees_no_way_and_is_refused(clinic, later):
    browser = sign_in(factories.make_user((clinic.location, Role.ASSISTANT)))
    assert "/wait/" not in show(browser, row(clinic))
    assert send(browser, f"{row(clinic)}wait/").status_code == 403
    entry = wait(clinic)
    assert not slots(show(browser, entry_row(entry)))
    assert send(browser, f"{entry_row(entry)}book/", slot="x").status_code == 403
    stranger = sign_in(factories.make_user((factories.make_location(), Role.FRONT_DESK)))
    assert send(stranger, f"{entry_row(entry)}book/", slot="x").status_code == 404
    assert send(stranger, f"{row(clinic)}wait/").status_code == 404
    assert WaitlistEntry.objects.filter(status="waiting").count() == 1


def test_a_visit_of_a_plan_on_hold_says_what_comes_first_and_leads_there(clinic, frozen):
    visit = clinic.book(date(2026, 3, 30), session=clinic.plan.sessions.get(sequence=2))
    plan_hold(plan_id=clinic.plan.pk, reason="Pus and fever.")
    browser = sign_in(clinic.desk)
    page = words(browser.get(f"{LIST}?state=rebook"))
    assert "The plan is on hold. It can be moved when the plan is resumed" in page
    side = show(browser, f"{DESK}visit/{visit.pk}/")
    assert url(clinic.plan) in side
    assert not slots(side)
    assert "/wait/" not in side
    assert Appointment.objects.get(pk=visit.pk).status == "booked"


def test_an_open_place_on_the_list_costs_a_fixed_number_of_queries(clinic, later, django_assert_max_num_queries):
    entry = wait(clinic)
    with django_assert_max_num_queries(14) as few:
        show(later, entry_row(entry))
    for _ in range(3):
        factories.make_practitioner(clinic.location)
        wait(clinic, follow_up=None, patient=factories.make_patient(clinic.location))
    with django_assert_max_num_queries(len(few)):
        show(later, entry_row(entry))
