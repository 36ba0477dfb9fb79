"""A plan's states: which transitions are legal from each, and what the others answer."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from clinic import clock
from clinic.errors import InvalidTransition
from clinic.places.wallclock import local_date
from plans.followups.services import follow_up_cancel
from plans.treatment.models import TreatmentPlan
from plans.treatment.services import (
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
    session_cancel,
    session_start,
)
from tests import factories
from tests.plans.treatment.owed import owed

pytestmark = pytest.mark.django_db


ACTS = {
    "propose": lambda plan: plan_propose(plan_id=plan.pk),
    "accept": lambda plan: plan_accept(
        plan_id=plan.pk, by=None, accepted_on=clock.today(plan.location.zone), consents=[]
    ),
    "decline": lambda plan: plan_decline(plan_id=plan.pk),
    "edit": lambda plan: plan_edit(plan_id=plan.pk, changes={}),
    "hold": lambda plan: plan_hold(plan_id=plan.pk, reason="because"),
    "resume": lambda plan: plan_resume(plan_id=plan.pk),
    "revise": lambda plan: plan_revise(plan_id=plan.pk, by=None, reason="because"),
    "discontinue": lambda plan: plan_discontinue(plan_id=plan.pk, by=None, reason="because"),
    "complete": lambda plan: plan_complete(plan_id=plan.pk, by=None),
}
LEGAL = {
    "draft": {"propose", "edit"},
    "proposed": {"accept", "decline", "revise"},
    "accepted": {"revise", "discontinue"},
    "active": {"hold", "revise", "complete", "discontinue"},
    "on_hold": {"resume", "revise", "discontinue"},
    "completed": set(),
    "declined": set(),
    "discontinued": set(),
}


def plan_in(status: str, patient, practitioner) -> TreatmentPlan:
    plan = factories.make_plan(patient, practitioner, status=status if status in ("draft", "proposed") else "proposed")
    if status in ("draft", "proposed"):
        return plan
    if status == "declined":
        return plan_decline(plan_id=plan.pk)
    plan = plan_accept(
        plan_id=plan.pk,
        by=None,
        accepted_on=clock.today(plan.location.zone),
        consents=[ConsentInput("prp", factories.make_documents()["prp"].version_label, "Mock")],
    )
    if status in ("active", "on_hold", "completed"):
        factories.perform(owed(plan)[0], practitioner)
    if status == "on_hold":
        return plan_hold(plan_id=plan.pk, reason="because")
    if status == "discontinued":
        return plan_discontinue(plan_id=plan.pk, by=None, reason="because")
    if status == "completed":
        for session in owed(plan):
            session_cancel(session_id=session.pk, by=None, reason="because")
        for follow_up in plan.follow_ups.all():
            follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="because")
        return plan_complete(plan_id=plan.pk, by=None)
    plan.refresh_from_db()
    return plan


@pytest.mark.parametrize("status", LEGAL)
def test_each_illegal_transition_is_refused_and_names_what_is_allowed(status, patient, practitioner):
    plan = plan_in(status, patient, practitioner)
    version = TreatmentPlan.objects.get(pk=plan.pk).version
    for name in ACTS.keys() - LEGAL[status]:
        with pytest.raises(InvalidTransition) as refused:
            ACTS[name](plan)
        assert refused.value.extra["state"] == status
        assert status not in refused.value.extra["allowed"]
    assert TreatmentPlan.objects.get(pk=plan.pk).version == version


@pytest.mark.parametrize(
    ("status", "act"),
    [(status, act) for status, acts in LEGAL.items() for act in sorted(acts - {"accept", "complete"})],
)
def test_each_legal_transition_happens(status, act, patient, practitioner):
    plan = plan_in(status, patient, practitioner)
    ACTS[act](plan)
    assert TreatmentPlan.objects.get(pk=plan.pk).version > plan.version


def test_the_first_start_makes_the_plan_active(plan, practitioner):
    session_start(session_id=owed(plan)[0].pk, by=practitioner.user)
    plan.refresh_from_db()
    assert plan.status == "active"


def test_the_database_refuses_a_status_without_its_timestamp(plan):
    with pytest.raises(IntegrityError), transaction.atomic():
        TreatmentPlan.objects.filter(pk=plan.pk).update(status="completed")


def test_resuming_after_a_long_hold_owes_the_next_session_from_that_day(plan, practitioner, location):
    factories.perform(owed(plan)[0], practitioner)
    plan_hold(plan_id=plan.pk, reason="A long journey.")
    later = clock.now() + timedelta(days=120)
    with clock.moved_to(later):
        plan_resume(plan_id=plan.pk)
    second, third = owed(plan)
    assert second.target_date == local_date(later, location.zone)
    assert third.target_date == second.target_date + timedelta(28)
