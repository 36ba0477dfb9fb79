"""Moving a visit, and taking back a booking, a move or a cancellation."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from clinic.errors import Conflict, InvalidTransition, SlotTaken
from clinic.places.models import Location, OpeningHours
from plans.followups.services import follow_up_cancel
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.services import (
    appointment_arrive,
    appointment_cancel,
    appointment_confirm,
    appointment_reschedule,
    appointment_undo,
)
from plans.treatment.services import plan_hold
from tests import factories
from tests.plans.scheduling.conftest import Clinic, refused

Act = AppointmentRevision.Act
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)


def move(clinic: Clinic, appointment: Appointment, clock_time: str, day: date = MONDAY, **fields: Any) -> Appointment:
    return appointment_reschedule(
        appointment_id=appointment.pk, by=clinic.desk, starts_at=clinic.at(clock_time, day), **fields
    )


def undo(clinic: Clinic, appointment: Appointment) -> Appointment:
    return appointment_undo(appointment_id=appointment.pk, by=clinic.desk)


def cancel(clinic: Clinic, appointment: Appointment, **fields: Any) -> Appointment:
    return appointment_cancel(appointment_id=appointment.pk, by=clinic.desk, **{"reason": "patient", **fields})


def pending(appointment: Appointment) -> set[int | None]:
    """The revisions about which mail is still to go out."""
    return set(appointment.messages.filter(status="pending").values_list("appointment_revision", flat=True))


def test_a_move_keeps_length_and_room_and_counts_a_revision(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", room=clinic.rooms[1], duration_minutes=50)

    moved = move(clinic, appointment, "14:00", TUESDAY)

    moved.refresh_from_db()
    assert (moved.starts_at, moved.ends_at) == (clinic.at("14:00", TUESDAY), clinic.at("14:50", TUESDAY))
    assert moved.room == clinic.rooms[1]
    assert (moved.status, moved.revision) == ("booked", 2)
    revision = moved.revisions.get(number=2)
    assert (revision.act, revision.acted_by, revision.status_before) == (Act.MOVED, clinic.desk, "booked")
    assert pending(moved) == {2}


def test_the_version_a_move_returns_is_the_databases(clinic: Clinic) -> None:
    moved = move(clinic, clinic.book("10:00"), "11:00")

    assert moved.version == Appointment.objects.get(pk=moved.pk).version == 2


def test_a_move_takes_the_next_fit_room_where_its_own_is_taken(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    clinic.book("14:00", practitioner=clinic.another_practitioner(), consultation_for=clinic.another_patient())

    assert move(clinic, appointment, "14:00").room == clinic.rooms[1]


def test_a_confirmed_visit_that_moves_is_booked_again(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    appointment_confirm(appointment_id=appointment.pk, by=None)

    moved = move(clinic, appointment, "11:00")

    assert (moved.status, moved.confirmed_at) == ("booked", None)


def test_a_visit_moves_onto_its_own_time(clinic: Clinic) -> None:
    assert move(clinic, clinic.book("10:00"), "10:15").starts_at == clinic.at("10:15")


def test_a_move_to_where_it_is_changes_nothing(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    same = move(clinic, appointment, "10:00")

    assert (same.revision, same.version) == (1, 1)
    assert same.revisions.count() == 1


def test_a_visit_moves_to_a_colleague_or_to_another_room(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    colleague = clinic.another_practitioner()

    assert move(clinic, appointment, "10:00", practitioner=colleague).practitioner == colleague
    assert move(clinic, appointment, "10:00", room=clinic.rooms[1]).room == clinic.rooms[1]
    assert Appointment.objects.get(pk=appointment.pk).revision == 3


def test_an_overbooked_visit_moves_to_free_time_only(clinic: Clinic) -> None:
    clinic.book("10:00")
    clinic.book("14:00", consultation_for=clinic.another_patient())
    appointment = clinic.book(
        "10:15", consultation_for=clinic.another_patient(), by=clinic.practitioner.user, override_reason="Urgent"
    )

    assert refused(lambda: move(clinic, appointment, "14:15"), SlotTaken).extra["taken"] == ["practitioner"]
    spare = factories.make_room(clinic.location)
    assert move(clinic, appointment, "10:15", room=spare).overbooked
    assert not move(clinic, appointment, "11:00").overbooked


@pytest.mark.parametrize("status", ["arrived", "cancelled", "fulfilled", "no_show"])
def test_only_a_visit_that_is_still_to_come_moves(clinic: Clinic, status: str) -> None:
    appointment = clinic.book("10:00")
    stamps = {
        "arrived": "arrived_at",
        "cancelled": "cancelled_at",
        "fulfilled": "fulfilled_at",
        "no_show": "no_show_at",
    }
    fields: dict[str, Any] = {stamps[status]: clinic.at("10:00")}
    if status == "fulfilled":
        fields["arrived_at"] = clinic.at("10:00")
    if status == "cancelled":
        fields["cancel_reason"] = "other"
    Appointment.objects.filter(pk=appointment.pk).update(status=status, **fields)

    refusal = refused(lambda: move(clinic, appointment, "11:00"), InvalidTransition)

    assert refusal.extra == {"state": status, "allowed": ["booked", "confirmed"]}


# Undo


def test_an_undone_booking_is_cancelled_and_nothing_of_it_is_sent(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", session=clinic.sessions[0])

    undone = undo(clinic, appointment)

    undone.refresh_from_db()
    assert (undone.status, undone.revision) == ("cancelled", 2)
    assert undone.revisions.get(number=2).act == Act.UNDONE
    assert not pending(undone)
    assert clinic.book("10:00", session=clinic.sessions[0]).is_live


def test_an_undone_move_is_where_it_was_under_a_new_revision(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", room=clinic.rooms[1])
    appointment_confirm(appointment_id=appointment.pk, by=None)
    confirmed_at = Appointment.objects.get(pk=appointment.pk).confirmed_at
    move(clinic, appointment, "14:00", practitioner=clinic.another_practitioner(), room=clinic.rooms[0])

    undone = undo(clinic, appointment)

    undone.refresh_from_db()
    assert (undone.starts_at, undone.ends_at) == (clinic.at("10:00"), clinic.at("10:30"))
    assert (undone.practitioner, undone.room) == (clinic.practitioner, clinic.rooms[1])
    assert (undone.status, undone.confirmed_at, undone.revision) == ("confirmed", confirmed_at, 3)
    assert (undone.practitioner_busy.lower, undone.room_busy.upper) == (clinic.at("10:00"), clinic.at("10:30"))
    assert pending(undone) == {3}


@pytest.mark.parametrize("status", ["booked", "confirmed", "arrived"])
def test_an_undone_cancellation_lives_again_as_it_was(clinic: Clinic, status: str) -> None:
    appointment = clinic.book("10:00")
    steps: list[Callable[..., Appointment]] = [appointment_confirm] if status == "confirmed" else []
    steps += [appointment_arrive] if status == "arrived" else []
    for step in steps:
        step(appointment_id=appointment.pk, by=None)
    before = Appointment.objects.get(pk=appointment.pk)
    cancel(clinic, appointment, note="Called in")

    undone = undo(clinic, appointment)

    undone.refresh_from_db()
    assert (undone.status, undone.revision) == (status, 3)
    assert (undone.cancelled_at, undone.cancel_reason, undone.cancel_note) == (None, "", "")
    assert (undone.confirmed_at, undone.arrived_at) == (before.confirmed_at, before.arrived_at)
    assert (undone.starts_at, undone.room) == (before.starts_at, before.room)


def test_an_undo_waits_no_longer_than_the_grace_period(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    Location.objects.filter(pk=clinic.location.pk).update(grace_seconds=90)
    early, late = clinic.book("10:00"), clinic.book("11:00")

    frozen.shift(timedelta(seconds=90))
    assert undo(clinic, early).status == "cancelled"
    frozen.shift(timedelta(seconds=1))
    refusal = refused(lambda: undo(clinic, late), Conflict)

    assert refusal.code == "grace_over"
    assert "90 seconds" in refusal.detail


def test_an_undo_cannot_be_undone(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    move(clinic, appointment, "11:00")
    undo(clinic, appointment)

    assert refused(lambda: undo(clinic, appointment), Conflict).code == "nothing_to_undo"


def test_a_move_after_an_undo_can_be_undone(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    move(clinic, appointment, "11:00")
    undo(clinic, appointment)
    move(clinic, appointment, "12:00")

    undone = undo(clinic, appointment)

    assert (undone.starts_at, undone.revision) == (clinic.at("10:00"), 5)


@pytest.mark.parametrize("act", ["move", "cancel"])
def test_time_that_was_given_away_does_not_come_back(clinic: Clinic, act: str) -> None:
    appointment = clinic.book("10:00")
    if act == "move":
        move(clinic, appointment, "11:00")
    else:
        cancel(clinic, appointment)
    clinic.book("10:00", consultation_for=clinic.another_patient())

    refusal = refused(lambda: undo(clinic, appointment), SlotTaken)

    assert refusal.extra["taken"] == ["practitioner"]
    assert refusal.extra["alternatives"]


def test_a_room_that_was_given_away_is_replaced(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    cancel(clinic, appointment)
    clinic.book("10:00", practitioner=clinic.another_practitioner(), consultation_for=clinic.another_patient())

    assert undo(clinic, appointment).room == clinic.rooms[1]


def test_a_cancellation_does_not_come_back_where_the_obligation_has_another_visit(clinic: Clinic) -> None:
    session = clinic.sessions[0]
    appointment = clinic.book("10:00", session=session)
    cancel(clinic, appointment)
    clinic.book("14:00", session=session)

    assert refused(lambda: undo(clinic, appointment), Conflict).code == "already_booked"


def test_a_cancellation_does_not_come_back_where_the_obligation_is_gone(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    appointment = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
    follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="Not needed")

    assert refused(lambda: undo(clinic, appointment), InvalidTransition).extra["state"] == "cancelled"


def test_a_cancellation_does_not_come_back_while_the_plan_is_on_hold(clinic: Clinic) -> None:
    factories.perform(clinic.sessions[0], clinic.practitioner)
    follow_up = clinic.follow_ups[0]
    appointment = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
    cancel(clinic, appointment)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")

    assert refused(lambda: undo(clinic, appointment), Conflict).code == "plan_not_bookable"


def test_an_undone_overbooking_comes_back_overbooked(clinic: Clinic) -> None:
    clinic.book("10:00")
    appointment = clinic.book(
        "10:15", consultation_for=clinic.another_patient(), by=clinic.practitioner.user, override_reason="Urgent"
    )
    cancel(clinic, appointment)

    undone = undo(clinic, appointment)

    assert (undone.overbooked, undone.override_reason) == (True, "Urgent")


def test_hours_that_changed_meanwhile_do_not_stop_an_undo(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    cancel(clinic, appointment)
    OpeningHours.objects.all().delete()

    assert undo(clinic, appointment).is_live


@pytest.mark.parametrize("status", ["arrived", "fulfilled", "no_show"])
def test_what_has_happened_cannot_be_undone(clinic: Clinic, status: str) -> None:
    appointment = clinic.book("10:00")
    stamps: dict[str, Any] = (
        {"no_show_at": clinic.at("10:00")} if status == "no_show" else {"arrived_at": clinic.at("10:00")}
    )
    if status == "fulfilled":
        stamps["fulfilled_at"] = clinic.at("10:00")
    Appointment.objects.filter(pk=appointment.pk).update(status=status, **stamps)

    assert refused(lambda: undo(clinic, appointment), InvalidTransition).extra["state"] == status


def test_who_was_there_first_is_not_locked_in_by_a_visit_booked_over_it(clinic: Clinic) -> None:
    """Another room at the same time, and an undone cancellation: neither takes time that was not its own."""
    first = clinic.book("10:00", room=clinic.rooms[0])
    clinic.book(
        "10:00",
        consultation_for=clinic.another_patient(),
        room=clinic.rooms[1],
        by=clinic.practitioner.user,
        override_reason="Bleeding",
    )

    third = factories.make_room(clinic.location, "Third room")

    elsewhere = move(clinic, first, "10:00", room=third)
    cancel(clinic, elsewhere)
    back = undo(clinic, elsewhere)

    assert (elsewhere.room, back.status, back.overbooked) == (third, "booked", False)
    with pytest.raises(SlotTaken):
        move(clinic, back, "10:15")
