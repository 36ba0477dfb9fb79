"""Every refusal of a booking, in its order; none changes anything or plans any mail."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.access.roles import Role
from clinic.errors import Conflict, GateBlocked, Invalid, InvalidTransition, Refusal, SlotTaken, TooEarly
from clinic.people.models import Membership, Modality, Practitioner, Qualification
from clinic.places.models import Closure, Location, OpeningHours, Room, TimeOff
from patients.models import Consent
from plans.followups.services import follow_up_cancel
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel, appointment_reschedule
from plans.treatment.services import plan_discontinue, plan_hold, session_start
from tests import factories
from tests.plans.scheduling.conftest import Clinic, Written

MONDAY = date(2026, 3, 9)


def refused(act: Callable[[], object], kind: type[Exception] = Refusal) -> Any:
    """The refusal that `act` raises, after checking that it left everything as it was."""
    before = Written.now()
    with pytest.raises(kind) as refusal:
        act()
    assert Written.now() == before
    return refusal.value


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


# When


def test_before_the_window_it_is_too_early_before_hours_and_conflicts_are_looked_at(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    sunday = date(2026, 3, 8)

    refusal = refused(lambda: clinic.book("03:30", sunday, follow_up=follow_up), TooEarly)

    assert refusal.code == "too_early"
    assert refusal.extra == {
        "earliest": follow_up.window_start.isoformat(),
        "rule": follow_up.window_rule,
        "because": follow_up.window_because,
    }
    assert follow_up.window_rule == "target_window"
    assert follow_up.window_because in refusal.detail


def test_the_windows_first_day_is_the_locations(clinic: Clinic) -> None:
    session = clinic.sessions[1]
    OpeningHours.objects.create(
        location=clinic.location,
        weekday=session.window_start.isoweekday(),
        opens_at=datetime.min.time(),
        closes_at=datetime.max.time(),
    )
    last_evening = session.window_start - timedelta(days=1)

    assert refused(lambda: clinic.book("23:30", last_evening, session=session), TooEarly).code == "too_early"
    assert clinic.book("00:00", session.window_start, session=session).is_live


def test_a_session_keeps_away_from_its_booked_neighbours(clinic: Clinic) -> None:
    first, second, third = clinic.sessions[:3]
    clinic.book("10:00", first.window_start + timedelta(days=25), session=first)
    interval = second.step.minimum_interval_days
    soonest = first.window_start + timedelta(days=25 + interval)

    refusal = refused(lambda: clinic.book("10:00", soonest - timedelta(days=1), session=second), TooEarly)

    assert (refusal.extra["earliest"], refusal.extra["rule"]) == (soonest.isoformat(), "minimum_interval")
    assert refusal.extra["because"].startswith(f"At least {interval} days after {first.title} on ")
    clinic.book("10:00", third.window_start, session=third)
    latest = third.window_start - timedelta(days=interval)
    too_late = refused(lambda: clinic.book("10:00", latest + timedelta(days=1), session=second), TooEarly)
    assert too_late.extra["latest"] == latest.isoformat()


def test_the_past_is_refused(clinic: Clinic) -> None:
    refusal = refused(lambda: clinic.book("09:59", date(2026, 3, 2)), Invalid)

    assert refusal.attr == "starts_at"
    assert "past" in refusal.detail


def test_the_lead_time_is_kept(clinic: Clinic) -> None:
    Location.objects.filter(pk=clinic.location.pk).update(lead_minutes=60)

    refusal = refused(lambda: clinic.book("10:45", date(2026, 3, 2)), Invalid)

    assert refusal.attr == "starts_at"
    assert "60 minutes" in refusal.detail
    assert clinic.book("11:00", date(2026, 3, 2)).is_live


@pytest.mark.parametrize(
    ("clock_time", "day", "words"),
    [
        ("07:45", MONDAY, "08:00–18:00"),
        ("17:45", MONDAY, "08:00–18:00"),
        ("10:00", date(2026, 3, 8), "not open on 8 March 2026"),
    ],
)
def test_outside_opening_hours_the_refusal_names_the_hours(
    clinic: Clinic, clock_time: str, day: date, words: str
) -> None:
    refusal = refused(lambda: clinic.book(clock_time, day), Conflict)

    assert (refusal.code, refusal.attr) == ("outside_hours", "starts_at")
    assert refusal.extra == {"what": "opening_hours"}
    assert words in refusal.detail


def test_a_closure_is_named(clinic: Clinic) -> None:
    Closure.objects.create(
        location=clinic.location, starts_at=clinic.at("10:15"), ends_at=clinic.at("12:00"), reason="Staff training"
    )

    refusal = refused(lambda: clinic.book("10:00"), Conflict)

    assert (refusal.code, refusal.extra) == ("outside_hours", {"what": "closure"})
    assert "Staff training" in refusal.detail


def test_time_off_is_refused_without_its_reason(clinic: Clinic) -> None:
    TimeOff.objects.create(
        practitioner=clinic.practitioner, starts_at=clinic.at("10:15"), ends_at=clinic.at("12:00"), reason="Dentist"
    )

    refusal = refused(lambda: clinic.book("10:00"), Conflict)

    assert refusal.extra == {"what": "time_off"}
    assert "Dentist" not in refusal.detail


def test_outside_the_practitioners_own_hours_it_is_refused(clinic: Clinic) -> None:
    OpeningHours.objects.create(
        location=clinic.location,
        practitioner=clinic.practitioner,
        weekday=1,
        opens_at=datetime(2026, 1, 1, 14).time(),
        closes_at=datetime(2026, 1, 1, 16).time(),
    )

    assert refused(lambda: clinic.book("10:00"), Conflict).extra == {"what": "practitioner_hours"}


# Conflicts


def test_a_taken_practitioner_is_refused_with_their_next_free_slots(clinic: Clinic) -> None:
    clinic.book("10:00")
    other = clinic.another_patient()

    refusal = refused(lambda: clinic.book("10:15", consultation_for=other), SlotTaken)

    assert (refusal.code, refusal.extra["taken"]) == ("slot_taken", ["practitioner"])
    alternatives = refusal.extra["alternatives"]
    assert [slot["starts_at"] for slot in alternatives] == [
        "2026-03-09T10:30:00-04:00",
        "2026-03-09T10:45:00-04:00",
        "2026-03-09T11:00:00-04:00",
        "2026-03-09T11:15:00-04:00",
        "2026-03-09T11:30:00-04:00",
    ]
    slot = alternatives[0]
    assert slot["practitioner"] == str(clinic.practitioner.pk)
    assert clinic.book(
        starts_at=datetime.fromisoformat(slot["starts_at"]),
        room=Room.objects.get(pk=slot["room"]),
        consultation_for=other,
    ).is_live


def test_when_every_room_is_taken_the_room_is_what_is_refused(clinic: Clinic) -> None:
    colleagues = [clinic.another_practitioner() for _ in range(3)]
    for colleague in colleagues[:2]:
        clinic.book("10:00", practitioner=colleague, consultation_for=clinic.another_patient())

    refusal = refused(lambda: clinic.book("10:00", practitioner=colleagues[2]), SlotTaken)

    assert refusal.extra["taken"] == ["room"]
    assert refusal.extra["alternatives"]


def test_a_room_that_was_asked_for_and_is_taken_is_refused_though_another_is_free(clinic: Clinic) -> None:
    clinic.book("10:00", practitioner=clinic.another_practitioner(), consultation_for=clinic.another_patient())

    refusal = refused(lambda: clinic.book("10:00", room=clinic.rooms[0]), SlotTaken)

    assert refusal.extra["taken"] == ["room"]
    assert refusal.extra["alternatives"][0]["room"] == str(clinic.rooms[1].pk)


def test_a_patient_cannot_be_in_two_places(clinic: Clinic) -> None:
    clinic.book("10:00", session=clinic.sessions[0])

    refusal = refused(lambda: clinic.book("10:15", practitioner=clinic.another_practitioner()), SlotTaken)

    assert refusal.extra["taken"] == ["patient"]


def test_alternatives_stay_within_what_the_session_allows(clinic: Clinic) -> None:
    second, third = clinic.sessions[1:3]
    latest = third.window_start - timedelta(days=third.step.minimum_interval_days)
    while latest.isoweekday() > 5:
        latest -= timedelta(days=1)
    clinic.book("10:00", third.window_start, session=third)
    clinic.book("17:00", latest, consultation_for=clinic.another_patient(), duration_minutes=60)

    refusal = refused(lambda: clinic.book("17:00", latest, session=second), SlotTaken)

    assert refusal.extra["alternatives"] == []


def test_overbooking_needs_the_right(clinic: Clinic) -> None:
    refused(lambda: clinic.book("10:00", override_reason="I want to"), PermissionDenied)
    refused(lambda: clinic.book("10:00", by=None, override_reason="I want to"), PermissionDenied)


def test_overbooking_never_lifts_room_patient_or_hours(clinic: Clinic) -> None:
    user = clinic.practitioner.user
    clinic.book("10:00")
    clinic.book("10:00", practitioner=clinic.another_practitioner(), consultation_for=clinic.another_patient())
    stranger = clinic.another_patient()

    for patient, taken in ((stranger, ["room"]), (clinic.patient, ["room", "patient"])):
        book = partial(clinic.book, "10:00", by=user, override_reason="Urgent", consultation_for=patient)
        refusal = refused(book, SlotTaken)
        assert refusal.extra["taken"] == taken
    assert refused(lambda: clinic.book("07:00", by=user, override_reason="Urgent"), Conflict).code == "outside_hours"


def test_the_first_thing_wrong_is_the_one_that_is_said(clinic: Clinic) -> None:
    """Shape, who, state, too early, past, hours, conflict: each step takes the foremost mistake away."""
    plan = factories.make_plan(clinic.patient, clinic.practitioner, status="draft", start_date=MONDAY)
    stranger = factories.make_practitioner(factories.make_location())
    session = plan.sessions.get(sequence=1)
    wrong: dict[str, Any] = {"session": session, "practitioner": stranger, "duration_minutes": 0}
    yesterday = date(2026, 3, 1)

    assert refused(lambda: clinic.book("03:00", yesterday, **wrong)).attr == "duration_minutes"
    del wrong["duration_minutes"]
    assert refused(lambda: clinic.book("03:00", yesterday, **wrong)).attr == "practitioner"
    del wrong["practitioner"]
    assert refused(lambda: clinic.book("03:00", yesterday, **wrong)).code == "plan_not_bookable"
    wrong["session"] = clinic.sessions[0]
    assert refused(lambda: clinic.book("03:00", yesterday, **wrong)).code == "too_early"
    assert refused(lambda: clinic.book("03:00", yesterday)).attr == "starts_at"
    clinic.book("10:00")
    assert refused(lambda: clinic.book("03:00", MONDAY)).code == "outside_hours"
    assert refused(lambda: clinic.book("10:00", MONDAY)).code == "slot_taken"


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


def test_what_is_free_instead_is_searched_after_the_transaction_once_and_only_where_somebody_asks(
    clinic: Clinic,
) -> None:
    clinic.book("10:00")

    with CaptureQueriesContext(connection) as queries, pytest.raises(SlotTaken) as refusal:
        clinic.book("10:00", consultation_for=clinic.another_patient())
    assert not any("generate_series" in entry["sql"] for entry in queries.captured_queries)

    clinic.book("10:30", consultation_for=clinic.another_patient())
    with CaptureQueriesContext(connection) as queries:
        starts = [slot["starts_at"] for slot in refusal.value.extra["alternatives"]]
        assert starts == [slot["starts_at"] for slot in refusal.value.extra["alternatives"]]
    assert starts[0] == "2026-03-09T11:00:00-04:00"
    assert len(queries) == 1
