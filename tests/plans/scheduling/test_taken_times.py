"""A time that somebody or something else has: who is refused, what is free instead, and who may overbook."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import Conflict, SlotTaken
from clinic.places.models import Room
from tests import factories
from tests.plans.scheduling.conftest import Clinic, refused

MONDAY = date(2026, 3, 9)


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
