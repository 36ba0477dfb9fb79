from datetime import date
from decimal import Decimal

import pytest

from clinic.access.roles import Role
from patients.models import Consent
from plans.protocols.models import Protocol
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import session_start
from tests.console import House, url, words
from tests.factories import make_consultation, make_documents, make_patient, make_plan, perform

DESK, PRACTITIONER, ASSISTANT = Role.FRONT_DESK, Role.PRACTITIONER, Role.ASSISTANT
START = date(2026, 3, 2)


@pytest.fixture
def house(db, frozen):
    return House()


def plan_of(house, status="accepted", protocol="prp"):
    return make_plan(
        make_patient(house.location), house.practitioner, protocol=protocol, status=status, start_date=START
    )


def started(house, protocol="prp-microneedling"):
    session = plan_of(house, protocol=protocol).sessions.get(sequence=1)
    return session_start(session_id=session.pk, by=house.practitioner.user)


NEEDLING = {
    "components.0.record.device": "pen",
    "components.0.record.needle_length_mm": "1.0",
    "components.0.record.passes": "6",
    "components.0.record.endpoint": "erythema",
}
PRP = {
    "components.1.record.blood_drawn_ml": "30",
    "components.1.record.anticoagulant": "acd_a",
    "components.1.record.yield_ml": "6",
    "components.1.record.leukocytes": "poor",
    "components.1.record.activation": "none",
    "components.1.record.injected_ml": "5",
    "components.1.record.area_cm2": "300",
    "components.1.record.spins.0.rcf_g": "300",
    "components.1.record.spins.0.minutes": "10",
    "components.1.record.drawn_at_day": "2026-03-02",
    "components.1.record.drawn_at_time": "09:00",
}
CHART = {
    "performed_at_day": "2026-03-02",
    "performed_at_time": "09:45",
    "zones": ["vertex", "frontal"],
    "pain_0_10": "2",
    **NEEDLING,
    **PRP,
}


def test_a_plan_is_made_from_a_signed_consultation_and_its_course_is_there(house):
    consultation = make_consultation(make_patient(house.location), house.practitioner)
    response = house.post(
        PRACTITIONER,
        f"/admin/plans/treatmentplan/add/?consultation={consultation.pk}",
        protocol=str(Protocol.objects.get(code="prp").pk),
        lead_practitioner=str(house.practitioner.pk),
        start_date="2026-03-09",
    )
    plan = TreatmentPlan.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(plan))
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "Session 3 of 3 · PRP" in page
    assert "12-month review" in page
    assert "28 days after session 1 (9 March 2026)." in page


def test_a_consultation_that_found_no_candidate_gives_no_plan(house):
    consultation = make_consultation(make_patient(house.location), house.practitioner, candidacy="deferred")
    response = house.post(
        PRACTITIONER,
        f"/admin/plans/treatmentplan/add/?consultation={consultation.pk}",
        protocol=str(Protocol.objects.get(code="prp").pk),
        lead_practitioner=str(house.practitioner.pk),
        start_date="2026-03-09",
    )
    assert response.status_code == 200
    assert "The consultation found: deferred." in words(response)
    assert not TreatmentPlan.objects.exists()


def test_a_draft_is_edited_and_later_it_is_not(house):
    plan = plan_of(house, "draft")
    change = {
        "protocol": str(Protocol.objects.get(code="microneedling").pk),
        "lead_practitioner": str(house.practitioner.pk),
        "start_date": "2026-03-09",
    }
    assert house.post(PRACTITIONER, url(plan), **change).status_code == 303
    assert plan.sessions.count() == 6
    house.act(PRACTITIONER, plan, "propose")
    assert house.post(PRACTITIONER, url(plan), **change).status_code == 403


def test_a_plan_is_proposed_and_accepted_with_a_consent_for_each_treatment(house):
    make_documents()
    plan = plan_of(house, "draft", "prp-microneedling")
    house.act(PRACTITIONER, plan, "propose")
    one = {"accepted_on": "2026-03-02", "signed_name": "Mock Patient", "consent_prp": "on"}
    refused = house.act(PRACTITIONER, plan, "accept", **one)
    assert refused.status_code == 409
    assert "A consent is missing for: Microneedling." in words(refused)
    assert not Consent.objects.exists()
    assert house.act(PRACTITIONER, plan, "accept", **one, consent_microneedling="on").status_code == 303
    plan.refresh_from_db()
    assert plan.status == "accepted"
    assert {consent.signed_name for consent in Consent.objects.all()} == {"Mock Patient"}


def test_without_a_document_in_force_acceptance_says_who_adds_one(house):
    plan = plan_of(house, "proposed")
    response = house.act(PRACTITIONER, plan, "accept", accepted_on="2026-03-02", signed_name="Mock")
    assert "No consent document for PRP is in force; a manager adds one." in words(response)


def test_only_legal_transitions_are_offered(house):
    def offered(status):
        page = house.get(PRACTITIONER, url(plan_of(house, status))).content.decode()
        names = ("propose", "accept", "decline", "hold", "resume", "revise", "complete", "discontinue")
        return {name for name in names if f"/{name}/" in page}

    assert offered("draft") == {"propose"}
    assert offered("proposed") == {"accept", "decline", "revise"}
    assert offered("accepted") == {"revise", "discontinue"}


def test_a_visit_is_offered_for_booking_where_it_can_be_booked(house):
    proposed, accepted = plan_of(house, "proposed"), plan_of(house, "accepted")
    assert "appointment/add/?session=" not in words(house.get(DESK, url(proposed)))
    assert "appointment/add/?session=" in words(house.get(DESK, url(accepted)))


def test_a_session_is_charted_with_its_own_components_and_warnings_are_shown(house):
    session = started(house)
    form = words(house.get(PRACTITIONER, url(session, "perform")))
    assert "Blood drawn, mL" in form
    assert "5–180 mL, usual 10–60" in form
    assert "Needle length, mm" in form
    assert "Particles" not in form
    assert house.act(ASSISTANT, session, "perform", **CHART).status_code == 303
    session.refresh_from_db()
    assert (session.status, session.zones, session.pain_0_10) == ("performed", ["vertex", "frontal"], 2)
    prp = session.components.get(modality="prp").prp
    assert (prp.injected_ml, [spin.rcf_g for spin in prp.spins.all()]) == (Decimal(5), [300])
    assert prp.drawn_at.isoformat() == "2026-03-02T14:00:00+00:00"
    page = words(house.get(PRACTITIONER, url(session)))
    assert "The dose of 0.017 mL/cm² is unusual" in page
    assert "Check-in, day 3" in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"components.1.record.injected_ml": "50"}, "Injected: 50 mL is not possible; allowed is 0.5–20 mL."),
        ({"components.1.record.yield_ml": "30"}, "the yield is less than the draw"),
        ({"components.1.record.blood_drawn_ml": ""}, "Blood drawn is missing; allowed is 5–180 mL."),
        ({"components.1.record.blood_drawn_ml": "much"}, "Blood drawn: “much” is no number; allowed is 5–180 mL."),
        ({"components.1.record.spins.0.minutes": ""}, "Time is missing; allowed is 1–30 min."),
        ({"components.0.record.needle_length_mm": "9"}, "Needle length: 9 mm is not possible; allowed is 0.2–3 mm."),
        ({"performed_at_day": "2026-03-03"}, "this is in the future"),
        ({"performed_at_day": "2026-03-01"}, "That is before the consultation of 2 March 2026."),
        ({"zones": ["elbow"]}, "Zones: “elbow” is not possible; allowed is Frontal"),
        ({"pain_0_10": "11"}, "Pain: 11 is not possible; allowed is 0–10."),
    ],
)
def test_a_value_that_cannot_be_stands_beside_its_field_and_nothing_is_charted(house, changes, says):
    session = started(house)
    response = house.act(PRACTITIONER, session, "perform", **CHART | changes)
    assert response.status_code in {200, 409}
    assert says in words(response)
    session.refresh_from_db()
    assert session.status == "in_progress"
    assert not hasattr(session.components.get(modality="prp"), "prp")


def test_the_last_times_values_stand_beside_the_fields(house):
    plan = plan_of(house)
    first = perform(plan.sessions.get(sequence=1), house.practitioner)
    second = plan.sessions.get(sequence=2)
    session_start(session_id=second.pk, by=house.practitioner.user)
    form = words(house.get(PRACTITIONER, url(second, "perform")))
    assert 'placeholder="last 30"' in form
    assert "Last time ACD-A" in form
    assert first.pk != second.pk


def test_a_session_is_aborted_with_what_was_given_and_owed_again(house):
    session = started(house)
    response = house.act(PRACTITIONER, session, "abort", reason="Fainted", **NEEDLING, **{"given.0": "on"})
    assert response.status_code == 303
    session.refresh_from_db()
    assert (session.status, session.was_anything_given) == ("aborted", True)
    assert session.components.get(modality="microneedling").microneedling.passes == 6
    assert ProcedureSession.objects.get(replaces=session).status == "planned"


def test_a_signed_session_is_amended_with_its_reason(house):
    session = perform(plan_of(house).sessions.get(sequence=1), house.practitioner)
    assert house.act(ASSISTANT, session, "sign").status_code == 403
    house.act(PRACTITIONER, session, "sign")
    form = words(house.get(PRACTITIONER, url(session, "amend")))
    assert 'value="30"' in form
    data = {name.replace(".1.", ".0."): value for name, value in PRP.items()}
    response = house.act(
        PRACTITIONER,
        session,
        "amend",
        reason="Misread",
        performed_at_day="2026-03-02",
        performed_at_time="10:00",
        zones=["vertex"],
        **data | {"components.0.record.injected_ml": "4"},
    )
    assert response.status_code == 303
    session.refresh_from_db()
    assert (session.status, session.components.get().prp.injected_ml) == ("amended", Decimal(4))
    assert "Misread" in words(house.get(PRACTITIONER, url(session)))


def test_a_gate_that_is_closed_says_what_opens_it(house):
    plan = plan_of(house)
    consent = Consent.objects.get(patient=plan.patient)
    house.act(PRACTITIONER, consent, "withdraw", reason="Changed their mind")
    session = plan.sessions.get(sequence=1)
    page = words(house.get(PRACTITIONER, url(session)))
    assert "Consent for PRP is missing: the patient signs it" in page
    refused = house.act(PRACTITIONER, session, "start")
    assert refused.status_code == 409
    assert "The patient signs the consent for PRP." in words(refused)


def test_a_hold_and_a_revision_go_through_their_dialogs(house):
    plan = plan_of(house)
    perform(plan.sessions.get(sequence=1), house.practitioner)
    house.act(PRACTITIONER, plan, "hold", reason="Travel")
    house.act(PRACTITIONER, plan, "resume")
    protocol = Protocol.objects.get(code="prp-microneedling")
    house.act(PRACTITIONER, plan, "revise", reason="Wider", protocol=str(protocol.pk))
    plan.refresh_from_db()
    assert (plan.status, plan.revision, plan.protocol) == ("active", 2, protocol)
    page = words(house.get(PRACTITIONER, url(plan)))
    assert "Microneedling: not signed" in page
    assert "Wider" in page
    assert "Wider" not in words(house.get(DESK, url(plan)))
