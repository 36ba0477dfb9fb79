"""Attending, early too: it closes the follow-up, its booking and its mails, and records what was."""

from datetime import date
from typing import Any

import pytest

from clinic.errors import InvalidTransition, TooEarly
from plans.followups.models import FollowUp
from plans.followups.services import doubt_about, follow_up_attend, follow_up_create
from plans.messages.models import PatientMessage
from plans.scheduling.admin.story import story_of
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.services import plan_hold, session_cancel
from tests import factories
from tests.api import Api
from tests.plans.followups.conftest import Clinic, add_visit, utc

IN_WINDOW = date(2026, 5, 26)
WHY = "Moves abroad, and has the photographs taken today."


@pytest.fixture
def clinic(clinic):
    """The first review counts from the first session, which was performed today."""
    clinic.performed()
    return clinic


def mails(clinic: Clinic) -> list[PatientMessage]:
    """The mails about visits that may still go to the patient."""
    return [mail for mail in clinic.pending() if mail.appointment_id]


def attend(clinic: Clinic, **fields: Any) -> FollowUp:
    attended, _ = follow_up_attend(follow_up_id=clinic.follow_up.pk, **{"by": clinic.desk, **fields})
    return attended


def said(follow_up: FollowUp) -> str:
    """The doubt in words."""
    doubt = doubt_about(follow_up)
    return doubt.detail if doubt else ""


def test_attending_may_be_early_where_booking_may_not(clinic):
    with pytest.raises(TooEarly):
        clinic.book(date(2026, 3, 3))
    assert clinic.state == "pending"
    attend(clinic, reason=f" {WHY} ")
    assert clinic.state == "attended"
    visit = clinic.follow_up.appointments.get()
    assert (visit.status, visit.starts_at) == ("fulfilled", utc("2026-03-02T15:00"))
    assert (visit.is_early, visit.override_reason) == (True, WHY)
    assert not PatientMessage.objects.filter(appointment=visit).exists(), "nobody is mailed about what has happened"


def test_before_the_window_nobody_has_to_say_why_and_the_visit_says_so(clinic):
    assert said(clinic.follow_up) == "The window opens on 19 May 2026."
    attend(clinic)
    visit = clinic.follow_up.appointments.get()
    assert (clinic.state, visit.is_early, visit.override_reason) == ("attended", True, "No reason was given.")


@pytest.mark.parametrize(("day", "is_early"), [("2026-05-18", True), ("2026-05-19", False)])
def test_the_windows_first_day_needs_none_and_keeps_none(clinic, frozen, day, is_early):
    frozen.move_to(f"{day}T23:30:00-04:00")
    assert bool(doubt_about(clinic.follow_up)) is is_early
    attend(clinic, reason=WHY)
    visit = clinic.follow_up.appointments.get()
    assert (visit.is_early, visit.override_reason) == (is_early, WHY if is_early else "")


def test_a_visit_that_was_booked_early_by_decision_needs_no_second_reason(clinic, frozen):
    booked = appointment_book(
        by=clinic.practitioner.user,
        location=clinic.location,
        practitioner=clinic.practitioner,
        starts_at=factories.local(clinic.location, date(2026, 5, 12), "10:00"),
        follow_up=clinic.follow_up,
        override_reason="Flies home",
    )
    assert said(clinic.follow_up) == "The window opens on 19 May 2026."
    frozen.move_to("2026-05-12T14:00:00Z")
    assert doubt_about(clinic.follow_up) is None
    attend(clinic)
    booked.refresh_from_db()
    assert (booked.status, booked.is_early, booked.override_reason) == ("fulfilled", True, "Flies home")


def test_todays_visit_whose_window_has_moved_later_is_early_from_then_on_and_says_why(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    FollowUp.objects.filter(pk=clinic.follow_up.pk).update(window_start=date(2026, 5, 27))
    frozen.move_to("2026-05-26T13:50:00Z")
    attend(clinic, reason=WHY)
    booked.refresh_from_db()
    assert (booked.status, booked.is_early, booked.kept_because) == ("fulfilled", True, WHY)
    assert booked.revisions.get().kept_because == WHY


def test_why_it_was_booked_over_another_visit_stays_beside_why_it_took_place_early(clinic, frozen):
    doctor, ten = clinic.practitioner, factories.local(clinic.location, IN_WINDOW, "10:00")
    at_ten = {"by": doctor.user, "location": clinic.location, "practitioner": doctor, "starts_at": ten}
    appointment_book(**at_ten, consultation_for=factories.make_patient(clinic.location))
    factories.make_room(clinic.location)
    booked = appointment_book(**at_ten, follow_up=clinic.follow_up, override_reason="Flies home")
    FollowUp.objects.filter(pk=clinic.follow_up.pk).update(window_start=date(2026, 5, 27))
    frozen.move_to("2026-05-26T13:50:00Z")
    attend(clinic, reason=WHY)
    booked.refresh_from_db()
    assert (booked.is_early, booked.overbooked) == (True, True)
    assert booked.decided_because == f"Flies home; {WHY}"
    assert {one.what: one.decisions for one in story_of(booked)} == {
        "Booked": (("over another visit", "Flies home"),),
        "Took place early": (("", WHY),),
    }


def test_what_counts_from_a_session_that_was_not_performed_is_doubtful_until_it_is(clinic, frozen):
    plan = factories.make_plan(
        factories.make_patient(clinic.location), clinic.practitioner, start_date=date(2026, 3, 2)
    )
    review = plan.follow_ups.select_related("location", "plan", "step").order_by("target_date")[0]
    frozen.move_to("2026-05-26T14:00:00Z")
    assert said(review) == "This visit counts from Session 1 of 3 · PRP, which has not been performed yet."
    session_cancel(session_id=plan.sessions.get(sequence=1).pk, by=None, reason="Not needed.")
    assert said(review) == "This visit counts from Session 2 of 3 · PRP, which has not been performed yet."
    follow_up_attend(follow_up_id=review.pk, by=clinic.desk, reason=WHY)
    visit = review.appointments.get()
    assert (visit.status, visit.is_early, visit.override_reason) == ("fulfilled", True, WHY)


def test_what_counts_from_the_start_of_the_plan_is_doubtful_before_it(clinic, frozen):
    patient = factories.make_patient(clinic.location)
    plan = factories.make_plan(patient, clinic.practitioner, start_date=date(2026, 3, 9))
    review = plan.follow_ups.order_by("target_date")[0]
    review.step.anchor, review.step.anchor_session = "plan_start", None
    frozen.move_to("2026-03-09T03:59:00Z")
    assert said(review) == "This visit counts from 9 March 2026, which is still to come."
    frozen.move_to("2026-03-09T04:00:00Z")
    assert said(review).startswith("The window opens on")


def test_what_a_consultation_asked_for_may_be_attended_early_too(clinic):
    consultation = factories.make_consultation(clinic.patient, clinic.practitioner)
    owed = follow_up_create(
        consultation=consultation,
        title="Review",
        window_start=date(2026, 3, 10),
        target_date=date(2026, 3, 12),
        window_end=date(2026, 3, 20),
    )
    assert said(owed) == "The window opens on 10 March 2026."
    follow_up_attend(follow_up_id=owed.pk, by=clinic.desk, reason=WHY)
    assert owed.appointments.get().is_early


def test_the_api_keeps_the_reason(clinic):
    desk = Api(clinic.desk)
    path = f"/follow-ups/{clinic.follow_up.pk}/attend/"
    assert desk.post(path, {"reason": "x" * 301}).status_code == 400
    answer = desk.post(path, {"reason": WHY}).json()
    assert (answer["state"], answer["warnings"]) == ("attended", [])
    assert clinic.follow_up.appointments.get().override_reason == WHY


def test_the_api_warns_of_an_early_visit_without_a_reason(clinic):
    answer = Api(clinic.desk).post(f"/follow-ups/{clinic.follow_up.pk}/attend/").json()
    assert answer["state"] == "attended"
    assert answer["warnings"] == [{"attr": "reason", "code": "early", "detail": "The window opens on 19 May 2026."}]


def test_attending_on_the_day_fulfils_the_visit_that_is_booked_and_ends_its_mails(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    assert mails(clinic)
    frozen.move_to("2026-05-26T13:50:00Z")
    attend(clinic)
    booked.refresh_from_db()
    assert (clinic.state, booked.status, booked.fulfilled_at) == ("attended", "fulfilled", utc("2026-05-26T13:50"))
    assert clinic.follow_up.appointments.get() == booked
    assert mails(clinic) == []


def test_attending_before_the_booked_day_gives_that_time_back_and_ends_its_mails(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    frozen.move_to("2026-05-20T14:00:00Z")
    attend(clinic)
    booked.refresh_from_db()
    assert (booked.status, booked.cancel_reason) == ("cancelled", "clinic")
    assert booked.cancel_note == "The patient was seen earlier."
    seen = clinic.follow_up.appointments.get(status="fulfilled")
    assert seen.starts_at == utc("2026-05-20T14:00")
    assert clinic.state == "attended"
    assert mails(clinic) == [], "neither reminders nor a notice: the patient is here"
    assert clinic.book(IN_WINDOW, consultation_for=factories.make_patient(clinic.location)).room == booked.room


def test_the_evening_before_in_utc_is_the_same_local_day(clinic, frozen):
    """Booked for 17:00 in New York; at 23:30 UTC of that date it is still the booked day there."""
    booked = clinic.book(IN_WINDOW, "17:00")
    frozen.move_to("2026-05-27T01:00:00Z")
    attend(clinic)
    booked.refresh_from_db()
    assert booked.status == "fulfilled"


def test_a_visit_of_an_earlier_day_to_which_nobody_came_is_a_no_show(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    frozen.move_to("2026-05-28T14:00:00Z")
    attend(clinic)
    booked.refresh_from_db()
    assert (booked.status, clinic.state) == ("no_show", "attended")
    assert clinic.follow_up.appointments.get(status="fulfilled").starts_at == utc("2026-05-28T14:00")
    assert mails(clinic) == []


def test_a_visit_whose_patient_arrived_is_fulfilled_whatever_the_day(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    Appointment.objects.filter(pk=booked.pk).update(status="arrived", arrived_at=utc("2026-05-26T14:00"))
    frozen.move_to("2026-05-28T14:00:00Z")
    attend(clinic)
    booked.refresh_from_db()
    assert (booked.status, clinic.follow_up.appointments.count()) == ("fulfilled", 1)


@pytest.mark.parametrize("moment", ["2026-06-20T14:00:00Z", "2026-08-20T14:00:00Z"])
def test_a_late_patient_may_attend_as_well(clinic, frozen, moment):
    frozen.move_to(moment)
    assert clinic.state in ("overdue", "missed")
    attend(clinic)
    assert clinic.state == "attended"


def test_attending_leaves_the_mails_of_other_visits_alone(clinic, frozen):
    clinic.book(IN_WINDOW)
    clinic.book(date(2026, 6, 1), consultation_for=clinic.patient)
    frozen.move_to("2026-05-20T14:00:00Z")
    attend(clinic)
    assert {mail.appointment.kind for mail in mails(clinic)} == {"consultation"}


def test_nobody_attends_while_the_plan_is_on_hold_and_nothing_changes(clinic):
    plan_hold(plan_id=clinic.plan.pk, reason="Fever.")
    with pytest.raises(InvalidTransition, match="The plan is on hold"):
        attend(clinic)
    assert not clinic.follow_up.appointments.exists()


def test_what_was_attended_is_not_attended_again(clinic):
    add_visit(clinic, "fulfilled", utc("2026-03-01T15:00"), follow_up=clinic.follow_up)
    with pytest.raises(InvalidTransition, match="The follow-up is attended"):
        attend(clinic)
    assert FollowUp.objects.get(pk=clinic.follow_up.pk).appointments.count() == 1
