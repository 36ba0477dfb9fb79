"""Bookings that are refused whenever they would be: their shape, who and where, and the state of what they are for."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, GateBlocked, Invalid, InvalidTransition
from clinic.people.models import Membership, Modality, Practitioner, Qualification
from patients.models import Consent
from plans.followups.services import follow_up_cancel
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel, appointment_reschedule
from plans.treatment.services import plan_discontinue, plan_hold, session_start
from tests import factories
from tests.plans.scheduling.conftest import Clinic, refused

MONDAY = date(2026, 3, 9)


# Shape
@pytest.mark.parametrize("subjects", [[], ["session", "follow_up"], ["session", "consultation_for"]])
def test_a_visit_is_for_exactly_one_thing(clinic: Clinic, subjects: list[str]) -> None:
    everything: dict[str, Any] = {
        "session": clinic.sessions[0],
        "follow_up": clinic.follow_ups[0],
        "consultation_for": clinic.patient,
    }
    chosen: dict[str, Any] = {name: everything[name] if name in subjects else None for name in everything}

    assert refused(lambda: clinic.book("10:00", **chosen)).code == "invalid"


def test_a_time_without_offset_is_refused(clinic: Clinic) -> None:
    refusal = refused(lambda: clinic.book(starts_at=datetime(2026, 3, 9, 10)), Invalid)

    assert refusal.attr == "starts_at"
    assert "offset" in refusal.detail


@pytest.mark.parametrize("written", ["2026-03-08T02:30:00-05:00", "2026-03-08T02:30:00-04:00"])
def test_a_time_that_the_clock_skips_is_refused(clinic: Clinic, written: str) -> None:
    refusal = refused(lambda: clinic.book(starts_at=datetime.fromisoformat(written)), Invalid)

    assert (refusal.code, refusal.attr) == ("nonexistent_time", "starts_at")


@pytest.mark.parametrize("minutes", [0, -15, 721])
def test_a_length_that_cannot_be_is_refused(clinic: Clinic, minutes: int) -> None:
    assert refused(lambda: clinic.book("10:00", duration_minutes=minutes), Invalid).attr == "duration_minutes"


# Who and where
def test_a_practitioner_of_another_location_is_refused(clinic: Clinic) -> None:
    stranger = factories.make_practitioner(factories.make_location())

    refusal = refused(lambda: clinic.book("10:00", practitioner=stranger), Invalid)

    assert (refusal.code, refusal.attr) == ("invalid", "practitioner")


def test_a_practitioner_who_only_assists_here_is_refused(clinic: Clinic) -> None:
    Membership.objects.filter(user=clinic.practitioner.user).update(role=Role.ASSISTANT)

    assert refused(lambda: clinic.book("10:00"), Invalid).attr == "practitioner"


def test_a_practitioner_who_takes_no_bookings_is_refused(clinic: Clinic) -> None:
    Practitioner.objects.update(is_bookable=False)
    clinic.practitioner.refresh_from_db()

    refusal = refused(lambda: clinic.book("10:00"), Invalid)

    assert refusal.attr == "practitioner"
    assert "takes no bookings" in refusal.detail


@pytest.mark.parametrize(
    "validity",
    [
        {"valid_until": MONDAY - timedelta(days=1)},
        {"valid_from": MONDAY + timedelta(days=1)},
    ],
)
def test_a_practitioner_who_is_not_qualified_on_the_day_is_refused(clinic: Clinic, validity: dict[str, date]) -> None:
    Qualification.objects.filter(modality=Modality.PRP).update(**validity)

    refusal = refused(lambda: clinic.book("10:00", session=clinic.sessions[0]), Invalid)

    assert (refusal.code, refusal.attr) == ("not_qualified", "practitioner")
    assert "PRP" in refusal.detail


def test_every_modality_of_a_session_needs_its_qualification(clinic: Clinic) -> None:
    combined = factories.make_plan(clinic.patient, clinic.practitioner, protocol="prp-microneedling", start_date=MONDAY)
    colleague = clinic.another_practitioner(modalities=[Modality.PRP])
    session = combined.sessions.get(sequence=1)

    refusal = refused(lambda: clinic.book("10:00", session=session, practitioner=colleague), Invalid)

    assert refusal.code == "not_qualified"
    assert "Microneedling" in refusal.detail
    assert "PRP" not in refusal.detail


def test_a_room_of_another_location_is_refused(clinic: Clinic) -> None:
    room = factories.make_room(factories.make_location())

    assert refused(lambda: clinic.book("10:00", room=room), Invalid).attr == "room"


def test_a_room_that_is_not_fit_is_refused(clinic: Clinic) -> None:
    room = factories.make_room(clinic.location, modalities=[Modality.EXOSOME])

    refusal = refused(lambda: clinic.book("10:00", session=clinic.sessions[0], room=room), Invalid)

    assert refusal.attr == "room"
    assert "PRP" in refusal.detail


# State
@pytest.mark.parametrize("status", ["draft", "proposed"])
def test_before_acceptance_nothing_of_a_plan_can_be_booked(clinic: Clinic, status: str) -> None:
    plan = factories.make_plan(clinic.patient, clinic.practitioner, status=status, start_date=MONDAY)

    subjects: list[dict[str, Any]] = [
        {"session": plan.sessions.get(sequence=1)},
        {"follow_up": plan.follow_ups.earliest("target_date")},
    ]
    for subject in subjects:
        refusal = refused(partial(clinic.book, "10:00", **subject), Conflict)
        assert refusal.code == "plan_not_bookable"
        assert refusal.extra == {"state": status, "allowed": ["accepted", "active"]}


def test_nothing_of_a_plan_on_hold_can_be_booked_or_moved(clinic: Clinic, frozen: time_machine.Traveller) -> None:
    follow_up = clinic.follow_ups[0]
    appointment = clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
    factories.perform(clinic.sessions[0], clinic.practitioner)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")

    for act in (
        lambda: clinic.book("10:00", date(2026, 4, 6), session=clinic.sessions[1]),
        lambda: appointment_reschedule(
            appointment_id=appointment.pk, by=clinic.desk, starts_at=appointment.starts_at + timedelta(days=1)
        ),
    ):
        assert refused(act, Conflict).code == "plan_not_bookable"


def test_nothing_of_a_discontinued_plan_can_be_booked(clinic: Clinic) -> None:
    plan_discontinue(plan_id=clinic.plan.pk, by=None, reason="Moved away")

    assert refused(lambda: clinic.book("10:00", session=clinic.sessions[0]), Conflict).code == "plan_not_bookable"


def test_a_session_that_has_begun_cannot_be_booked(clinic: Clinic) -> None:
    session = session_start(session_id=clinic.sessions[0].pk, by=clinic.practitioner.user)

    refusal = refused(lambda: clinic.book("10:00", session=session), InvalidTransition)

    assert refusal.extra == {"state": "in_progress", "allowed": ["planned"]}


def test_a_session_needs_a_consent_for_each_modality(clinic: Clinic) -> None:
    Consent.objects.update(status=Consent.Status.WITHDRAWN, withdrawn_at=clock.now())

    refusal = refused(lambda: clinic.book("10:00", session=clinic.sessions[0]), GateBlocked)

    assert [gate["gate"] for gate in refusal.extra["gates"]] == ["consent"]


def test_a_closed_follow_up_cannot_be_booked(clinic: Clinic) -> None:
    attended, cancelled = clinic.follow_ups[:2]
    clinic.attend(attended)
    follow_up_cancel(follow_up_id=cancelled.pk, by=None, reason="Not needed")

    for follow_up, state in ((attended, "attended"), (cancelled, "cancelled")):
        refusal = refused(
            partial(clinic.book, "10:00", follow_up.target_date, follow_up=follow_up),
            InvalidTransition,
        )
        assert refusal.extra["state"] == state


def test_a_second_live_visit_for_one_obligation_is_refused(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    subjects: list[tuple[dict[str, Any], date]] = [
        ({"session": clinic.sessions[0]}, MONDAY),
        ({"follow_up": follow_up}, follow_up.target_date),
    ]
    for subject, day in subjects:
        first = clinic.book("10:00", day, **subject)

        refusal = refused(partial(clinic.book, "14:00", day, **subject), Conflict)

        assert (refusal.code, refusal.extra) == ("already_booked", {"appointment": str(first.pk)})


# Refusals of what comes after the booking
def test_a_move_is_judged_like_a_booking(clinic: Clinic) -> None:
    appointment = clinic.book("10:00", session=clinic.sessions[0])
    clinic.book("14:00", consultation_for=clinic.another_patient())

    def move(clock_time: str, day: date = MONDAY, **fields: Any) -> Callable[[], Appointment]:
        return lambda: appointment_reschedule(
            appointment_id=appointment.pk, by=clinic.desk, starts_at=clinic.at(clock_time, day), **fields
        )

    assert refused(move("13:45")).code == "slot_taken"
    assert refused(move("18:00")).code == "outside_hours"
    assert refused(move("10:00", date(2026, 3, 6))).code == "too_early"
    assert (
        refused(move("11:00", practitioner=factories.make_practitioner(factories.make_location()))).attr
        == "practitioner"
    )
    unqualified = clinic.another_practitioner(modalities=[])
    assert refused(move("11:00", practitioner=unqualified)).code == "not_qualified"
    assert refused(move("11:00", room=factories.make_room(factories.make_location()))).attr == "room"


def test_a_reason_to_cancel_is_one_of_three(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")

    refusal = refused(lambda: appointment_cancel(appointment_id=appointment.pk, by=None, reason="weather"), Invalid)

    assert refusal.attr == "reason"
