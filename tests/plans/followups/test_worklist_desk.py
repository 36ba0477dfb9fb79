"""What one click on the worklist does: open a row, book, move, write down a call, undo; and what others see of it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict
from clinic.places import services
from patients.models import Patient
from plans.followups.claims import claims
from plans.followups.models import ContactAttempt, FollowUp
from plans.followups.services import follow_up_cancel, follow_up_pin
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_reschedule
from tests import factories
from tests.console import said, sign_in, words
from tests.plans.followups.conftest import add_visit, utc
from tests.plans.followups.desk import DESK, HERE, HTMX, LIST, row, send, show, slots


@pytest.fixture
def clinic(clinic, broker):
    clinic.performed()
    return clinic


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
    assert "Booked: Mock Dogwood" in text
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
    assert "This time is no longer on offer." in words(send(later, f"{row(clinic)}book/", slot=slot))
    assert not Appointment.objects.filter(follow_up=clinic.follow_up).exists()


def test_somebody_of_another_location_is_not_booked(clinic, later):
    stranger = factories.make_practitioner(factories.make_location())
    slot = f"{stranger.pk}|2026-06-01T14:00:00+00:00"
    assert "This time is no longer on offer." in words(send(later, f"{row(clinic)}book/", slot=slot))


def test_a_time_before_the_window_is_refused_in_the_services_words(clinic, later):
    slot = f"{clinic.practitioner.pk}|2026-05-19T14:00:00+00:00"
    assert "This time is past." in words(send(later, f"{row(clinic)}book/", slot=slot))
    review = clinic.plan.follow_ups.order_by("target_date")[1]
    early = f"{clinic.practitioner.pk}|2026-05-21T14:00:00+00:00"
    assert "Too early: the window opens on" in words(send(later, f"{DESK}follow_up/{review.pk}/book/", slot=early))


def test_a_missed_consultation_is_booked_again_with_whom_it_was(clinic, later):
    factories.make_practitioner(clinic.location, last_name="Aalto")
    missed = add_visit(clinic, "no_show", utc("2026-05-19T14:00"))
    side = show(later, f"{DESK}missed/{missed.pk}/")
    assert "Did not come yesterday 10:00 to Dr Rowan." in side
    assert side.index("Dr Rowan <span") < side.index("Dr Aalto")
    send(later, f"{DESK}missed/{missed.pk}/book/", slot=slots(side)[0])
    assert Appointment.objects.get(status="booked", kind="consultation").patient == clinic.patient


def test_a_missed_consultation_that_another_desk_booked_meanwhile_is_not_booked_twice(clinic, later, ana):
    missed = add_visit(clinic, "no_show", utc("2026-05-19T14:00"))
    path = f"{DESK}missed/{missed.pk}/"
    first, *_, other = slots(show(later, path))
    send(later, f"{path}book/", slot=first)
    booked, before = Appointment.objects.get(status="booked", kind="consultation"), PatientMessage.objects.count()
    refused = words(send(ana, f"{path}book/", slot=other))
    assert f"Booked by {clinic.desk}" in refused
    assert "Nothing was changed." in refused
    assert not slots(refused)
    assert Appointment.objects.get(status="booked", kind="consultation") == booked
    assert PatientMessage.objects.count() == before
    with pytest.raises(Conflict, match="has a later visit by now: today 10:00") as refusal:
        clinic.book(date(2026, 5, 22), consultation_for=clinic.patient, missed=missed)
    assert refusal.value.extra == {"appointment": str(booked.pk)}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("fulfilled", "They came today 09:30 to Dr Rowan."),
        ("no_show", "They did not come today 09:30 to Dr Rowan either."),
    ],
)
def test_a_missed_visit_is_past_once_the_patient_came_or_was_missed_later(clinic, later, status, said):
    missed = add_visit(clinic, "no_show", utc("2026-05-19T14:00"))
    path = f"{DESK}missed/{missed.pk}/"
    add_visit(clinic, "booked", utc("2026-05-18T14:00"))
    assert slots(show(later, path)), "what was before it is no answer to it"
    add_visit(clinic, status, utc("2026-05-20T13:30"))
    assert said in show(later, path)


def test_a_visit_that_another_desk_moved_meanwhile_is_not_moved_again(clinic, later, ana):
    visit = clinic.book(date(2026, 5, 26))
    appointment_reschedule(appointment_id=visit.pk, by=clinic.desk, starts_at=utc("2026-05-27T14:00"))
    follow_up_pin(follow_up_id=clinic.follow_up.pk, by=None, pinned_on=date(2026, 8, 3), reason="Away.")
    path = f"{DESK}visit/{visit.pk}/"
    side = show(ana, path)
    assert 'name="revision" value="2"' in side
    first, other = slots(side)[0], slots(side)[-1]
    refused = words(send(ana, f"{path}book/", slot=first, revision="1"))
    assert f"The visit was moved meanwhile to Wed 27 May 10:00 by {clinic.desk}." in refused
    send(later, f"{path}book/", slot=first, revision="2")
    assert "It stands where it should now" in words(send(ana, f"{path}book/", slot=other, revision="2"))
    visit.refresh_from_db()
    assert visit.revision == 3


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
    assert "undone. Tue 26 May 10:00 with" in words(send(later, f"{DESK}undo/{visit.pk}/"))


def test_a_visit_outside_hours_is_best_moved_to_its_own_time_with_somebody_else_or_nearby(clinic, later):
    visit = clinic.book(date(2026, 6, 9))
    factories.make_practitioner(clinic.location, last_name="Aalto")
    services.time_off_create(
        practitioner=clinic.practitioner,
        starts_at=visit.starts_at - timedelta(hours=1),
        ends_at=visit.ends_at + timedelta(hours=1),
        reason="Away",
    )
    side = show(later, f"{DESK}visit/{visit.pk}/")
    assert 'Move to Tue 9 Jun 10:00 with Dr Aalto" data-best' in side


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
    assert said(booked)[0].startswith("Booked: Mock Dogwood")
    elsewhere = later.post(f"{row(clinic)}call/", {"next": "https://elsewhere.example/", "outcome": "reached"})
    assert elsewhere.headers["Location"] == LIST


@pytest.mark.parametrize(("role", "sees", "acts"), [(Role.MANAGER, 200, 403), (Role.ASSISTANT, 200, 403)])
def test_who_may_only_look_neither_books_nor_calls(clinic, later, role, sees, acts):
    browser = sign_in(factories.make_user((clinic.location, role)))
    answer = browser.get(row(clinic), headers=HTMX)
    assert answer.status_code == sees
    assert not slots(words(answer))
    assert 'name="outcome"' not in words(answer)
    assert "Book: " not in words(answer)
    assert "To book it, ask a practitioner or the front desk of " in words(answer)
    browser.get(f"{DESK}?state=due&open=follow_up-{clinic.follow_up.pk}", headers=HTMX)
    assert not claims([clinic.patient.pk], clinic.desk), "who only reads takes nobody"
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


def test_somebody_of_another_place_neither_takes_nor_drops_a_patient_nor_sees_who_has_them(clinic, later, ana):
    elsewhere = sign_in(factories.make_user((factories.make_location(), Role.FRONT_DESK)))
    answer = elsewhere.get(f"{DESK}?state=due&open=follow_up-{clinic.follow_up.pk}", headers=HTMX)
    assert answer.status_code == 200
    assert not claims([clinic.patient.pk], clinic.desk)
    show(ana, row(clinic))
    elsewhere.post(f"{DESK}release/", {"left": str(clinic.patient.pk)})
    assert "Ana" not in words(elsewhere.get(HERE))
    assert clinic.patient.pk in claims([clinic.patient.pk], clinic.desk)


def test_looking_changes_nothing_and_doing_takes_a_post(clinic, later):
    for path in ("book/", "call/"):
        assert later.get(row(clinic) + path).status_code == 405
    before = (list(FollowUp.objects.values()), Appointment.objects.count(), ContactAttempt.objects.count())
    show(later, row(clinic))
    assert before == (list(FollowUp.objects.values()), Appointment.objects.count(), ContactAttempt.objects.count())


def test_an_open_row_costs_the_same_whatever_was_tried_and_is_booked(clinic, later, django_assert_max_num_queries):
    path = row(clinic)
    send(later, f"{path}call/", outcome="no_answer")
    with django_assert_max_num_queries(11) as few:
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
