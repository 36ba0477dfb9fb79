"""Booking before the earliest date: blocked everywhere, and possible by decision of who has the right."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from clinic.access.roles import Role, roles_that_may
from clinic.errors import Conflict, GateBlocked, Invalid, SlotTaken, TooEarly
from clinic.people.models import Membership, User
from clinic.places.models import OpeningHours
from patients.models import Consent
from patients.services import consent_withdraw
from plans.followups.models import FollowUp
from plans.protocols.models import IntervalRule
from plans.scheduling.models import Appointment, AppointmentRevision
from plans.scheduling.queries import in_full, why_rebook
from plans.scheduling.services import appointment_book, appointment_cancel, appointment_reschedule, appointment_undo
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic, Written, refused

FRIDAY, MONDAY, TUESDAY = date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)
WHY = "Flies home on Sunday"


@pytest.fixture
def doctor(clinic: Clinic) -> User:
    return clinic.practitioner.user


def early(clinic: Clinic, clock: str = "10:00", **fields: Any) -> Appointment:
    """The first session on the Friday before its window, by the practitioner's decision."""
    return clinic.book(
        clock,
        FRIDAY,
        **{"session": clinic.sessions[0], "by": clinic.practitioner.user, "override_reason": WHY, **fields},
    )


def now(appointment: Appointment) -> Appointment:
    return Appointment.objects.get(pk=appointment.pk)


def move(appointment: Appointment, by: User, clinic: Clinic, clock: str, day: date, **fields: Any) -> Appointment:
    return appointment_reschedule(appointment_id=appointment.pk, by=by, starts_at=clinic.at(clock, day), **fields)


# Who may


def test_a_practitioner_books_early_with_a_reason_that_is_kept(clinic: Clinic) -> None:
    visit = early(clinic, override_reason=f"  {WHY} ")

    assert (visit.is_early, visit.override_reason, visit.overbooked) == (True, WHY, False)
    revision = AppointmentRevision.objects.get(appointment=visit)
    assert (revision.is_early, revision.override_reason) == (True, WHY)
    assert why_rebook(in_full(Appointment.objects.all()).get(pk=visit.pk)) is None


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nobody_books_early(clinic: Clinic, doctor: User, reason: str) -> None:
    refusal = refused(lambda: early(clinic, override_reason=reason), TooEarly)

    assert refusal.extra == {
        "earliest": "2026-03-09",
        "rule": "plan_start",
        "because": "The plan starts on 9 March 2026.",
    }


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.ASSISTANT, Role.MANAGER])
def test_a_reason_without_the_right_is_forbidden(clinic: Clinic, role: Role) -> None:
    user = factories.make_user((clinic.location, role))

    refused(lambda: early(clinic, by=user), PermissionDenied)
    refused(lambda: early(clinic, by=None), PermissionDenied)
    assert roles_that_may("plans.appointment", "book_early") == {Role.PRACTITIONER}


def test_the_right_to_overbook_is_not_the_right_to_book_early(clinic: Clinic) -> None:
    manager = factories.make_user((clinic.location, Role.MANAGER), (clinic.location, Role.FRONT_DESK))
    clinic.book("10:00")

    refused(lambda: early(clinic, by=manager), PermissionDenied)
    over = clinic.book("10:15", consultation_for=clinic.another_patient(), by=manager, override_reason="Urgent")
    assert (over.overbooked, over.is_early) == (True, False)


def test_the_right_counts_at_the_location_of_the_visit(clinic: Clinic) -> None:
    stranger = factories.make_practitioner(factories.make_location()).user
    Membership.objects.create(user=stranger, location=clinic.location, role=Role.FRONT_DESK)

    refused(lambda: early(clinic, by=User.objects.get(pk=stranger.pk)), PermissionDenied)


def test_a_follow_up_is_booked_early_by_decision_too(clinic: Clinic, doctor: User) -> None:
    follow_up = clinic.follow_ups[0]

    refusal = refused(lambda: clinic.book("10:00", FRIDAY, follow_up=follow_up, by=doctor), TooEarly)
    assert refusal.extra["because"] == follow_up.window_because
    assert clinic.book("10:00", FRIDAY, follow_up=follow_up, by=doctor, override_reason=WHY).is_early


def test_a_reason_given_for_nothing_is_not_kept(clinic: Clinic) -> None:
    visit = early(clinic, starts_at=clinic.at("10:00", MONDAY))

    assert (visit.is_early, visit.override_reason) == (False, "")


# What is never overridden


def test_an_override_lifts_neither_plan_nor_consent_nor_hours_nor_the_past(clinic: Clinic, doctor: User) -> None:
    assert refused(lambda: early(clinic, "07:00"), Conflict).code == "outside_hours"
    assert refused(lambda: early(clinic, starts_at=clinic.at("10:00", date(2026, 2, 27))), Invalid).attr == "starts_at"
    draft = factories.make_plan(clinic.another_patient(), clinic.practitioner, status="proposed", start_date=MONDAY)
    assert refused(lambda: early(clinic, session=draft.sessions.get(sequence=1))).code == "plan_not_bookable"
    factories.perform(clinic.plan.sessions.get(sequence=1), clinic.practitioner)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")
    assert refused(lambda: early(clinic, session=clinic.sessions[1])).code == "plan_not_bookable"


def test_an_override_replaces_no_consent(clinic: Clinic) -> None:
    consent = Consent.objects.get(patient=clinic.patient, document__modality="prp")
    consent_withdraw(consent_id=consent.pk, reason="No")

    refused(lambda: early(clinic), GateBlocked)


def test_an_override_takes_neither_a_room_nor_a_patient_twice(clinic: Clinic) -> None:
    clinic.book("10:00", FRIDAY)

    refusal = refused(lambda: early(clinic, practitioner=clinic.another_practitioner()), SlotTaken)

    assert refusal.extra["taken"] == ["patient"]


def test_one_reason_lifts_both_the_window_and_the_practitioners_other_visit(clinic: Clinic) -> None:
    clinic.book("10:00", FRIDAY, consultation_for=clinic.another_patient())

    visit = early(clinic, "10:15")

    assert (visit.is_early, visit.overbooked, visit.override_reason) == (True, True, WHY)


# Moving and undoing


def test_a_move_into_the_window_makes_it_an_ordinary_visit_and_the_past_still_says_so(clinic: Clinic) -> None:
    visit = early(clinic)

    moved = move(visit, clinic.desk, clinic, "10:00", MONDAY)

    assert (moved.is_early, moved.override_reason) == (False, "")
    kept = AppointmentRevision.objects.filter(appointment=visit).values_list("is_early", "override_reason")
    assert list(kept) == [(True, WHY), (False, "")]


def test_a_move_to_another_early_time_needs_a_decision_of_its_own(clinic: Clinic, doctor: User) -> None:
    visit = early(clinic)

    refused(lambda: move(visit, doctor, clinic, "11:00", FRIDAY), TooEarly)
    refused(lambda: move(visit, clinic.desk, clinic, "11:00", FRIDAY), TooEarly)
    refused(lambda: move(visit, clinic.desk, clinic, "11:00", FRIDAY, override_reason="Same"), PermissionDenied)
    moved = move(visit, doctor, clinic, "11:00", FRIDAY, override_reason="Bus")
    assert (moved.is_early, moved.override_reason) == (True, "Bus")


def test_another_room_or_practitioner_leaves_the_decision_as_it_stands(clinic: Clinic) -> None:
    visit = early(clinic)

    moved = move(visit, clinic.desk, clinic, "10:00", FRIDAY, practitioner=clinic.another_practitioner())
    moved = move(moved, clinic.desk, clinic, "10:00", FRIDAY, room=clinic.rooms[1])

    assert (moved.revision, moved.is_early, moved.override_reason) == (3, True, WHY)


def test_an_ordinary_visit_is_moved_early_by_decision(clinic: Clinic, doctor: User) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])

    refused(lambda: move(visit, doctor, clinic, "10:00", FRIDAY), TooEarly)
    moved = move(visit, doctor, clinic, "10:00", FRIDAY, override_reason=WHY)
    assert (moved.is_early, moved.override_reason) == (True, WHY)
    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)
    assert (undone.is_early, undone.override_reason, undone.starts_at) == (False, "", clinic.at("10:00"))


def test_a_move_over_another_visit_needs_a_reason_too(clinic: Clinic, doctor: User) -> None:
    clinic.book("10:00")
    visit = clinic.book("11:00", consultation_for=clinic.another_patient())

    refused(lambda: move(visit, doctor, clinic, "10:15", MONDAY), SlotTaken)
    moved = move(visit, doctor, clinic, "10:15", MONDAY, override_reason="In pain")
    assert (moved.overbooked, moved.override_reason) == (True, "In pain")


def test_an_undo_brings_the_decision_back_with_the_time(clinic: Clinic) -> None:
    visit = early(clinic)
    move(visit, clinic.desk, clinic, "10:00", MONDAY)

    undone = appointment_undo(appointment_id=visit.pk, by=clinic.desk)

    assert (undone.is_early, undone.override_reason, undone.starts_at) == (True, WHY, clinic.at("10:00", FRIDAY))
    appointment_cancel(appointment_id=visit.pk, by=clinic.desk, reason="patient")
    assert now(visit).is_early
    assert appointment_undo(appointment_id=visit.pk, by=clinic.desk).is_early


def test_an_early_visit_is_on_the_list_only_once_its_window_moves_later_again(clinic: Clinic) -> None:
    visit = early(clinic)

    def wanted() -> bool:
        return why_rebook(in_full(Appointment.objects.all()).get(pk=visit.pk)) is not None

    session = clinic.sessions[0]
    for start, is_wanted in ((MONDAY, False), (date(2026, 3, 8), False), (TUESDAY, True)):
        ProcedureSession.objects.filter(pk=session.pk).update(window_start=start, target_date=start)
        assert wanted() is is_wanted


# The edges of windows, where the clock changes


@pytest.mark.parametrize(
    ("timezone", "sunday"),
    [(factories.NEW_YORK, date(2026, 3, 8)), (factories.MADRID, date(2026, 3, 29)), ("Asia/Tokyo", date(2026, 3, 8))],
)
def test_the_windows_first_day_begins_at_midnight_where_the_visit_is(
    clinic: Clinic, timezone: str, sunday: date
) -> None:
    place = factories.make_location(timezone=timezone)
    OpeningHours.objects.bulk_create(
        OpeningHours(location=place, weekday=day, opens_at="00:00", closes_at="23:59") for day in (6, 7)
    )
    practitioner = factories.make_practitioner(place)
    plan = factories.make_plan(factories.make_patient(place), practitioner, start_date=sunday)
    session = plan.sessions.get(sequence=1)

    def book(clock: str, day: date) -> Appointment:
        starts_at = factories.local(place, day, clock)
        return appointment_book(
            by=None, location=place, practitioner=practitioner, starts_at=starts_at, session=session
        )

    assert refused(lambda: book("23:00", sunday - timedelta(days=1)), TooEarly).extra["earliest"] == sunday.isoformat()
    assert not book("00:00", sunday).is_early


# What must lie between sessions


def test_the_strictest_rule_between_two_sessions_governs(clinic: Clinic) -> None:
    first, second = clinic.sessions[:2]
    clinic.book("10:00", date(2026, 4, 3), session=first)
    IntervalRule.objects.update(is_in_force=False)
    floor = second.step.minimum_interval_days
    soonest = date(2026, 4, 3) + timedelta(days=floor)
    said = refused(lambda: clinic.book("10:00", soonest - timedelta(days=1), session=second), TooEarly).extra
    assert (said["earliest"], said["because"]) == (
        soonest.isoformat(),
        f"At least {floor} days after {first.title} on 3 April 2026 (the protocol).",
    )

    IntervalRule.objects.create(
        code="prp-longer", title="PRP after PRP", after_modality="prp", before_modality="prp", minimum_days=40
    )

    said = refused(lambda: clinic.book("10:00", date(2026, 5, 12), session=second), TooEarly).extra
    assert (said["earliest"], said["rule"], said["because"]) == (
        "2026-05-13",
        "minimum_interval",
        f"At least 40 days after {first.title} on 3 April 2026 (PRP after PRP).",
    )
    assert clinic.book("10:00", date(2026, 5, 13), session=second).is_live


def test_a_later_session_that_is_booked_stands_in_the_way_and_can_be_overridden(clinic: Clinic, doctor: User) -> None:
    second, third = clinic.sessions[1:3]
    clinic.book("10:00", third.window_start, session=third)
    near = third.window_start - timedelta(days=3)
    while near.isoweekday() > 5:
        near -= timedelta(days=1)

    refusal = refused(lambda: clinic.book("10:00", near, session=second), TooEarly)

    assert date.fromisoformat(refusal.extra["latest"]) < near
    assert third.title in refusal.extra["because"]
    assert clinic.book("10:00", near, session=second, by=doctor, override_reason=WHY).is_early


@pytest.fixture
def needling(clinic: Clinic) -> TreatmentPlan:
    """The patient's other plan, of another modality."""
    return factories.make_plan(clinic.patient, clinic.practitioner, protocol="microneedling", start_date=MONDAY)


def between(clinic: Clinic) -> int:
    """Days that the rule across modalities asks for."""
    return IntervalRule.objects.get(is_across=True, is_in_force=True).minimum_days


def test_a_booked_session_of_another_plan_keeps_its_distance_on_both_sides(
    clinic: Clinic, needling: TreatmentPlan, doctor: User
) -> None:
    other = needling.sessions.get(sequence=1)
    days = between(clinic)
    middle = date(2026, 4, 15)
    visit = clinic.book("10:00", middle, session=other)
    session = clinic.sessions[0]

    for offset in (-days + 1, 0, days - 1):
        near = middle + timedelta(days=offset)
        refusal = refused(lambda near=near: clinic.book("15:00", near, session=session), TooEarly)  # type: ignore[misc]
        assert refusal.extra["earliest"] == (middle + timedelta(days=days)).isoformat()
        assert "of another plan on 15 April 2026" in refusal.extra["because"]
    assert clinic.book("15:00", middle - timedelta(days=days), session=session).is_live
    appointment_cancel(appointment_id=visit.pk, by=None, reason="clinic")
    assert clinic.book("10:00", middle, session=other).is_live


def test_a_session_given_under_another_plan_counts_as_well(clinic: Clinic, needling: TreatmentPlan) -> None:
    factories.perform(needling.sessions.get(sequence=1), clinic.practitioner)
    soonest = date(2026, 3, 2) + timedelta(days=between(clinic))

    refusal = refused(lambda: clinic.book("10:00", MONDAY, session=clinic.sessions[0]), TooEarly)

    assert refusal.extra["earliest"] == soonest.isoformat()


def test_a_rule_out_of_force_asks_for_nothing(clinic: Clinic, needling: TreatmentPlan) -> None:
    clinic.book("10:00", session=needling.sessions.get(sequence=1))
    IntervalRule.objects.filter(is_across=True).update(is_in_force=False)

    assert clinic.book("15:00", session=clinic.sessions[0]).is_live


def test_free_slots_keep_the_same_distance(clinic: Clinic, needling: TreatmentPlan) -> None:
    middle = date(2026, 4, 15)
    clinic.book("10:00", middle, session=needling.sessions.get(sequence=1))
    days = between(clinic)
    asked = f"/slots/?session={clinic.sessions[0].pk}&from=2026-03-16&to=2026-05-15"

    found = {row["starts_at"][:10] for row in Api(clinic.desk).get(asked).json()["results"]}

    near = {(middle + timedelta(days=offset)).isoformat() for offset in range(-days + 1, days)}
    assert found
    assert not found & near
    assert {(middle - timedelta(days=days)).isoformat(), (middle + timedelta(days=days)).isoformat()} <= found


# Over HTTP


def body(clinic: Clinic, **fields: Any) -> dict[str, Any]:
    return {
        "location": str(clinic.location.pk),
        "practitioner": str(clinic.practitioner.pk),
        "starts_at": "2026-03-06T10:00:00-05:00",
        "session": str(clinic.sessions[0].pk),
        **fields,
    }


@pytest.mark.parametrize(
    ("role", "plain", "with_reason"),
    [(Role.PRACTITIONER, 409, 201), (Role.FRONT_DESK, 409, 403), (Role.ASSISTANT, 403, 403), (Role.MANAGER, 403, 403)],
)
def test_each_role_over_the_api(clinic: Clinic, role: Role, plain: int, with_reason: int) -> None:
    api = Api(factories.make_user((clinic.location, role)))
    before = Written.now()

    refusal = api.post("/appointments/", body(clinic))

    assert refusal.status_code == plain
    assert Written.now() == before
    response = api.post("/appointments/", body(clinic, override_reason=WHY))
    assert response.status_code == with_reason
    if with_reason == 201:
        assert (response.json()["is_early"], response.json()["override_reason"]) == (True, WHY)
    else:
        assert Written.now() == before


def test_a_move_over_the_api_says_the_same_and_takes_a_reason(clinic: Clinic, doctor: User) -> None:
    visit = clinic.book("10:00", session=clinic.sessions[0])
    path = f"/appointments/{visit.pk}/reschedule/"
    sent = {"starts_at": "2026-03-06T10:00:00-05:00"}

    for user in (clinic.desk, doctor):
        refusal = Api(user).post(path, sent)
        assert (refusal.status_code, errors(refusal)) == (409, {"starts_at": "too_early"})
        assert refusal.json()["extra"]["earliest"] == "2026-03-09"
    assert Api(clinic.desk).post(path, {**sent, "override_reason": WHY}).status_code == 403
    moved = Api(doctor).post(path, {**sent, "override_reason": WHY}).json()
    assert (moved["is_early"], moved["override_reason"]) == (True, WHY)
    assert Api(doctor).post(path, {**sent, "override_reason": "x" * 301}).status_code == 400


def test_an_obligation_without_words_still_says_when(clinic: Clinic) -> None:
    follow_up = clinic.follow_ups[0]
    FollowUp.objects.filter(pk=follow_up.pk).update(window_rule="", window_because="")

    refusal = refused(lambda: clinic.book("10:00", FRIDAY, follow_up=follow_up), TooEarly)

    assert refusal.extra["earliest"] == follow_up.window_start.isoformat()
    assert refusal.detail.endswith(f"{follow_up.window_start:%B %Y}.")
