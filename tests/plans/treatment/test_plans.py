"""How a plan is made and accepted, and the history that it keeps."""

from datetime import date

import pytest
from django.db import ProgrammingError, transaction

from clinic import clock
from clinic.audit.history import Actor, acting
from clinic.errors import Conflict, GateBlocked, Invalid
from plans.protocols.models import Protocol
from plans.treatment.models import TreatmentPlan
from plans.treatment.services import ConsentInput, plan_accept, plan_create, plan_hold
from tests import factories
from tests.plans.treatment.owed import owed

pytestmark = pytest.mark.django_db


def test_a_plan_holds_the_sessions_and_follow_ups_of_its_protocol(plan):
    titles = [session.title for session in plan.sessions.order_by("sequence")]
    assert titles == ["Session 1 of 3 · PRP", "Session 2 of 3 · PRP", "Session 3 of 3 · PRP"]
    assert [row.title for row in plan.follow_ups.order_by("target_date")] == [
        "3-month review",
        "6-month review",
        "12-month review",
    ]


def test_a_plan_needs_a_signed_consultation(patient, practitioner):
    draft = factories.make_consultation(patient, practitioner, signed=False)
    with pytest.raises(Conflict) as refused:
        factories.make_plan(patient, practitioner, consultation=draft)
    assert refused.value.code == "consultation_not_signed"
    assert not TreatmentPlan.objects.exists()


def test_a_plan_needs_a_candidate(patient, practitioner):
    consultation = factories.make_consultation(patient, practitioner, candidacy="deferred")
    with pytest.raises(Conflict) as refused:
        factories.make_plan(patient, practitioner, consultation=consultation)
    assert refused.value.code == "not_a_candidate"


def test_a_practitioner_without_the_qualification_cannot_lead(patient, practitioner, location):
    unqualified = factories.make_practitioner(location, modalities=["microneedling"])
    with pytest.raises(Invalid) as refused:
        plan_create(
            by=None,
            consultation=factories.make_consultation(patient, practitioner),
            protocol=Protocol.objects.get(code="prp"),
            lead_practitioner=unqualified,
            start_date=clock.today(location.zone),
        )
    assert (refused.value.code, refused.value.attr) == ("not_qualified", "lead_practitioner")


@pytest.mark.parametrize("start", [date(1970, 1, 1), date(2126, 1, 1)])
def test_a_start_date_that_cannot_be_is_refused(patient, practitioner, start):
    with pytest.raises(Invalid) as refused:
        factories.make_plan(patient, practitioner, start_date=start)
    assert refused.value.attr == "start_date"


def test_acceptance_needs_a_consent_for_each_modality(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, protocol="prp-microneedling", status="proposed")
    version = factories.make_documents()["prp"].version_label
    with pytest.raises(GateBlocked) as refused:
        plan_accept(
            plan_id=plan.pk,
            by=None,
            accepted_on=clock.today(plan.location.zone),
            consents=[ConsentInput("prp", version, "Mock Patient")],
        )
    assert [gate["modality"] for gate in refused.value.extra["gates"]] == ["microneedling"]
    plan.refresh_from_db()
    assert plan.status == "proposed"
    assert not patient.consents.exists()


def test_acceptance_keeps_the_expectation_as_it_was_shown(plan):
    assert plan.expectation_as_shown == plan.protocol.expectation != ""


def test_the_history_says_who_and_why(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    with acting(Actor("api", lambda: str(practitioner.user.pk))):
        plan_hold(plan_id=plan.pk, reason="A holiday.")
    event = TreatmentPlan.pgh_event_models["update"].objects.order_by("-pgh_id").first()
    assert event.status == "on_hold"
    assert event.pgh_context.metadata == {
        "channel": "api",
        "user": str(practitioner.user.pk),
        "reason": "A holiday.",
    }


def test_history_cannot_be_changed(plan):
    events = TreatmentPlan.pgh_event_models["insert"].objects
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        events.update(status="completed")


def test_acceptance_does_not_come_before_the_consultation(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, status="proposed")
    with pytest.raises(Invalid) as refused:
        plan_accept(plan_id=plan.pk, by=None, accepted_on=date(2020, 1, 1), consents=[])
    assert refused.value.attr == "accepted_on"
