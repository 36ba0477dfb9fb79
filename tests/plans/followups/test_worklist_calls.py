"""Calls written down from the worklist, and what others see of a row that somebody works on."""

import html
import re
from datetime import date, timedelta

import pytest

from clinic import cache
from clinic.access.roles import Role
from clinic.errors import InvalidTransition
from patients.models import Patient
from plans.followups.claims import claims
from plans.followups.models import ContactAttempt
from plans.followups.services import attempt_record_for_session
from tests import factories
from tests.console import sign_in, url, words
from tests.plans.followups.conftest import add_visit, utc
from tests.plans.followups.desk import DESK, HERE, HTMX, LIST, row, send, show, slots


@pytest.fixture
def clinic(clinic, broker):
    clinic.performed()
    return clinic


def test_a_session_is_booked_and_called_about_in_the_same_way(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    path = f"{DESK}session/{session.pk}/"
    side = show(later, path)
    assert "Session 2 of 3 · PRP · 60 min" in side
    send(later, f"{path}call/", outcome="no_answer")
    attempt = ContactAttempt.objects.get()
    assert (attempt.patient, attempt.about, attempt.attempted_by) == (clinic.patient, session, clinic.desk)
    send(later, f"{path}book/", slot=slots(side)[0])
    assert session.appointments.get().status == "booked"


def test_a_no_to_a_session_stands_on_its_row_alone(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    send(later, f"{DESK}session/{session.pk}/call/", outcome="declined")
    assert "1 try · declined" in words(later.get(f"{LIST}?state=overdue"))
    assert "declined" not in words(later.get(HERE)), "the review was not asked about"
    assert f"· about {session.title}" in show(later, row(clinic)), "beside the row all calls can be read"
    send(later, f"{row(clinic)}call/", outcome="left_message")
    assert "left a message" not in words(later.get(f"{LIST}?state=overdue"))


def test_a_no_to_a_session_leaves_a_missed_consultation_and_one_to_it_does_not(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    missed = add_visit(clinic, "no_show", utc("2026-05-18T14:00"))
    path = f"{LIST}?state=no_show"
    send(later, f"{DESK}session/{session.pk}/call/", outcome="declined")
    assert f"missed-{missed.pk}" in words(later.get(path))
    assert "declined" not in words(later.get(path))
    send(later, f"{DESK}missed/{missed.pk}/call/", outcome="declined")
    assert f"missed-{missed.pk}" not in words(later.get(path))


def test_a_missed_session_shows_the_calls_about_it(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    add_visit(clinic, "no_show", utc("2026-05-18T14:00"), session=session)
    send(later, f"{DESK}session/{session.pk}/call/", outcome="no_answer")
    assert "1 try · no answer" in words(later.get(f"{LIST}?state=no_show"))


def test_a_call_about_a_visit_to_move_is_about_what_it_is_for(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    visit = clinic.book(date(2026, 5, 26), session=session)
    send(later, f"{DESK}visit/{visit.pk}/call/", outcome="reached")
    assert ContactAttempt.objects.get().about == session


def test_about_a_session_that_has_begun_nobody_is_called(clinic):
    begun = clinic.plan.sessions.get(sequence=1)
    with pytest.raises(InvalidTransition):
        attempt_record_for_session(session_id=begun.pk, by=clinic.desk, channel="call", outcome="reached")
    assert not ContactAttempt.objects.exists()


class TestTakingBack:
    def test_a_slip_is_taken_back_from_its_toast_and_the_row_is_open_again(self, clinic, later):
        before = words(later.get(HERE))
        assert "1 try" not in before
        told = words(send(later, f"{row(clinic)}call/", outcome="declined"))
        assert "Can be taken back here for" in told
        answer = send(later, undo_of(told))
        text = words(answer)
        assert "Mock Dogwood: “declined” is taken back." in text
        assert "Book: " in text
        assert "1 try" not in text
        assert f"follow_up-{clinic.follow_up.pk}" in answer.headers["HX-Trigger-After-Settle"]
        assert not ContactAttempt.objects.exists()
        taken = ContactAttempt.pgh_event_model.objects.select_related("pgh_context").latest("pgh_id")
        assert (taken.pgh_label, taken.outcome, taken.pgh_context.metadata["reason"]) == (
            "delete",
            "declined",
            "Taken back",
        )
        assert send(later, undo_of(told)).status_code == 404, "it is gone"

    def test_what_was_put_off_comes_back_at_once(self, clinic, later):
        told = words(send(later, f"{row(clinic)}call/", outcome="put_off", next_try_on="2026-05-26"))
        send(later, undo_of(told))
        assert not ContactAttempt.objects.exists()

    def test_without_script_it_leads_back_to_the_list(self, clinic, later):
        send(later, f"{row(clinic)}call/", outcome="no_answer")
        attempt = ContactAttempt.objects.get()
        answer = later.post(f"{DESK}attempt/{attempt.pk}/undo/", {"next": HERE})
        assert (answer.status_code, answer.headers["Location"]) == (303, HERE)
        assert not ContactAttempt.objects.exists()

    def test_somebody_elses_is_theirs_and_a_managers(self, clinic, later, ana):
        send(later, f"{row(clinic)}call/", outcome="no_answer")
        attempt = ContactAttempt.objects.get()
        path = f"{DESK}attempt/{attempt.pk}/undo/"
        assert "Somebody else wrote this down; ask them, or a manager" in words(send(ana, path))
        assert url(attempt, "take_back") not in words(ana.get(url(attempt)))
        assistant = sign_in(factories.make_user((clinic.location, Role.ASSISTANT)))
        assert send(assistant, path).status_code == 403
        elsewhere = sign_in(factories.make_user((factories.make_location(), Role.MANAGER)))
        assert send(elsewhere, path).status_code == 404
        assert ContactAttempt.objects.get() == attempt
        manager = sign_in(factories.make_user((clinic.location, Role.MANAGER)))
        assert url(attempt) in show(manager, row(clinic)), "the tries lead to their pages"
        assert url(attempt, "take_back") in words(manager.get(url(attempt)))
        answer = manager.post(url(attempt, "take_back"), {"next": url(attempt)})
        assert (answer.status_code, answer.headers["Location"]) == (303, url(clinic.patient))
        assert not ContactAttempt.objects.exists()

    def test_a_day_later_it_stands(self, clinic, later, frozen):
        send(later, f"{row(clinic)}call/", outcome="no_answer")
        attempt = ContactAttempt.objects.get()
        frozen.shift(timedelta(hours=24, seconds=1))
        browser = sign_in(clinic.desk)
        assert "within a day; it is older" in words(send(browser, f"{DESK}attempt/{attempt.pk}/undo/"))
        assert url(attempt, "take_back") not in words(browser.get(url(attempt)))
        assert ContactAttempt.objects.get() == attempt

    def test_a_call_logged_on_the_page_of_a_follow_up_is_taken_back_there(self, clinic, later):
        page = url(clinic.follow_up)
        later.post(url(clinic.follow_up, "attempt"), {"channel": "call", "outcome": "reached", "next": page})
        attempt = ContactAttempt.objects.get()
        assert url(attempt, "take_back") in words(later.get(page))
        answer = later.post(url(attempt, "take_back"), {"next": page})
        assert (answer.status_code, answer.headers["Location"]) == (303, page)
        assert not ContactAttempt.objects.exists()


def undo_of(told: str) -> str:
    """Where the toast of a call takes it back."""
    return html.unescape(re.findall(r'action="([^"]+/undo/[^"]*)"', told)[0])


def test_whom_no_mail_reaches_is_told_in_two_clicks_and_leaves_the_list(clinic, later):
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    path = f"{DESK}patient/{clinic.patient.pk}/"
    assert "Has no email address. 3-month review: due until Tue 16 Jun" in show(later, path)
    answer = later.post(f"{path}call/", {"next": f"{LIST}?state=unreachable", "outcome": "reached"}, headers=HTMX)
    assert "Mail reaches everybody." in words(answer)


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        # It is Friday 29 May.
        ("no_answer", date(2026, 6, 1)),
        ("left_message", date(2026, 6, 2)),
        ("reached", None),
        ("declined", None),
        ("wrong_number", None),
    ],
)
def test_a_call_is_written_down_by_one_click_with_the_next_working_day(clinic, later, frozen, outcome, again):
    frozen.move_to("2026-05-29T14:00:00Z")
    answer = send(sign_in(clinic.desk), f"{row(clinic)}call/", outcome=outcome)
    assert answer.status_code == 200
    attempt = ContactAttempt.objects.get()
    assert (attempt.follow_up, attempt.channel, attempt.outcome) == (clinic.follow_up, "call", outcome)
    assert (attempt.next_try_on, attempt.attempted_by) == (again, clinic.desk)


def test_the_next_try_and_a_note_can_be_written_to_it_afterwards(clinic, later, ana):
    text = words(send(later, f"{row(clinic)}call/", outcome="no_answer"))
    attempt = ContactAttempt.objects.get()
    path = f"{DESK}attempt/{attempt.pk}/"
    assert "Mock Dogwood: no answer, again tomorrow." in text
    assert path in text
    answer = send(later, path, next_try_on="2026-05-25", note=" Rings out ")
    assert "no answer, again Mon 25 May." in words(answer)
    attempt.refresh_from_db()
    assert (attempt.next_try_on, attempt.note) == (date(2026, 5, 25), "Rings out")
    assert "within a year from today" in words(send(later, path, next_try_on="2026-05-01", note=""))
    assert "Somebody else wrote this down" in words(send(ana, path, next_try_on="", note="Mine"))
    attempt.refresh_from_db()
    assert (attempt.next_try_on, attempt.note) == (date(2026, 5, 25), "Rings out")


def test_an_attempt_of_another_day_is_not_written_to_any_more(clinic, later, frozen):
    send(later, f"{row(clinic)}call/", outcome="no_answer")
    attempt = ContactAttempt.objects.get()
    frozen.shift(timedelta(days=1))
    answer = send(sign_in(clinic.desk), f"{DESK}attempt/{attempt.pk}/", next_try_on="", note="Later")
    assert "on another day" in words(answer)


def test_skipping_puts_it_off_to_a_day_and_needs_one(clinic, later):
    path = f"{row(clinic)}call/"
    answer = send(later, path, outcome="put_off", next_try_on="2026-05-26")
    assert "Mock Dogwood: put off to Tue 26 May." in words(answer)
    assert "again Tue 26 May" in words(answer)
    assert "Say on which day somebody tries." in words(send(later, path, outcome="put_off"))
    assert ContactAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words_of_it"),
    [
        ({"outcome": "shouted"}, "“shouted” is none of reached, no_answer"),
        ({"outcome": "no_answer", "next_try_on": "2020-01-01"}, "within a year from today"),
        ({"outcome": "no_answer", "next_try_on": "soon"}, "Enter a valid date."),
        ({}, "This field is required."),
    ],
)
def test_a_call_that_cannot_be_is_refused_and_nothing_is_written(clinic, later, data, words_of_it):
    answer = send(later, f"{row(clinic)}call/", **data)
    assert words_of_it in words(answer)
    assert "Nothing was changed." in words(answer)
    assert not ContactAttempt.objects.exists()


def test_who_opens_a_row_is_seen_by_the_others_until_they_leave_it(clinic, later, ana):
    show(ana, row(clinic))
    assert "Ana is on it" in words(later.get(HERE))
    assert "Ana is on it" not in words(ana.get(HERE))
    assert "Ana is on it." in show(later, row(clinic))
    ana.post(f"{DESK}release/", {"left": str(clinic.patient.pk)})
    assert "Ana is on it" not in words(later.get(HERE))


def test_opening_another_row_lets_go_of_the_one_before_and_booking_does_too(clinic, later, ana):
    other = factories.make_plan(
        factories.make_patient(clinic.location), clinic.practitioner, start_date=date(2026, 5, 20)
    )
    show(ana, row(clinic))
    session = other.sessions.get(sequence=1)
    side = show(ana, f"{DESK}session/{session.pk}/?left={clinic.patient.pk}")
    assert set(claims([clinic.patient.pk, other.patient_id], clinic.desk)) == {other.patient_id}
    send(ana, f"{DESK}session/{session.pk}/book/", slot=slots(side)[0])
    assert not claims([clinic.patient.pk, other.patient_id], clinic.desk)


def test_a_note_of_another_blocks_nobody(clinic, later, ana):
    show(ana, row(clinic))
    side = show(later, row(clinic))
    send(later, f"{row(clinic)}book/", slot=slots(side)[0])
    assert clinic.follow_up.appointments.get().booked_by == clinic.desk


def test_without_the_cache_only_the_notes_are_missing(clinic, later, ana, broker, monkeypatch):

    monkeypatch.setattr(cache, "_known", cache._Cache())
    show(ana, row(clinic))
    broker.stop()
    page = later.get(HERE)
    assert page.status_code == 200
    assert "is on it" not in words(page)
    assert slots(show(later, row(clinic)))


def test_the_list_answers_with_nothing_while_nothing_changed(clinic, later, ana):
    seen = later.get(HERE).context["seen"]
    assert later.get(f"{DESK}?state=due&seen={seen}", headers=HTMX).status_code == 204
    show(ana, row(clinic))
    answer = later.get(f"{DESK}?state=due&seen={seen}", headers=HTMX)
    assert answer.status_code == 200
    assert "Ana is on it" in words(answer)
    assert 'id="desk-side"' not in words(answer), "what is open stays as it is"


def test_the_open_row_says_by_whom_and_when_it_was_booked_meanwhile(clinic, later, ana, frozen):
    side = show(later, row(clinic))
    seen = later.get(HERE).context["seen"]
    send(ana, f"{row(clinic)}book/", slot=slots(side)[0])
    frozen.shift(timedelta(seconds=130))
    answer = later.get(f"{DESK}?state=due&seen={seen}&open=follow_up-{clinic.follow_up.pk}", headers=HTMX)
    text = words(answer)
    assert "Booked by Ana Ortiz 2 min ago: Mon 1 Jun" in text
    assert "Nobody is due." in text
    assert not slots(text)
    late = words(send(later, f"{row(clinic)}book/", slot=slots(side)[1]))
    assert "Booked by Ana Ortiz 2 min ago: Mon 1 Jun" in late
    assert "Nothing was changed." in late
    assert clinic.follow_up.appointments.count() == 1


def test_the_list_keeps_the_note_of_the_open_row_alive(clinic, later, ana, frozen):
    name = f"follow_up-{clinic.follow_up.pk}"
    ana.get(f"{DESK}?state=due&open={name}", headers=HTMX)
    assert clinic.patient.pk in claims([clinic.patient.pk], clinic.desk)
