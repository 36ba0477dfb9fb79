"""What a patient has just said is done at once, said clearly, and once, however often they press."""

from datetime import timedelta

import pytest
from django.db import connection

from plans.messages.links import Purpose
from plans.messages.models import PatientMessage
from plans.messages.services import messages_plan_overdue
from plans.messages.subjects import lock_subject
from plans.portal import services
from plans.portal.views import offer as offers
from plans.portal.views import visit as visits
from plans.scheduling.models import Appointment
from plans.scheduling.services import waitlist_add, waitlist_offer
from tests.plans.portal.conftest import hidden, path_of, words
from tests.plans.portal.test_others import first_time, follow_up
from tests.plans.portal.test_visit import times_on

__all__ = ["follow_up"]

O, V = Purpose.OFFER, Purpose.VISIT  # noqa: E741


def offer(clinic, at="10:00", **of):
    entry = waitlist_add(by=clinic.desk, **(of or {"patient": clinic.patient}))
    starts_at = clinic.at(at) if isinstance(at, str) else at
    return waitlist_offer(entry_id=entry.pk, by=clinic.desk, starts_at=starts_at, practitioner=clinic.practitioner)


def assert_confirmed(visit):
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert visit.confirmed_at is not None


def test_who_takes_an_offer_has_confirmed_it_with_that(clinic, browser):
    path = path_of(O, offer(clinic))
    said = words(browser.get(browser.press(f"{path}accept/", path)["Location"]))
    assert_confirmed(Appointment.objects.get())
    assert "Your visit is booked. You do not need to confirm it." in said
    assert "I will come" not in said


def test_an_offer_names_the_time_that_is_given_up_and_says_that_the_visit_moved(clinic, browser):
    visit = clinic.book("15:00")
    path = path_of(O, offer(clinic))
    assert "Your visit is now on Monday 9 March 2026, 15:00." in words(browser.get(path))
    said = words(browser.get(browser.press(f"{path}accept/", path)["Location"]))
    assert_confirmed(visit)
    assert visit.starts_at == clinic.at("10:00")
    assert "Your visit has been moved. This is the new time. You do not need to confirm it." in said


@pytest.mark.parametrize("kind", ["session", "follow_up", "patient"])
def test_the_mail_of_an_offer_knows_the_visit_for_the_same_and_no_other(clinic, kind):
    session, follow_up = clinic.sessions[0], clinic.follow_ups[0]
    of = {"session": session, "follow_up": follow_up, "patient": clinic.patient}[kind]
    clinic.book("14:00", consultation_for=clinic.another_patient())
    entry = waitlist_add(by=clinic.desk, **{kind: of})
    with connection.cursor() as cursor:
        assert lock_subject(cursor, "waitlist_entry", entry.pk).gives_up is None
        booked = {
            "session": lambda: clinic.book("10:00", session.target_date, session=session),
            "follow_up": lambda: clinic.book("10:00", follow_up.target_date, follow_up=follow_up),
            "patient": lambda: clinic.book("15:00"),
        }[kind]()
        assert lock_subject(cursor, "waitlist_entry", entry.pk).gives_up == booked.starts_at


def test_an_offer_that_is_too_soon_to_be_moved_says_so_before_it_is_taken(clinic, frozen, browser):
    path = path_of(O, offer(clinic))
    assert "by phone only" not in words(browser.get(path))
    frozen.move_to(clinic.at("10:00") - timedelta(hours=23, minutes=59))
    assert "Once you have taken it, you can move or cancel it by phone only" in words(browser.get(path))


def test_a_booked_follow_up_is_confirmed_and_its_nudge_goes_no_more(clinic, follow_up, browser):
    messages_plan_overdue(follow_up=follow_up)
    path = path_of(Purpose.FOLLOW_UP, follow_up)
    page = browser.get(path)
    answer = browser.post(f"{path}book/", {**hidden(page), "time": first_time(page)})
    assert_confirmed(Appointment.objects.get(follow_up=follow_up))
    assert "You do not need to confirm it." in words(browser.get(answer["Location"]))
    nudge = PatientMessage.objects.get(follow_up=follow_up, kind="overdue")
    assert (nudge.status, nudge.status_reason) == ("cancelled", "The follow-up is booked, attended or cancelled.")


def test_a_visit_that_the_patient_moved_is_confirmed(visit, browser):
    path = path_of(V, visit)
    page = browser.get(f"{path}move/")
    browser.post(f"{path}move/", {**hidden(page), "time": times_on(page)[0]})
    assert_confirmed(visit)


def test_no_of_the_mail_leads_with_the_two_refusals(clinic, browser):
    path = path_of(O, offer(clinic))
    page = browser.get(browser.get(f"{path}decline/")["Location"]).content.decode()
    assert page.index('action="' + path + 'decline/"') < page.index('action="' + path + 'accept/"')
    assert "Decline this time?" in page
    page = browser.get(path).content.decode()
    assert page.index('action="' + path + 'accept/"') < page.index('action="' + path + 'decline/"')


def test_who_declines_is_thanked_and_told_what_comes_next(clinic, browser):
    path = path_of(O, offer(clinic))
    answer = browser.press(f"{path}decline/", path, keep="yes")
    said = words(browser.get(answer["Location"]))
    assert "Thank you for your answer" in said
    assert "You are still on the waiting list, and we will tell you of the next time." in said


@pytest.mark.parametrize("act", ["cancel", "move", "confirm"])
def test_of_two_presses_at_once_both_are_told_that_it_is_done(visit, browser, monkeypatch, act):
    name = f"visit_{act}"
    once = getattr(services, name)

    def twice(**asked):
        once(**asked)
        return once(**asked)

    path = path_of(V, visit)
    page = browser.get(f"{path}move/")
    form = {**hidden(page), "time": times_on(page)[0]}
    monkeypatch.setattr(visits, name, twice)
    answer = browser.post(f"{path}{act}/", form)
    said = {"cancel": "cancelled", "move": "moved", "confirm": "confirmed"}[act]
    assert (answer.status_code, answer.headers.get("Location")) == (303, f"{path}?said={said}")
    visit.refresh_from_db()
    assert visit.status == ("cancelled" if act == "cancel" else "confirmed")


@pytest.mark.parametrize(("act", "status"), [("accept", "booked"), ("decline", "waiting")])
def test_of_two_answers_to_an_offer_at_once_both_are_told_that_it_is_done(clinic, browser, monkeypatch, act, status):
    entry = offer(clinic)
    once = getattr(services, f"offer_{act}")

    def twice(**asked):
        once(**asked)
        return once(**asked)

    monkeypatch.setattr(offers, f"offer_{act}", twice)
    path = path_of(O, entry)
    answer = browser.press(f"{path}{act}/", path, keep="yes")
    assert answer.status_code == 303
    entry.refresh_from_db()
    assert entry.status == status


def test_nobody_is_shown_a_time_that_is_minutes_ahead(clinic, frozen, browser):
    frozen.move_to(clinic.at("09:58"))
    visit = clinic.book("10:00", clinic.at("10:00").date() + timedelta(days=2))
    path = path_of(V, visit, "move/")
    page = browser.get(path)
    first = min(int(time.partition("-")[0]) for time in times_on(page))
    assert first >= int(clinic.at("11:58").timestamp())
    soon = f"{int(clinic.at('10:15').timestamp())}-{clinic.practitioner.pk.hex}"
    assert browser.post(path, {**hidden(page), "time": soon}).status_code == 409
    frozen.move_to(clinic.at("10:10"))
    answer = browser.post(path, {**hidden(page), "time": f"{first}-{clinic.practitioner.pk.hex}"})
    assert answer.status_code == 303, "what the page showed can be chosen for a while"


def test_who_wants_no_mail_at_all_reads_no_promise_of_mail(visit, browser):
    path = path_of(V, visit, "preferences/")
    assert "We always tell you" in words(browser.get(path))
    browser.press(path, none="yes", mail_language="en", kinds=["reminder"])
    said = words(browser.get(path))
    assert "We always tell you" not in said
    assert "You get no emails at all now. We will call you instead." in said


def test_who_has_no_link_is_told_whom_to_call(clinic, browser):
    for path in ("/p/", "/p/x.y/"):
        said = words(browser.get(path))
        assert f"{clinic.location.name} {clinic.location.phone}" in said
