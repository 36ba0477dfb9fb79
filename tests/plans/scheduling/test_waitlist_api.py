"""The waitlist over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.access.roles import Role
from plans.scheduling.models import Appointment, WaitlistEntry
from tests import factories
from tests.api import Api, errors
from tests.plans.scheduling.conftest import Clinic


@pytest.fixture
def desk(clinic: Clinic) -> Api:
    return Api(clinic.desk)


def add(desk: Api, **body: Any) -> dict[str, Any]:
    response = desk.post("/waitlist/", body)
    assert response.status_code == 201, response.json()
    found: dict[str, Any] = response.json()
    return found


def test_from_the_list_to_a_booked_visit(clinic: Clinic, desk: Api) -> None:
    session = clinic.sessions[0]
    entry = add(desk, session=session.pk, weekdays=[1], time_until="12:00", is_urgent=True, note="Wedding in May")
    assert (entry["status"], entry["title"], entry["weekdays"], entry["time_until"]) == (
        "waiting",
        session.title,
        [1],
        "12:00:00",
    )
    path = f"/waitlist/{entry['id']}"
    assert desk.patch(f"{path}/", {"weekdays": [1, 2]}).json()["weekdays"] == [1, 2]
    time = {"starts_at": "2026-03-09T10:00:00-04:00", "practitioner": clinic.practitioner.pk}
    offered = desk.post(f"{path}/offer/", time).json()
    assert (offered["status"], offered["offered_starts_at"]) == ("offered", "2026-03-09T10:00:00-04:00")
    assert desk.post(f"{path}/decline/", {"keep_waiting": True}).json()["status"] == "waiting"
    desk.post(f"{path}/offer/", time)
    booked = desk.post(f"{path}/accept/").json()
    assert (booked["status"], booked["appointment"]) == ("booked", str(Appointment.objects.get().pk))
    again = desk.post(f"{path}/accept/")
    assert (again.status_code, errors(again)) == (409, {None: "invalid_transition"})


def test_the_loser_of_a_time_is_told_of_others(clinic: Clinic, desk: Api) -> None:
    entries = [add(desk, patient=clinic.another_patient().pk) for _ in range(2)]
    time = {"starts_at": "2026-03-09T10:00:00-04:00", "practitioner": clinic.practitioner.pk}
    won, lost = (desk.post(f"/waitlist/{entry['id']}/accept/", time) for entry in entries)
    assert (won.status_code, lost.status_code) == (200, 409)
    assert errors(lost) == {"starts_at": "slot_taken"}
    assert lost.json()["extra"]["alternatives"]
    assert desk.get("/waitlist/?waits=true").json()["results"][0]["id"] == entries[1]["id"]


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "non_field_errors", "required"),
        ({"patient": "{patient}", "session": "{session}"}, "non_field_errors", "required"),
        ({"session": "01890000-0000-7000-8000-000000000000"}, "session", "does_not_exist"),
        ({"patient": "{patient}", "weekdays": [0]}, "weekdays.0", "min_value"),
        ({"patient": "{patient}", "weekdays": "Monday"}, "weekdays", "not_a_list"),
        ({"patient": "{patient}", "earliest": "9 March"}, "earliest", "invalid"),
        ({"patient": "{patient}", "latest": "2026-03-01"}, "latest", "invalid"),
        ({"patient": "{patient}", "time_from": "9 o'clock"}, "time_from", "invalid"),
        ({"patient": "{patient}", "is_urgent": "very"}, "is_urgent", "invalid"),
        ({"session": "{session}", "location": "{elsewhere}"}, "location", "does_not_exist"),
    ],
)
def test_a_wrong_body_names_its_field(clinic: Clinic, desk: Api, body: dict[str, Any], attr: str, code: str) -> None:
    known = {
        "{patient}": clinic.patient.pk,
        "{session}": clinic.sessions[0].pk,
        "{elsewhere}": factories.make_location().pk,
    }
    response = desk.post("/waitlist/", {name: known.get(str(value), value) for name, value in body.items()})
    assert response.status_code == 400
    assert errors(response) == {attr: code}
    assert not WaitlistEntry.objects.exists()


def test_the_list_is_filtered_and_costs_the_same_for_many(clinic: Clinic, desk: Api) -> None:
    add(desk, session=clinic.sessions[0].pk)
    add(desk, follow_up=clinic.follow_ups[0].pk)

    def found(query: str) -> list[str]:
        response = desk.get(f"/waitlist/?{query}")
        assert response.status_code == 200, response.json()
        return [entry["kind"] for entry in response.json()["results"]]

    assert found("kind=session") == ["session"]
    assert found(f"patient={clinic.patient.pk}&status=waiting,offered") == ["session", "follow_up"]
    assert found("status=booked") == []
    assert found(f"location={clinic.location.pk}&waits=false") == []
    with CaptureQueriesContext(connection) as two:
        found("")
    for _ in range(4):
        add(desk, patient=clinic.another_patient().pk)
    with CaptureQueriesContext(connection) as six:
        assert len(found("")) == 6
    assert len(six) == len(two)


def test_who_only_looks_on_changes_nothing(clinic: Clinic, desk: Api) -> None:
    entry = add(desk, patient=clinic.patient.pk)
    assistant = Api(factories.make_user((clinic.location, Role.ASSISTANT)))
    assert assistant.get("/waitlist/").json()["results"][0]["id"] == entry["id"]
    assert assistant.post(f"/waitlist/{entry['id']}/withdraw/").status_code == 403
    assert assistant.post("/waitlist/", {"session": clinic.sessions[0].pk}).status_code == 403
    assert WaitlistEntry.objects.get().status == "waiting"
