"""What one click on the worklist does: open a row, book, move, write down a call, undo; and what others see of it."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from clinic import clock
from clinic.access import counting
from clinic.access.roles import Role
from patients.models import Patient
from plans.followups.claims import claims
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.services import follow_up_cancel, follow_up_pin
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from tests import factories
from tests.console import said, sign_in, words
from tests.plans.followups.conftest import add_visit, utc

LIST = "/admin/plans/followup/"
DESK = f"{LIST}desk/"
HTMX = {"HX-Request": "true"}
HERE = f"{LIST}?state=due"


@pytest.fixture
def clinic(clinic, broker):
    clinic.performed()
    return clinic


@pytest.fixture
def later(clinic, frozen):
    """A sign-in of the desk on Wednesday 20 May, while the first review is due."""
    frozen.move_to("2026-05-20T14:00:00Z")
    return sign_in(clinic.desk)


@pytest.fixture
def ana(clinic, later):
    """Somebody else of the desk."""
    return sign_in(factories.make_user((clinic.location, Role.FRONT_DESK), first_name="Ana", last_name="Ortiz"))


def row(clinic: Any) -> str:
    return f"{DESK}follow_up/{clinic.follow_up.pk}/"


def show(browser: Any, path: str) -> str:
    return words(browser.get(path, headers=HTMX))


def send(browser: Any, path: str, **data: str) -> Any:
    return browser.post(path, {"next": HERE, **data}, headers=HTMX)


def slots(text: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', text)


def test_an_open_row_shows_the_best_times_of_the_patients_practitioner_first(clinic, later):
    factories.make_practitioner(clinic.location, last_name="Aalto")
    side = show(later, row(clinic))
    for text in ("Book: ", "Mock Dogwood", "· 3-month review · 30 min", "best Tue 2 Jun", "Other practitioners"):
        assert text in side
    assert side.index("Dr Rowan") < side.index("Dr Aalto")
    # The days nearest to the target, in the calendar's order.
    assert "Mon 1 Jun" in side
    assert "Tue 2 Jun" in side
    assert "Wed 20 May" not in side
    assert len(slots(show(later, f"{row(clinic)}?days=6"))) > len(slots(side))


def test_a_click_on_a_time_books_it_and_the_row_leaves(clinic, later):
    slot = slots(show(later, row(clinic)))[0]
    answer = send(later, f"{row(clinic)}book/", slot=slot)
    assert answer.status_code == 200
    visit = clinic.follow_up.appointments.get()
    assert (visit.status, visit.booked_by, visit.practitioner) == ("booked", clinic.desk, clinic.practitioner)
    text = words(answer)
    assert "Mock Dogwood. Booked: Mon 1 Jun" in text
    assert f"with Dr Rowan, {visit.room}." in text
    assert "Mail leaves in" in text
    assert f"{DESK}undo/{visit.pk}/" in text
    assert "Nobody is due." in text
    assert "desk:done" in answer.headers["HX-Trigger-After-Settle"]


def test_the_toast_says_whom_to_tell_where_no_mail_goes(clinic, later):
    Patient.objects.filter(pk=clinic.patient.pk).update(email="")
    slot = slots(show(later, row(clinic)))[0]
    assert "No mail goes out: please tell them." in words(send(later, f"{row(clinic)}book/", slot=slot))


def test_undo_brings_the_row_back_and_no_mail_leaves(clinic, later):
    slot = slots(show(later, row(clinic)))[0]
    send(later, f"{row(clinic)}book/", slot=slot)
    visit = clinic.follow_up.appointments.get()
    answer = send(later, f"{DESK}undo/{visit.pk}/")
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert not PatientMessage.objects.filter(appointment=visit, status="pending").exists()
    assert "Mock Dogwood: undone." in words(answer)
    assert f'id="row-follow_up-{clinic.follow_up.pk}"' in words(answer)
    assert f"follow_up-{clinic.follow_up.pk}" in answer.headers["HX-Trigger-After-Settle"]


def test_an_undo_that_comes_too_late_says_so_and_changes_nothing(clinic, later, frozen):
    send(later, f"{row(clinic)}book/", slot=slots(show(later, row(clinic)))[0])
    visit = clinic.follow_up.appointments.get()
    frozen.shift(timedelta(minutes=5))
    answer = send(later, f"{DESK}undo/{visit.pk}/")
    assert "within 60 seconds" in words(answer)
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_a_time_that_somebody_took_meanwhile_is_refused_with_fresh_times(clinic, later):
    slot = slots(show(later, row(clinic)))[0]
    other = factories.make_patient(clinic.location)
    starts_at = slot.partition("|")[2]
    clinic.book(date.fromisoformat(starts_at[:10]), clock_of(clinic, starts_at), consultation_for=other)
    answer = send(later, f"{row(clinic)}book/", slot=slot)
    text = words(answer)
    assert "Nothing was changed." in text
    assert "The practitioner is booked at this time." in text
    assert slot not in slots(text)
    assert slots(text)
    assert not clinic.follow_up.appointments.exists()


def clock_of(clinic: Any, starts_at: str) -> str:
    return f"{datetime.fromisoformat(starts_at).astimezone(clinic.location.zone):%H:%M}"


@pytest.mark.parametrize(
    "slot",
    [
        "",
        "nonsense",
        "x|2026-06-01T14:00:00+00:00",
        "01890000-0000-7000-8000-000000000000|2026-06-01T14:00:00+00:00",
        "01890000-0000-7000-8000-000000000000|0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_time_is_refused(clinic, later, slot):
    assert "This is no time on offer." in words(send(later, f"{row(clinic)}book/", slot=slot))
    assert not Appointment.objects.filter(follow_up=clinic.follow_up).exists()


def test_somebody_of_another_location_is_not_booked(clinic, later):
    stranger = factories.make_practitioner(factories.make_location())
    slot = f"{stranger.pk}|2026-06-01T14:00:00+00:00"
    assert "This is no time on offer." in words(send(later, f"{row(clinic)}book/", slot=slot))


def test_a_time_before_the_window_is_refused_in_the_services_words(clinic, later):
    slot = f"{clinic.practitioner.pk}|2026-05-19T14:00:00+00:00"
    assert "This time is past." in words(send(later, f"{row(clinic)}book/", slot=slot))
    review = clinic.plan.follow_ups.order_by("target_date")[1]
    early = f"{clinic.practitioner.pk}|2026-05-21T14:00:00+00:00"
    assert "Too early: the window opens on" in words(send(later, f"{DESK}follow_up/{review.pk}/book/", slot=early))


def test_a_session_is_booked_and_called_about_in_the_same_way(clinic, later):
    session = clinic.plan.sessions.get(sequence=2)
    path = f"{DESK}session/{session.pk}/"
    side = show(later, path)
    assert "Session 2 of 3 · PRP · 60 min" in side
    send(later, f"{path}call/", outcome="no_answer")
    attempt = ContactAttempt.objects.get()
    assert (attempt.patient, attempt.follow_up, attempt.attempted_by) == (clinic.patient, None, clinic.desk)
    send(later, f"{path}book/", slot=slots(side)[0])
    assert session.appointments.get().status == "booked"


def test_a_missed_consultation_is_booked_again_with_whom_it_was(clinic, later):
    factories.make_practitioner(clinic.location, last_name="Aalto")
    missed = add_visit(clinic, "no_show", utc("2026-05-19T14:00"))
    side = show(later, f"{DESK}missed/{missed.pk}/")
    assert "Did not come yesterday 10:00 to Dr Rowan." in side
    assert side.index("Dr Rowan <span") < side.index("Dr Aalto")
    send(later, f"{DESK}missed/{missed.pk}/book/", slot=slots(side)[0])
    assert Appointment.objects.get(status="booked", kind="consultation").patient == clinic.patient


def test_a_visit_that_its_plan_left_behind_is_moved_and_put_back(clinic, later):
    visit = clinic.book(date(2026, 5, 26))
    follow_up_pin(follow_up_id=clinic.follow_up.pk, by=None, pinned_on=date(2026, 8, 3), reason="Away.")
    path = f"{DESK}visit/{visit.pk}/"
    side = show(later, path)
    assert "Booked Tue 26 May 10:00 with Dr Rowan" in side
    answer = send(later, f"{path}book/", slot=slots(side)[0])
    visit.refresh_from_db()
    assert visit.revision == 2
    assert "Mock Dogwood. Moved to" in words(answer)
    assert "It stands where it should now" in show(later, path)
    assert "is at Tue 26 May 10:00 again" in words(send(later, f"{DESK}undo/{visit.pk}/"))


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

    monkeypatch.setattr(counting, "_known", counting._Cache())
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
    assert "has a booked visit; move that one." in late
    assert clinic.follow_up.appointments.count() == 1


def test_the_list_keeps_the_note_of_the_open_row_alive(clinic, later, ana, frozen):
    name = f"follow_up-{clinic.follow_up.pk}"
    ana.get(f"{DESK}?state=due&open={name}", headers=HTMX)
    assert clinic.patient.pk in claims([clinic.patient.pk], clinic.desk)


def test_a_row_that_is_not_owed_any_more_says_so(clinic, later):
    follow_up_cancel(follow_up_id=clinic.follow_up.pk, by=None, reason="Moved away")
    side = show(later, row(clinic))
    assert "It is not owed any more: Moved away" in side
    assert not slots(side)


def test_without_script_everything_works_by_pages(clinic, later):
    name = f"follow_up-{clinic.follow_up.pk}"
    page = words(later.get(f"{HERE}&open={name}"))
    assert "Book: " in page
    assert later.get(row(clinic)).headers["Location"] == f"{LIST}?open={name}"
    booked = later.post(f"{row(clinic)}book/", {"next": HERE, "slot": slots(page)[0]})
    assert (booked.status_code, booked.headers["Location"]) == (303, HERE)
    assert said(booked)[0].startswith("Mock Dogwood. Booked: Mon 1 Jun")
    elsewhere = later.post(f"{row(clinic)}call/", {"next": "https://elsewhere.example/", "outcome": "reached"})
    assert elsewhere.headers["Location"] == LIST


@pytest.mark.parametrize(("role", "sees", "acts"), [(Role.MANAGER, 200, 403), (Role.ASSISTANT, 200, 403)])
def test_who_may_only_look_neither_books_nor_calls(clinic, later, role, sees, acts):
    browser = sign_in(factories.make_user((clinic.location, role)))
    answer = browser.get(row(clinic), headers=HTMX)
    assert answer.status_code == sees
    assert not slots(words(answer))
    assert 'name="outcome"' not in words(answer)
    slot = f"{clinic.practitioner.pk}|2026-06-01T14:00:00+00:00"
    assert send(browser, f"{row(clinic)}book/", slot=slot).status_code == acts
    assert send(browser, f"{row(clinic)}call/", outcome="reached").status_code == acts
    visit = clinic.book(date(2026, 5, 26))
    assert send(browser, f"{DESK}undo/{visit.pk}/").status_code == acts
    assert not ContactAttempt.objects.exists()


def test_somebody_of_another_place_finds_nothing(clinic, later):
    browser = sign_in(factories.make_user((factories.make_location(), Role.FRONT_DESK)))
    visit = clinic.book(date(2026, 5, 26))
    ContactAttempt.objects.create(
        patient=clinic.patient, location=clinic.location, channel="call", outcome="reached", attempted_at=clock.now()
    )
    for path in (row(clinic), f"{DESK}session/{clinic.plan.sessions.get(sequence=2).pk}/", f"{DESK}visit/{visit.pk}/"):
        assert browser.get(path, headers=HTMX).status_code == 404
        assert send(browser, f"{path}book/", slot="x").status_code == 404
        assert send(browser, f"{path}call/", outcome="reached").status_code == 404
    assert send(browser, f"{DESK}undo/{visit.pk}/").status_code == 404
    assert send(browser, f"{DESK}attempt/{ContactAttempt.objects.get().pk}/").status_code == 404
    assert later.get(f"{DESK}nonsense/{visit.pk}/", headers=HTMX).status_code == 404


def test_looking_changes_nothing_and_doing_takes_a_post(clinic, later):
    for path in ("book/", "call/"):
        assert later.get(row(clinic) + path).status_code == 405
    before = (list(FollowUp.objects.values()), Appointment.objects.count(), ContactAttempt.objects.count())
    show(later, row(clinic))
    assert before == (list(FollowUp.objects.values()), Appointment.objects.count(), ContactAttempt.objects.count())


def test_an_open_row_costs_the_same_whatever_was_tried_and_is_booked(clinic, later, django_assert_max_num_queries):
    path = row(clinic)
    send(later, f"{path}call/", outcome="no_answer")
    with django_assert_max_num_queries(10) as few:
        show(later, path)
    for number in range(8):
        ContactAttempt.objects.create(
            patient=clinic.patient,
            location=clinic.location,
            follow_up=clinic.follow_up,
            channel="call",
            outcome="no_answer",
            attempted_by=factories.make_user(),
            attempted_at=clock.now() - timedelta(hours=number),
        )
        factories.make_practitioner(clinic.location)
    with django_assert_max_num_queries(len(few)):
        show(later, path)
