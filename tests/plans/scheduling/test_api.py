"""Appointments over HTTP: the shapes in and out, who may, and refusals in the API's words."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_cancel
from plans.treatment.services import plan_hold
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic, Written

MONDAY = date(2026, 3, 9)


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    return Api(clinic.desk)


def body(clinic: Clinic, **fields: Any) -> dict[str, Any]:
    """The smallest booking, of the plan's first session."""
    return {
        "location": str(clinic.location.pk),
        "practitioner": str(clinic.practitioner.pk),
        "starts_at": "2026-03-09T10:00:00-04:00",
        "session": str(clinic.sessions[0].pk),
        **fields,
    }


def test_a_booking_answers_with_the_visit_and_its_messages(clinic: Clinic, desk: Api) -> None:
    response = desk.post("/appointments/", body(clinic, note="By train"))

    assert response.status_code == 201
    shown = response.json()
    session = clinic.sessions[0]
    messages = shown.pop("messages")
    assert shown == {
        "id": str(Appointment.objects.get().pk),
        "revision": 1,
        "status": "booked",
        "kind": "session",
        "title": session.title,
        "starts_at": "2026-03-09T10:00:00-04:00",
        "ends_at": clinic.at("10:00").astimezone(clinic.location.zone).replace(hour=10, minute=0).isoformat()
        if not session.duration_minutes
        else (clinic.at("10:00") + timedelta(minutes=session.duration_minutes))
        .astimezone(clinic.location.zone)
        .isoformat(),
        "location": str(clinic.location.pk),
        "practitioner": str(clinic.practitioner.pk),
        "room": str(clinic.rooms[0].pk),
        "patient": str(clinic.patient.pk),
        "session": str(session.pk),
        "follow_up": None,
        "note": "By train",
        "overbooked": False,
        "is_early": False,
        "override_reason": "",
        "kept_because": "",
        "rebook": None,
        "off_hours": "",
        "off_hours_accepted": False,
        "confirmed_at": None,
        "arrived_at": None,
        "fulfilled_at": None,
        "cancelled_at": None,
        "cancel_reason": "",
        "cancel_note": "",
        "no_show_at": None,
    }
    assert response.headers["ETag"]
    assert {message["kind"] for message in messages} == {"confirmation", "preparation", "reminder"}
    assert set(messages[0]) == {"id", "kind", "due_at", "status", "appointment_revision"}
    assert messages[0]["due_at"].endswith("-05:00")


def test_a_visit_goes_through_its_states(clinic: Clinic, desk: Api) -> None:
    path = f"/appointments/{desk.post('/appointments/', body(clinic)).json()['id']}"

    moved = desk.post(f"{path}/reschedule/", {"starts_at": "2026-03-10T11:00:00-04:00"}).json()
    assert (moved["starts_at"], moved["revision"]) == ("2026-03-10T11:00:00-04:00", 2)
    assert desk.post(f"{path}/undo/").json()["starts_at"] == "2026-03-09T10:00:00-04:00"
    assert desk.post(f"{path}/confirm/").json()["status"] == "confirmed"
    assert desk.post(f"{path}/arrive/").json()["status"] == "arrived"
    refusal = desk.post(f"{path}/fulfil/")
    assert (refusal.status_code, errors(refusal)) == (409, {None: "session_open"})
    cancelled = desk.post(f"{path}/cancel/", {"reason": "patient", "note": "Felt unwell"}).json()
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "patient")
    refusal = desk.post(f"{path}/no-show/")
    assert (refusal.status_code, errors(refusal)) == (409, {None: "invalid_transition"})
    assert refusal.json()["extra"] == {"state": "cancelled", "allowed": ["booked", "confirmed"]}


def test_only_the_note_is_patched(clinic: Clinic, desk: Api) -> None:
    appointment = clinic.book("10:00")

    response = desk.patch(f"/appointments/{appointment.pk}/", {"note": "Wheelchair", "status": "fulfilled"})

    assert (response.status_code, response.json()["note"], response.json()["status"]) == (200, "Wheelchair", "booked")
    assert desk.patch(f"/appointments/{appointment.pk}/", {}).json()["note"] == "Wheelchair"
    assert desk.delete(f"/appointments/{appointment.pk}/").status_code == 405


def test_a_stale_version_changes_nothing(clinic: Clinic, desk: Api) -> None:
    appointment = clinic.book("10:00")
    path = f"/appointments/{appointment.pk}"
    etag = desk.get(f"{path}/").headers["ETag"]
    desk.patch(f"{path}/", {"note": "Seen by somebody else"})

    for act, sent in (
        ("reschedule", {"starts_at": "2026-03-09T11:00:00-04:00"}),
        ("confirm", {}),
        ("cancel", {"reason": "other"}),
        ("undo", {}),
    ):
        before = Written.now()
        assert desk.post(f"{path}/{act}/", sent, If_Match=etag).status_code == 412
        assert Written.now() == before


@pytest.mark.parametrize(
    ("wrong", "attr", "code"),
    [
        ({"starts_at": "2026-03-09T10:00:00"}, "starts_at", "offset_missing"),
        ({"starts_at": "2026-03-08T02:30:00-05:00"}, "starts_at", "nonexistent_time"),
        ({"starts_at": "soon"}, "starts_at", "invalid"),
        ({"starts_at": 1772000000}, "starts_at", "invalid"),
        ({"starts_at": None}, "starts_at", "null"),
        ({"starts_at": "2026-03-01T10:00:00-05:00", "session": None, "consultation_for": ...}, "starts_at", "invalid"),
        ({"duration_minutes": 0}, "duration_minutes", "min_value"),
        ({"duration_minutes": 10**30}, "duration_minutes", "max_value"),
        ({"duration_minutes": "long"}, "duration_minutes", "invalid"),
        ({"session": "018f0000-0000-7000-8000-000000000000"}, "session", "does_not_exist"),
        ({"session": "nonsense"}, "session", "incorrect_type"),
        ({"session": None}, "non_field_errors", "invalid"),
        ({"note": "x" * 501}, "note", "max_length"),
        ({"note": "a\x00b"}, "note", "null_characters_not_allowed"),
        ({"location": None}, "location", "null"),
    ],
)
def test_a_body_that_cannot_be_names_its_field(
    clinic: Clinic, desk: Api, wrong: dict[str, Any], attr: str, code: str
) -> None:
    sent = {key: str(clinic.patient.pk) if value is ... else value for key, value in wrong.items()}
    before = Written.now()

    response = desk.post("/appointments/", body(clinic, **sent))

    assert response.status_code == 400
    assert attr in errors(response)
    if code != "incorrect_type":
        assert errors(response)[attr] == code
    assert Written.now() == before


def test_emoji_and_right_to_left_notes_are_kept(clinic: Clinic, desk: Api) -> None:
    note = "🧑‍🦽 نص من اليمين"

    assert desk.post("/appointments/", body(clinic, note=note)).json()["note"] == note


def test_a_conflict_brings_alternatives_that_can_be_booked(clinic: Clinic, desk: Api) -> None:
    clinic.book("10:00", consultation_for=clinic.another_patient())

    refusal = desk.post("/appointments/", body(clinic))

    assert (refusal.status_code, errors(refusal)) == (409, {"starts_at": "slot_taken"})
    slot = refusal.json()["extra"]["alternatives"][0]
    assert desk.post("/appointments/", body(clinic, **slot | {"ends_at": None})).status_code == 201


def test_too_early_says_when_and_why(clinic: Clinic, desk: Api) -> None:
    refusal = desk.post("/appointments/", body(clinic, starts_at="2026-03-06T10:00:00-05:00"))

    assert (refusal.status_code, errors(refusal)) == (409, {"starts_at": "too_early"})
    assert refusal.json()["extra"] == {
        "earliest": "2026-03-09",
        "rule": "plan_start",
        "because": "The plan starts on 9 March 2026.",
    }


def test_overbooking_without_the_right_is_forbidden(clinic: Clinic, desk: Api) -> None:
    clinic.book("10:00", consultation_for=clinic.another_patient())
    sent = body(clinic, override_reason="Cannot wait")

    assert desk.post("/appointments/", sent).status_code == 403
    response = Api(clinic.practitioner.user).post("/appointments/", sent)
    assert (response.status_code, response.json()["overbooked"]) == (201, True)


def test_nobody_elses_location_can_be_booked_or_seen(clinic: Clinic) -> None:
    appointment = clinic.book("10:00")
    elsewhere = factories.make_location()
    stranger = Api(factories.make_user((elsewhere, Role.FRONT_DESK)))

    refusal = stranger.post("/appointments/", body(clinic))
    assert (refusal.status_code, errors(refusal)["location"]) == (400, "does_not_exist")
    for method, path, sent in (
        ("GET", "", ""),
        ("PATCH", "", {"note": "x"}),
        ("POST", "cancel/", {"reason": "other"}),
        ("POST", "undo/", {}),
    ):
        assert stranger.ask(method, f"/appointments/{appointment.pk}/{path}", sent).status_code == 404
    assert stranger.get("/appointments/").json()["results"] == []


def test_an_assistant_sees_visits_and_books_none(clinic: Clinic) -> None:
    assistant = Api(factories.make_user((clinic.location, Role.ASSISTANT)))
    clinic.book("10:00")

    assert len(assistant.get("/appointments/").json()["results"]) == 1
    assert assistant.post("/appointments/", body(clinic)).status_code == 403


def test_a_list_is_filtered_by_what_the_desk_asks_for(clinic: Clinic, desk: Api) -> None:
    madrid = factories.make_location(timezone=factories.MADRID, hours=("00:00", "23:59"))
    factories.Membership.objects.create(user=clinic.desk, location=madrid, role=Role.FRONT_DESK)
    colleague = factories.make_practitioner(madrid)
    first = clinic.book("10:00", session=clinic.sessions[0])
    second = clinic.book("11:00", date(2026, 3, 10))
    appointment_cancel(appointment_id=second.pk, by=None, reason="patient")
    night = clinic.book(
        starts_at=factories.local(madrid, date(2026, 3, 10), "00:30"), location=madrid, practitioner=colleague
    )
    desk = Api(clinic.desk)

    def found(query: str) -> list[str]:
        return [row["id"] for row in desk.get(f"/appointments/?{query}").json()["results"]]

    one, two, three = str(first.pk), str(second.pk), str(night.pk)
    assert found("") == [one, three, two]
    assert found("ordering=-starts_at") == [two, three, one]
    assert found(f"location={madrid.pk}") == [three]
    assert found(f"practitioner={clinic.practitioner.pk}") == [one, two]
    assert found(f"patient={clinic.patient.pk}&status=booked,confirmed") == [one, three]
    assert found("kind=consultation") == [three, two]
    assert found(f"session={clinic.sessions[0].pk}") == [one]
    assert found("date=2026-03-10") == [three, two]
    assert found("date=2026-03-09") == [one]
    assert found("starts_after=2026-03-10T00:00:00-04:00") == [two]
    assert found("starts_before=2026-03-09T10:00:00-04:00") == []
    assert desk.get("/appointments/?date=tomorrow").status_code == 400
    assert desk.get("/appointments/?colour=blue").status_code == 400


def test_a_list_costs_the_same_at_any_length(clinic: Clinic, desk: Api) -> None:
    follow_up = clinic.follow_ups[0]
    clinic.book("10:00", session=clinic.sessions[0])
    clinic.book("10:00", follow_up.target_date, follow_up=follow_up)
    with CaptureQueriesContext(connection) as short:
        assert len(desk.get("/appointments/").json()["results"]) == 2
    for hour in range(11, 17):
        clinic.book(f"{hour}:00", consultation_for=clinic.another_patient())
    with CaptureQueriesContext(connection) as long:
        assert len(desk.get("/appointments/").json()["results"]) == 8

    assert len(long) == len(short) <= 4


def test_visits_of_a_plan_on_hold_and_before_a_moved_window_want_rebooking(clinic: Clinic, desk: Api) -> None:
    first, second = clinic.sessions[:2]
    clinic.book("10:00", second.window_start, session=second)

    def rebook() -> list[str | None]:
        (row,) = desk.get("/appointments/").json()["results"]
        wanted, others = (desk.get(f"/appointments/?rebook={asked}").json()["results"] for asked in ("true", "false"))
        assert (wanted, others) == (([row], []) if row["rebook"] else ([], [row]))
        return [row["rebook"]]

    assert rebook() == [None]
    type(second).objects.filter(pk=second.pk).update(window_start=second.window_start + timedelta(days=1))
    assert str(rebook()[0]).startswith("Too early now: the window opens on ")
    type(second).objects.filter(pk=second.pk).update(window_start=second.window_start)
    assert rebook() == [None]
    factories.perform(first, clinic.practitioner)
    plan_hold(plan_id=clinic.plan.pk, reason="Travelling")
    assert rebook() == ["The plan is on hold."]
