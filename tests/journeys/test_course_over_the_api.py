"""The main job over the API, with nothing but what the API returns: from registration to a complete plan."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from clinic import clock
from clinic.access.roles import Role
from clinic.people.models import Practitioner
from tests import factories

pytestmark = pytest.mark.django_db

PRP_RECORD = {
    "blood_drawn_ml": 30,
    "anticoagulant": "acd_a",
    "spins": [{"rcf_g": 300, "minutes": 10}],
    "yield_ml": 6,
    "leukocytes": "poor",
    "activation": "none",
    "injected_ml": 5,
    "area_cm2": 80,
}


class Caller:
    """A signed-in person who speaks JSON and expects a status."""

    def __init__(self, email: str) -> None:
        self.client = APIClient()
        token = self.post("/auth/token/", {"email": email, "password": factories.PASSWORD}, 200)["token"]
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        response = self.client.get(f"/api/v1{path}", params)
        assert response.status_code == status, response.content
        return response.json()

    def post(self, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
        response = self.client.post(f"/api/v1{path}", body or {}, format="json")
        assert response.status_code == status, response.content
        return response.json() if response.content else None


@pytest.fixture
def location():
    factories.make_documents()
    return factories.make_location("Linden House")


@pytest.fixture
def practitioner(location):
    return Caller(factories.make_practitioner(location).user.email)


@pytest.fixture
def desk(location):
    return Caller(factories.make_user((location, Role.FRONT_DESK)).email)


def consult(practitioner: Caller, patient: str, location: str) -> dict[str, Any]:
    items = practitioner.get("/screening-items/", page_size=200)["results"]
    return practitioner.post(
        "/consultations/",
        {
            "patient": patient,
            "practitioner": practitioner.get("/me/")["practitioner"],
            "location": location,
            "occurred_at": (clock.now() - timedelta(minutes=20)).isoformat(),
            "causes": [{"icd10": "L64.9", "factor": "genetic", "is_primary": True}],
            "severity": {"scale": "norwood_hamilton", "value": "III"},
            "goals": "Keep the hairline.",
            "screening": {item["code"]: item["unremarkable"] for item in items},
            "candidacy": "candidate",
        },
        201,
    )


def test_a_patient_goes_through_the_whole_course(practitioner, desk, location):
    place = desk.get("/locations/")["results"][0]["id"]
    today = clock.today(location.zone)
    patient = desk.post(
        "/patients/",
        {
            "first_name": "Zoë 🌱",
            "last_name": "عبد الله",
            "date_of_birth": "1990-02-28",
            "sex": "female",
            "home_location": place,
            "email": "zoe@example.com",
        },
        201,
    )
    consultation = consult(practitioner, patient["id"], place)
    assert consultation["status"] == "draft"
    assert practitioner.post(f"/consultations/{consultation['id']}/sign/")["status"] == "signed"

    plan = practitioner.post(
        "/plans/",
        {
            "consultation": consultation["id"],
            "protocol": "prp",
            "lead_practitioner": practitioner.get("/me/")["practitioner"],
            "start_date": today.isoformat(),
        },
        201,
    )
    assert (plan["status"], len(plan["sessions"]), len(plan["follow_ups"])) == ("draft", 3, 3)
    assert {session["status"] for session in plan["sessions"]} == {"planned"}
    assert plan["sessions"][0]["components"][0]["modality"] == "prp"
    path = f"/plans/{plan['id']}"
    assert practitioner.post(f"{path}/propose/")["status"] == "proposed"
    documents = practitioner.get("/consent-documents/")["results"]
    version = next(document["version"] for document in documents if document["modality"] == "prp")
    accepted = practitioner.post(
        f"{path}/accept/",
        {
            "accepted_on": today.isoformat(),
            "consents": [{"modality": "prp", "document_version": version, "signed_name": "Zoë"}],
        },
    )
    assert accepted["status"] == "accepted"

    first = plan["sessions"][0]["id"]
    slots = desk.get("/slots/", session=first)["results"]
    booked = desk.post(
        "/appointments/",
        {
            "location": place,
            "practitioner": slots[0]["practitioner"],
            "starts_at": slots[0]["starts_at"],
            "session": first,
        },
        201,
    )
    assert {message["kind"] for message in booked["messages"]} >= {"confirmation", "reminder"}
    assert practitioner.get(f"/sessions/{first}/")["status"] == "scheduled"
    later = next(slot for slot in slots if slot["starts_at"] > slots[0]["ends_at"])
    visit = f"/appointments/{booked['id']}"
    desk.post(f"{visit}/confirm/")
    moved = desk.post(f"{visit}/reschedule/", {"starts_at": later["starts_at"]})
    assert (moved["status"], moved["revision"]) == ("booked", 2)
    assert desk.post(f"{visit}/arrive/")["status"] == "arrived"

    practitioner.post(f"/sessions/{first}/start/")
    assert desk.post(f"{visit}/fulfil/", status=409)["errors"][0]["code"]
    performed = practitioner.post(
        f"/sessions/{first}/perform/",
        {
            "performed_at": clock.now().isoformat(),
            "components": [{"modality": "prp", "record": PRP_RECORD, "lots": []}],
            "zones": ["vertex"],
        },
    )
    assert performed["status"] == "performed"
    assert performed["components"][0]["record"]["injected_ml"] == 5
    assert performed["warnings"] == []
    assert desk.get(f"{visit}/")["status"] == "fulfilled"
    assert practitioner.get(f"{path}/")["status"] == "active"
    assert practitioner.post(f"/sessions/{first}/sign/")["status"] == "signed"

    for session in plan["sessions"][1:]:
        practitioner.post(f"/sessions/{session['id']}/start/")
        practitioner.post(
            f"/sessions/{session['id']}/perform/",
            {
                "performed_at": clock.now().isoformat(),
                "components": [{"modality": "prp", "record": PRP_RECORD}],
                "zones": [],
            },
        )
    refused = practitioner.post(f"{path}/complete/", status=409)
    assert refused["errors"][0]["code"] == "obligations_open"
    for follow_up in plan["follow_ups"]:
        assert desk.post(f"/follow-ups/{follow_up['id']}/attend/")["state"] == "attended"
    assert practitioner.post(f"{path}/complete/")["status"] == "completed"
    statuses = [session["status"] for session in practitioner.get(f"{path}/")["sessions"]]
    assert statuses == ["signed", "performed", "performed", "cancelled"]


def test_an_unusual_dose_is_kept_with_a_warning(practitioner, location):
    patient = factories.make_patient(location)
    mine = practitioner.get("/me/")["practitioner"]
    plan = factories.make_plan(patient, Practitioner.objects.get(pk=mine))
    session = plan.sessions.get(sequence=1)
    practitioner.post(f"/sessions/{session.pk}/start/")
    body = {
        "performed_at": clock.now().isoformat(),
        "components": [{"modality": "prp", "record": {**PRP_RECORD, "blood_drawn_ml": 90}}],
        "zones": ["vertex"],
    }
    performed = practitioner.post(f"/sessions/{session.pk}/perform/", body)
    (warning,) = performed["warnings"]
    assert warning["attr"] == "components.0.record.blood_drawn_ml"
    assert "10–60 mL" in warning["detail"]


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"injected_ml": 7}, "components.0.record.injected_ml"),
        ({"yield_ml": 30}, "components.0.record.yield_ml"),
        ({"blood_drawn_ml": 181}, "components.0.record.blood_drawn_ml"),
        ({"blood_drawn_ml": "much"}, "components.0.record.blood_drawn_ml"),
        ({"anticoagulant": "heparin"}, "components.0.record.anticoagulant"),
        ({"spins": [{"rcf_g": 40, "minutes": 10}]}, "components.0.record.spins.0.rcf_g"),
        ({"spins": [{"rcf_g": 400, "minutes": 10}] * 3}, "components.0.record.spins"),
    ],
)
def test_a_record_that_cannot_be_is_refused_at_its_field(practitioner, location, change, attr):
    mine = practitioner.get("/me/")["practitioner"]
    session = factories.make_plan(factories.make_patient(location), Practitioner.objects.get(pk=mine)).sessions.get(
        sequence=1
    )
    practitioner.post(f"/sessions/{session.pk}/start/")
    refused = practitioner.post(
        f"/sessions/{session.pk}/perform/",
        {
            "performed_at": clock.now().isoformat(),
            "components": [{"modality": "prp", "record": {**PRP_RECORD, **change}}],
            "zones": ["vertex"],
        },
        400,
    )
    assert [error["attr"] for error in refused["errors"]] == [attr]
    session.refresh_from_db()
    assert session.status == "in_progress"
    assert not hasattr(session.components.get(), "prp")
