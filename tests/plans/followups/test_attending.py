"""Attending, early too: it closes the follow-up, its booking and its mails, and records what was."""

from datetime import date

import pytest

from clinic.errors import InvalidTransition, TooEarly
from plans.followups.models import FollowUp
from plans.followups.services import follow_up_attend
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.treatment.services import plan_hold
from tests import factories
from tests.plans.followups.conftest import add_visit, utc

IN_WINDOW = date(2026, 5, 26)


def test_attending_may_be_early_where_booking_may_not(clinic):
    with pytest.raises(TooEarly):
        clinic.book(date(2026, 3, 3))
    assert clinic.state == "pending"
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    assert clinic.state == "attended"
    visit = clinic.follow_up.appointments.get()
    assert (visit.status, visit.starts_at) == ("fulfilled", utc("2026-03-02T15:00"))
    assert not PatientMessage.objects.exists(), "nobody is mailed about what has happened"


def test_attending_on_the_day_fulfils_the_visit_that_is_booked_and_ends_its_mails(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    assert clinic.pending()
    frozen.move_to("2026-05-26T13:50:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    booked.refresh_from_db()
    assert (clinic.state, booked.status, booked.fulfilled_at) == ("attended", "fulfilled", utc("2026-05-26T13:50"))
    assert clinic.follow_up.appointments.get() == booked
    assert clinic.pending() == []


def test_attending_before_the_booked_day_gives_that_time_back_and_ends_its_mails(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    frozen.move_to("2026-05-20T14:00:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    booked.refresh_from_db()
    assert (booked.status, booked.cancel_reason) == ("cancelled", "clinic")
    assert booked.cancel_note == "The patient was seen earlier."
    seen = clinic.follow_up.appointments.get(status="fulfilled")
    assert seen.starts_at == utc("2026-05-20T14:00")
    assert clinic.state == "attended"
    assert clinic.pending() == [], "neither reminders nor a notice: the patient is here"
    assert clinic.book(IN_WINDOW, consultation_for=factories.make_patient(clinic.location)).room == booked.room


def test_the_evening_before_in_utc_is_the_same_local_day(clinic, frozen):
    """Booked for 17:00 in New York; at 23:30 UTC of that date it is still the booked day there."""
    booked = clinic.book(IN_WINDOW, "17:00")
    frozen.move_to("2026-05-27T01:00:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    booked.refresh_from_db()
    assert booked.status == "fulfilled"


def test_a_visit_of_an_earlier_day_to_which_nobody_came_is_a_no_show(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    frozen.move_to("2026-05-28T14:00:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    booked.refresh_from_db()
    assert (booked.status, clinic.state) == ("no_show", "attended")
    assert clinic.follow_up.appointments.get(status="fulfilled").starts_at == utc("2026-05-28T14:00")
    assert clinic.pending() == []


def test_a_visit_whose_patient_arrived_is_fulfilled_whatever_the_day(clinic, frozen):
    booked = clinic.book(IN_WINDOW)
    Appointment.objects.filter(pk=booked.pk).update(status="arrived", arrived_at=utc("2026-05-26T14:00"))
    frozen.move_to("2026-05-28T14:00:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    booked.refresh_from_db()
    assert (booked.status, clinic.follow_up.appointments.count()) == ("fulfilled", 1)


@pytest.mark.parametrize("moment", ["2026-06-20T14:00:00Z", "2026-08-20T14:00:00Z"])
def test_a_late_patient_may_attend_as_well(clinic, frozen, moment):
    frozen.move_to(moment)
    assert clinic.state in ("overdue", "missed")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    assert clinic.state == "attended"


def test_attending_leaves_the_mails_of_other_visits_alone(clinic, frozen):
    clinic.book(IN_WINDOW)
    clinic.book(date(2026, 6, 1), consultation_for=clinic.patient)
    frozen.move_to("2026-05-20T14:00:00Z")
    follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    assert {mail.appointment.kind for mail in clinic.pending()} == {"consultation"}


def test_nobody_attends_while_the_plan_is_on_hold_and_nothing_changes(clinic):
    clinic.performed()
    plan_hold(plan_id=clinic.plan.pk, reason="Fever.")
    with pytest.raises(InvalidTransition, match="The plan is on hold"):
        follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    assert not clinic.follow_up.appointments.exists()


def test_what_was_attended_is_not_attended_again(clinic):
    add_visit(clinic, "fulfilled", utc("2026-03-01T15:00"), follow_up=clinic.follow_up)
    with pytest.raises(InvalidTransition, match="The follow-up is attended"):
        follow_up_attend(follow_up_id=clinic.follow_up.pk, by=clinic.desk)
    assert FollowUp.objects.get(pk=clinic.follow_up.pk).appointments.count() == 1
