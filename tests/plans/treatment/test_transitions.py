"""Any sequence of acts on a plan and its first session: each is legal and happens, or changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import clock
from clinic.errors import Conflict, InvalidTransition
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_decline,
    plan_discontinue,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_sign,
    session_start,
)
from tests import factories

pytestmark = pytest.mark.django_db

WHY = "because"
PLAN_ACTS: dict[str, tuple[frozenset[str], set[str]]] = {
    # act: (allowed from, the states it can lead to)
    "propose": (TreatmentPlan.MAY_PROPOSE, {"proposed"}),
    "accept": (TreatmentPlan.MAY_ACCEPT, {"accepted"}),
    "decline": (TreatmentPlan.MAY_DECLINE, {"declined"}),
    "hold": (TreatmentPlan.MAY_HOLD, {"on_hold"}),
    "resume": (TreatmentPlan.MAY_RESUME, {"active"}),
    "revise": (TreatmentPlan.MAY_REVISE, {"draft", "accepted", "active", "on_hold"}),
    "discontinue": (TreatmentPlan.MAY_DISCONTINUE, {"discontinued"}),
    "complete": (TreatmentPlan.MAY_COMPLETE, {"completed"}),
}
SESSION_ACTS: dict[str, tuple[frozenset[str], str]] = {
    "start": (ProcedureSession.MAY_START, "in_progress"),
    "perform": (ProcedureSession.MAY_PERFORM, "performed"),
    "abort": (ProcedureSession.MAY_ABORT, "aborted"),
    "cancel": (ProcedureSession.MAY_CANCEL, "cancelled"),
    "sign": (ProcedureSession.MAY_SIGN, "signed"),
    "amend": (ProcedureSession.MAY_AMEND, "amended"),
}


@pytest.fixture
def practitioner():
    return factories.make_practitioner(factories.make_location())


def acts(plan: TreatmentPlan, session: ProcedureSession, by: Any) -> dict[str, Callable[[], Any]]:
    consents = [ConsentInput("prp", factories.make_documents()["prp"].version_label, "Mock")]
    today = clock.today(plan.location.zone)
    return {
        "propose": lambda: plan_propose(plan_id=plan.pk),
        "accept": lambda: plan_accept(plan_id=plan.pk, by=by, accepted_on=today, consents=consents),
        "decline": lambda: plan_decline(plan_id=plan.pk),
        "hold": lambda: plan_hold(plan_id=plan.pk, reason=WHY),
        "resume": lambda: plan_resume(plan_id=plan.pk),
        "revise": lambda: plan_revise(plan_id=plan.pk, by=by, reason=WHY),
        "discontinue": lambda: plan_discontinue(plan_id=plan.pk, by=by, reason=WHY),
        "complete": lambda: plan_complete(plan_id=plan.pk, by=by),
        "start": lambda: session_start(session_id=session.pk, by=by),
        "perform": lambda: session_perform(
            session_id=session.pk,
            by=by,
            performed_at=clock.now(),
            components=factories.components_of(session),
            zones=[],
        ),
        "abort": lambda: session_abort(session_id=session.pk, by=by, reason=WHY),
        "cancel": lambda: session_cancel(session_id=session.pk, by=by, reason=WHY),
        "sign": lambda: session_sign(session_id=session.pk, by=by),
        "amend": lambda: session_amend(session_id=session.pk, by=by, reason=WHY, changes={"pain_0_10": 3}),
    }


def picture(plan: TreatmentPlan) -> list[Any]:
    """Everything an act may change, with versions."""
    return [
        list(TreatmentPlan.objects.filter(pk=plan.pk).values_list("status", "version", "revision")),
        list(plan.sessions.order_by("pk").values_list("pk", "status", "version")),
        list(plan.follow_ups.order_by("pk").values_list("pk", "version")),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from([*PLAN_ACTS, *SESSION_ACTS]), min_size=4, max_size=14))
def test_an_act_is_legal_and_happens_or_is_refused_and_changes_nothing(practitioner, names):
    patient = factories.make_patient(practitioner.user.memberships.get().location)
    plan = factories.make_plan(patient, practitioner, protocol="prp", status="draft")
    session = plan.sessions.get(sequence=1)
    by = practitioner.user
    for name in ["propose", "accept", *names]:
        plan.refresh_from_db()
        session.refresh_from_db()
        before = picture(plan)
        status = plan.status if name in PLAN_ACTS else session.status
        allowed = (PLAN_ACTS | SESSION_ACTS)[name][0]
        refused: Conflict | None = None
        try:
            acts(plan, session, by)[name]()
        except Conflict as refusal:
            refused = refusal
        if refused is not None:
            assert picture(plan) == before
        if refused is None:
            assert status in allowed
            plan.refresh_from_db()
            session.refresh_from_db()
            reached = plan.status if name in PLAN_ACTS else session.status
            assert reached in (PLAN_ACTS[name][1] if name in PLAN_ACTS else {SESSION_ACTS[name][1]})
        elif not isinstance(refused, InvalidTransition):
            assert status in allowed
            assert refused.code in {"obligations_open", "session_in_progress"}
        elif status in allowed:  # then it was the plan that did not let the session begin
            assert (name, plan.status in TreatmentPlan.MAY_BOOK) == ("start", False)
        else:
            assert (refused.extra["state"], refused.extra["allowed"]) == (status, sorted(allowed))
