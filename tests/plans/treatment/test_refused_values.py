"""A value that cannot be is refused in the same words by the API, the console and the service."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clinic import clock
from clinic.access.roles import Role
from clinic.audit.history import recorded
from clinic.errors import Invalid
from plans.treatment.models import ProcedureSession
from plans.treatment.services import ComponentInput, session_start
from plans.treatment.services.charting import components_chart
from tests.api import Api
from tests.console import House, words
from tests.factories import RECORDS, make_patient, make_plan

FORMS = {
    "prp": {
        "blood_drawn_ml": "30",
        "anticoagulant": "acd_a",
        "yield_ml": "6",
        "leukocytes": "poor",
        "activation": "none",
        "injected_ml": "5",
    },
    "microneedling": {"device": "pen", "needle_length_mm": "1.0", "passes": "6", "endpoint": "erythema"},
}
REFUSED = [
    ("prp", "blood_drawn_ml", 200, "max_value", "Blood drawn: 200 mL is not possible; allowed is 5–180 mL."),
    ("prp", "blood_drawn_ml", "4.99", "min_value", "Blood drawn: 4.99 mL is not possible; allowed is 5–180 mL."),
    ("prp", "blood_drawn_ml", 9999, "max_whole_digits", "Blood drawn: 9,999 mL is not possible; allowed is 5–180 mL."),
    (
        "prp",
        "injected_ml",
        "1.125",
        "max_decimal_places",
        "Injected: 1.125 mL is not possible; allowed is 0.5–20 mL, a number with at most 2 decimals.",
    ),
    ("prp", "points", 501, "max_value", "Injection points: 501 points is not possible; allowed is 1–500 points."),
    ("prp", "needle_gauge", 40, "max_value", "Needle: 40 G is not possible; allowed is 18–34 G."),
    (
        "prp",
        "baseline_platelets_10e3_per_ul",
        9,
        "min_value",
        "Baseline platelets: 9 ×10³/µL is not possible; allowed is 10–1,500 ×10³/µL.",
    ),
    ("microneedling", "needle_length_mm", 9, "max_value", "Needle length: 9 mm is not possible; allowed is 0.2–3 mm."),
]


@pytest.fixture
def house(db: None, frozen: Any) -> House:
    return House()


def started(house: House, modality: str) -> ProcedureSession:
    plan = make_plan(
        make_patient(house.location),
        house.practitioner,
        protocol=modality,
        status="accepted",
        start_date=date(2026, 3, 2),
    )
    return session_start(session_id=plan.sessions.get(sequence=1).pk, by=house.practitioner.user)


def perform(house: House, session: ProcedureSession, modality: str, record: dict[str, Any], **more: Any) -> Any:
    body = {
        "performed_at": clock.now().isoformat(),
        "zones": ["vertex"],
        "components": [{"modality": modality, "record": {"spins": []} | record if modality == "prp" else record}],
    } | more
    return Api(house.practitioner.user).post(f"/sessions/{session.pk}/perform/", body)


@pytest.mark.parametrize(("modality", "field", "value", "code", "says"), REFUSED)
def test_a_hard_range_is_said_alike_in_the_api_the_console_and_the_service(house, modality, field, value, code, says):
    session = started(house, modality)
    attr = f"components.0.record.{field}"

    response = perform(house, session, modality, FORMS[modality] | {field: value})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"code": code, "detail": says, "attr": attr}]

    given = {f"components.0.record.{name}": shown for name, shown in FORMS[modality].items()}
    page = house.act(
        Role.PRACTITIONER,
        session,
        "perform",
        performed_at_day="2026-03-02",
        performed_at_time="09:00",
        zones=["vertex"],
        **given | {attr: str(value)},
    )
    assert f'<p class="c-field__error" role="alert">{says}</p>' in words(page)

    with pytest.raises(Invalid) as refused, recorded():
        components_chart(
            session=session,
            given=[ComponentInput(modality, RECORDS[modality] | {field: Decimal(str(value))})],
            is_complete=False,
        )
    assert (refused.value.attr, refused.value.detail, refused.value.others) == (attr, says, ())
    session.refresh_from_db()
    assert session.status == "in_progress"


@pytest.mark.parametrize(
    ("record", "attr", "code", "says"),
    [
        ({"anticoagulant": "blood"}, "anticoagulant", "invalid_choice",
         "Anticoagulant: “blood” is not possible; allowed is acd_a, sodium_citrate, none, other."),
        ({"anticoagulant": None}, "anticoagulant", "null",
         "Anticoagulant is missing; allowed is acd_a, sodium_citrate, none, other."),
        ({"blood_drawn_ml": "much"}, "blood_drawn_ml", "invalid",
         "Blood drawn: “much” is no number; allowed is 5–180 mL."),
        ({"blood_drawn_ml": None}, "blood_drawn_ml", "null", "Blood drawn is missing; allowed is 5–180 mL."),
        ({"points": 1.5}, "points", "invalid",
         "Injection points: 1.5 points is not possible; allowed is 1–500 points, a whole number."),
        ({"spins": [{"rcf_g": 49, "minutes": 10}]}, "spins.0.rcf_g", "min_value",
         "Force: 49 g is not possible; allowed is 50–3,500 g."),
        ({"spins": [{"rcf_g": 300}]}, "spins.0.minutes", "required", "Time is missing; allowed is 1–30 min."),
    ],
)  # fmt: skip
def test_the_api_names_field_value_and_what_is_allowed(house, record, attr, code, says):
    response = perform(house, started(house, "prp"), "prp", FORMS["prp"] | record)
    assert response.status_code == 400
    assert response.json()["errors"] == [{"code": code, "detail": says, "attr": f"components.0.record.{attr}"}]


def test_pain_and_zones_say_what_they_may_be(house):
    response = perform(house, started(house, "prp"), "prp", FORMS["prp"], pain_0_10=11, zones=["elbow"])
    found = {error["attr"]: error["detail"] for error in response.json()["errors"]}
    assert found["pain_0_10"] == "Pain: 11 is not possible; allowed is 0–10."
    assert found["zones.0"].startswith("Zones: “elbow” is not possible; allowed is frontal, midscalp, vertex")


def test_the_limit_of_a_harvest_depends_on_its_source(house):
    session = started(house, "adipose-svf")
    marrow = {"source": "bone_marrow", "method": "marrow_concentrate", "harvest_site": "iliac_crest_left"}
    response = perform(house, session, "stem_cell", {
        **{name: str(value) for name, value in RECORDS["stem_cell"].items()}, **marrow, "harvested_ml": 300,
    })  # fmt: skip
    (error,) = response.json()["errors"]
    assert error["detail"] == "Harvested from marrow: 300 mL is not possible; allowed is 5–250 mL."


def test_a_soft_range_warns_with_the_same_words_and_writes(house):
    response = perform(house, started(house, "prp"), "prp", FORMS["prp"] | {"blood_drawn_ml": 75})
    assert response.status_code == 200
    (warning,) = response.json()["warnings"]
    assert warning["detail"] == "Blood drawn: 75 mL is unusual; usual is 10–60 mL."


def test_what_is_stored_in_liquid_nitrogen_can_be_charted(house):
    session = started(house, "prp")
    component = session.components.get()
    type(component).objects.filter(pk=component.pk).update(modality="exosome")
    record = RECORDS["exosome"] | {"storage_c": Decimal(-196)}
    with recorded():
        components_chart(session=session, given=[ComponentInput("exosome", record)], is_complete=True)
    component.refresh_from_db()
    assert component.exosome.storage_c == Decimal(-196)
