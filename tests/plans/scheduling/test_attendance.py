"""What becomes of a booked visit, and how sessions, follow-ups and consultations close it."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic.errors import Conflict, Invalid, InvalidTransition, SlotTaken
from plans.followups.models import FollowUp
from plans.followups.queries import with_state
from plans.followups.services import follow_up_attend, follow_up_cancel
from plans.messages.models import PatientMessage
from plans.scheduling.models import Appointment
from plans.scheduling.overlaps import at_once
from plans.scheduling.services import (
    NO_LONGER_OWED,
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_fulfil,
    appointment_no_show,
    appointment_note,
    appointment_take_back,
    appointment_undo,
    walk_in_begin,
)
from plans.treatment.services import plan_discontinue, session_abort, session_cancel, session_start
from tests import factories
from tests.plans.scheduling.conftest import Clinic, refused

MONDAY = date(2026, 3, 9)
AS_IT_WAS = ("status", "revision", "starts_at", "ends_at", "room", "confirmed_at", "arrived_at", "no_show_at")


def now(appointment: Appointment) -> Appointment:
    return Appointment.objects.get(pk=appointment.pk)


def test_a_visit_goes_from_booked_to_fulfilled_and_every_step_is_stamped(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    for step in (appointment_confirm, appointment_arrive, appointment_fulfil):
        step(appointment_id=appointment.pk, by=clinic.desk)

    done = now(appointment)
    assert done.status == "fulfilled"
    assert None not in (done.confirmed_at, done.arrived_at, done.fulfilled_at)
    assert done.revision == 1


def test_a_patient_may_arrive_without_having_confirmed(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    assert appointment_arrive(appointment_id=appointment.pk, by=clinic.desk).status == "arrived"


def test_a_missed_visit_leaves_its_obligation_to_be_booked_again(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    appointment = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)

    missed = appointment_no_show(appointment_id=appointment.pk, by=clinic.desk)

    assert (missed.status, missed.no_show_at is not None) == ("no_show", True)
    assert clinic.book("14:00", follow_up.target_date, follow_up=follow_up).is_live


class TestTakingBack:
    def test_a_slip_leaves_the_visit_as_it_was(self, clinic: Clinic, frozen: time_machine.Traveller) -> None:
        appointment = clinic.book("10:00")
        appointment_confirm(appointment_id=appointment.pk, by=clinic.desk)
        before = Appointment.objects.values(*AS_IT_WAS).get(pk=appointment.pk)

        for slip in (appointment_arrive, appointment_no_show):
            slip(appointment_id=appointment.pk, by=clinic.desk)
            frozen.shift(timedelta(hours=23))
            back = appointment_take_back(appointment_id=appointment.pk, by=clinic.desk)
            assert back.status == "confirmed"
            assert Appointment.objects.values(*AS_IT_WAS).get(pk=appointment.pk) == before

    def test_after_a_day_it_stands(self, clinic: Clinic, frozen: time_machine.Traveller) -> None:
        appointment = clinic.book("10:00")
        appointment_no_show(appointment_id=appointment.pk, by=clinic.desk)
        frozen.shift(timedelta(hours=24, seconds=1))

        refusal = refused(lambda: appointment_take_back(appointment_id=appointment.pk, by=clinic.desk), Conflict)

        assert refusal.code == "too_late"

    def test_a_time_that_others_have_got_is_theirs(self, clinic: Clinic) -> None:
        appointment = clinic.book("10:00")
        appointment_no_show(appointment_id=appointment.pk, by=clinic.desk)
        clinic.book("10:00", consultation_for=clinic.another_patient())

        refused(lambda: appointment_take_back(appointment_id=appointment.pk, by=clinic.desk), SlotTaken)

        appointment.refresh_from_db()
        assert appointment.status == "no_show"

    def test_what_was_booked_again_since_stays_booked_once(self, clinic: Clinic) -> None:
        follow_up = clinic.follow_ups[0]
        missed = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
        appointment_no_show(appointment_id=missed.pk, by=clinic.desk)
        clinic.book("14:00", follow_up.target_date, follow_up=follow_up)

        refusal = refused(lambda: appointment_take_back(appointment_id=missed.pk, by=clinic.desk), Conflict)

        assert refusal.code == "already_booked"

    def test_nobody_leaves_whose_session_has_begun(self, clinic: Clinic) -> None:
        session = clinic.sessions[0]
        appointment = clinic.book("10:00", session=session)
        appointment_arrive(appointment_id=appointment.pk, by=clinic.desk)
        session_start(session_id=session.pk, by=clinic.desk)

        refusal = refused(lambda: appointment_take_back(appointment_id=appointment.pk, by=clinic.desk), Conflict)

        assert (now(appointment).status, refusal.code) == ("arrived", "has_begun")

    def test_of_one_that_took_place_the_patient_is_still_here(self, clinic: Clinic) -> None:
        appointment = clinic.book("10:00")
        for step in (appointment_arrive, appointment_fulfil):
            step(appointment_id=appointment.pk, by=clinic.desk)

        back = appointment_take_back(appointment_id=appointment.pk, by=clinic.desk)

        assert (back.status, back.fulfilled_at, back.arrived_at is not None) == ("arrived", None, True)

    def test_who_walked_in_was_not_booked_before_and_leaves_by_a_cancellation(self, clinic: Clinic) -> None:
        visit = walk_in_begin(by=None, location=clinic.location, consultation_for=clinic.patient)

        refusal = refused(lambda: appointment_take_back(appointment_id=visit.pk, by=clinic.desk), Conflict)

        assert refusal.code == "walked_in"
        appointment_cancel(appointment_id=visit.pk, by=None, reason="other")
        appointment_undo(appointment_id=visit.pk, by=None)
        assert (now(visit).status, visit.messages.count()) == ("arrived", 0)

    def test_a_follow_up_that_was_attended_by_a_slip_is_owed_again_and_its_visit_is_here(self, clinic: Clinic) -> None:
        follow_up = clinic.follow_ups[0]
        factories.perform(clinic.sessions[0], clinic.practitioner)
        visit = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
        for step in (appointment_arrive, appointment_fulfil):
            step(appointment_id=visit.pk, by=clinic.desk)

        back = appointment_take_back(appointment_id=visit.pk, by=clinic.desk)

        assert (back.status, back.fulfilled_at, back.starts_at) == ("arrived", None, visit.starts_at)
        assert with_state(FollowUp.objects.filter(pk=follow_up.pk)).get().state == "scheduled"
        assert appointment_fulfil(appointment_id=visit.pk, by=clinic.desk).status == "fulfilled"

    def test_a_walk_in_that_took_place_by_a_slip_is_here_again(self, clinic: Clinic) -> None:
        visit = walk_in_begin(by=None, location=clinic.location, consultation_for=clinic.patient)
        appointment_fulfil(appointment_id=visit.pk, by=clinic.desk)

        assert appointment_take_back(appointment_id=visit.pk, by=clinic.desk).status == "arrived"

    @pytest.mark.parametrize("rooms", [0, 2])
    def test_what_was_written_down_when_they_were_seen_was_never_booked_and_stays(
        self, clinic: Clinic, rooms: int
    ) -> None:
        type(clinic.rooms[0]).objects.filter(pk__in=[room.pk for room in clinic.rooms[rooms:]]).update(
            is_bookable=False
        )
        clinic.attend(clinic.follow_ups[0])
        visit = Appointment.objects.get(follow_up=clinic.follow_ups[0])
        assert (visit.room is None) == (rooms == 0)

        refusal = refused(lambda: appointment_take_back(appointment_id=visit.pk, by=clinic.desk), Conflict)

        assert (now(visit).status, refusal.code) == ("fulfilled", "never_booked")

    def test_reminders_that_are_still_of_use_go_out_after_all(
        self, clinic: Clinic, frozen: time_machine.Traveller
    ) -> None:
        appointment = clinic.book("10:00")
        reminders = PatientMessage.objects.filter(appointment=appointment, kind="reminder")
        before = set(reminders.filter(status="pending").values_list("pk", flat=True))
        assert before
        appointment_no_show(appointment_id=appointment.pk, by=clinic.desk)
        assert not reminders.filter(status="pending").exists()

        appointment_take_back(appointment_id=appointment.pk, by=clinic.desk)

        assert set(reminders.filter(status="pending").values_list("pk", flat=True)) == before


def test_cancelling_tells_the_patient_and_drops_the_reminders(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    cancelled = appointment_cancel(appointment_id=appointment.pk, by=clinic.desk, reason="clinic", note="Dr is ill")

    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancel_note) == ("cancelled", "clinic", "Dr is ill")
    assert cancelled.revision == 2
    assert not PatientMessage.objects.filter(appointment=appointment, status="pending", kind="reminder").exists()


def test_the_desk_cannot_fulfil_a_session_that_was_not_charted(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    appointment = clinic.book("10:00", session=session)
    appointment_arrive(appointment_id=appointment.pk, by=clinic.desk)

    refusal = refused(lambda: appointment_fulfil(appointment_id=appointment.pk, by=clinic.desk), Conflict)
    assert refusal.code == "session_open"
    session_start(session_id=session.pk, by=clinic.practitioner.user)
    refused(lambda: appointment_fulfil(appointment_id=appointment.pk, by=clinic.desk), Conflict)


def test_starting_a_session_arrives_its_visit_and_performing_it_fulfils_it(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    appointment = clinic.book("10:00", session=session)
    session_start(session_id=session.pk, by=clinic.practitioner.user)
    assert now(appointment).status == "arrived"

    session.refresh_from_db()
    session_abort(session_id=session.pk, by=clinic.practitioner.user, reason="The patient fainted")

    assert now(appointment).status == "fulfilled"


def test_a_session_without_a_visit_is_performed_all_the_same(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)

    assert not Appointment.objects.exists()


def test_a_visit_whose_session_has_begun_is_not_cancelled(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    appointment = clinic.book("10:00", session=session)
    session_start(session_id=session.pk, by=clinic.practitioner.user)

    refusal = refused(
        lambda: appointment_cancel(appointment_id=appointment.pk, by=clinic.desk, reason="patient"), Conflict
    )

    assert refusal.code == "session_in_progress"


def test_a_patient_who_arrived_and_left_may_be_cancelled(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", session=clinic.sessions[0])
    appointment_arrive(appointment_id=appointment.pk, by=clinic.desk)

    assert appointment_cancel(appointment_id=appointment.pk, by=clinic.desk, reason="patient").status == "cancelled"


@pytest.mark.parametrize("how", ["session", "follow_up", "plan"])
def test_what_is_not_owed_any_more_loses_its_visit(clinic: Clinic, how: str) -> None:
    session, follow_up = clinic.sessions[0], clinic.follow_ups[0]
    booked = {
        "session": clinic.book("10:00", session=session),
        "follow_up": clinic.book("10:00", follow_up.target_date, follow_up=follow_up),
    }
    if how == "session":
        session_cancel(session_id=session.pk, by=None, reason="Not needed")
    elif how == "follow_up":
        follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="Not needed")
    else:
        plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Not needed")

    for name, appointment in booked.items():
        is_closed = how in (name, "plan")
        assert (now(appointment).status == "cancelled") == is_closed
        if is_closed:
            # What the desk wrote itself it reads again; a clinical reason it does not.
            note = "Not needed" if how == "follow_up" else NO_LONGER_OWED
            assert (now(appointment).cancel_reason, now(appointment).cancel_note) == ("clinic", note)


def test_a_walk_in_is_booked_and_fulfilled_at_once_and_gets_no_mail(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]

    clinic.attend(follow_up)

    appointment = Appointment.objects.get(follow_up=follow_up)
    assert (appointment.status, appointment.room) == ("fulfilled", clinic.rooms[0])
    assert appointment.starts_at == appointment.arrived_at == appointment.fulfilled_at
    assert not appointment.messages.exists()


def test_a_walk_in_is_a_fact_that_neither_hours_nor_bookings_stand_against(clinic: Clinic) -> None:
    today = date(2026, 3, 2)
    for colleague in (clinic.practitioner, clinic.another_practitioner()):
        clinic.book("10:00", today, practitioner=colleague, consultation_for=clinic.another_patient())

    clinic.attend(clinic.follow_ups[0])

    appointment = Appointment.objects.get(follow_up=clinic.follow_ups[0])
    assert (appointment.status, appointment.room) == ("fulfilled", None)


def test_a_walk_in_uses_the_visit_that_is_booked(clinic: Clinic) -> None:
    today = date(2026, 3, 2)
    factories.perform(clinic.sessions[0], clinic.practitioner)
    follow_up = clinic.follow_ups[0]
    type(follow_up).objects.filter(pk=follow_up.pk).update(window_start=today, target_date=today)
    appointment = clinic.book("14:00", today, follow_up=follow_up)

    clinic.attend(follow_up)

    assert Appointment.objects.get(follow_up=follow_up) == appointment
    assert now(appointment).status == "fulfilled"


def test_recording_a_consultation_fulfils_its_visit(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    consultation = factories.make_consultation(
        clinic.patient, clinic.practitioner, signed=False, appointment_id=appointment.pk
    )

    assert (now(appointment).status, now(appointment).consultation) == ("fulfilled", consultation)
    with pytest.raises(Conflict, match="already"):
        factories.make_consultation(clinic.patient, clinic.practitioner, signed=False, appointment_id=appointment.pk)


def test_a_consultation_is_not_recorded_under_somebody_elses_visit_or_one_that_never_was(clinic: Clinic) -> None:
    other = clinic.book("10:00", consultation_for=clinic.another_patient())
    session = clinic.book("11:00", session=clinic.sessions[0])
    cancelled = clinic.book("14:00")
    appointment_cancel(appointment_id=cancelled.pk, by=None, reason="patient")

    for appointment, refusal in ((other, Invalid), (session, Invalid), (cancelled, InvalidTransition)):
        with pytest.raises(refusal):
            factories.make_consultation(
                clinic.patient, clinic.practitioner, signed=False, appointment_id=appointment.pk
            )


def test_the_desks_note_changes_nothing_else(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    noted = appointment_note(appointment_id=appointment.pk, note="Wheelchair")

    assert (noted.note, noted.revision, noted.status) == ("Wheelchair", 1, "booked")


def test_two_walk_ins_at_once_do_not_share_a_room_that_has_one_of_them(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)
    other = clinic.another_patient()
    plan = factories.make_plan(other, clinic.practitioner, start_date=date(2026, 3, 2))
    third = factories.make_plan(clinic.another_patient(), clinic.practitioner, start_date=date(2026, 3, 2))
    owed = [clinic.follow_ups[0], *(one.follow_ups.earliest("target_date") for one in (plan, third))]
    for follow_up in owed:
        follow_up_attend(follow_up_id=follow_up.pk, by=clinic.practitioner.user, reason="Flies home")

    visits = Appointment.objects.filter(follow_up__in=owed).order_by("created_at", "pk")
    assert sorted(str(visit.room) for visit in visits) == ["None", "Room 1", "Room 2"], "two rooms, three patients"
    assert at_once(visits).keys() == {visit.pk for visit in visits}, "one practitioner for all of them"


def test_what_was_over_or_is_booked_over_another_by_decision_is_not_at_once(clinic: Clinic) -> None:
    first, second = clinic.book("10:00"), clinic.book("10:30", consultation_for=clinic.another_patient())
    first.status, first.fulfilled_at = Appointment.Status.FULFILLED, clinic.at("10:20")
    second.status, second.starts_at, second.fulfilled_at = first.status, clinic.at("10:20"), clinic.at("10:50")
    assert at_once([first, second]) == {}, "the first was over"
    second.starts_at = clinic.at("10:10")
    assert at_once([first, second]) == {first.pk: [second], second.pk: [first]}
    second.overbooked, second.room = True, clinic.rooms[1]
    assert at_once([first, second]) == {}, "somebody decided so, and it says so itself"
