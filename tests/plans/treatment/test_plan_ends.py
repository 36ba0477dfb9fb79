"""How a plan ends: completed or discontinued, what is closed with it, and what maintenance follows."""

from datetime import timedelta

import pytest
import time_machine

from clinic import clock
from clinic.errors import Conflict
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import with_state
from plans.followups.services import check_in_answer, follow_up_cancel
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.queries import left_by_completion
from plans.treatment.services import (
    ComponentInput,
    plan_complete,
    plan_discontinue,
    session_cancel,
    session_perform,
    session_sign,
    session_start,
)
from tests import factories
from tests.plans.treatment.owed import owed

pytestmark = pytest.mark.django_db


def test_the_last_performed_session_brings_maintenance(patient, practitioner, location):
    plan = factories.make_plan(patient, practitioner, protocol="bone-marrow")
    session = owed(plan)[0]
    session_start(session_id=session.pk, by=practitioner.user)
    record = {
        **factories.RECORDS["stem_cell"],
        "source": "bone_marrow",
        "method": "marrow_concentrate",
        "harvest_site": "iliac_crest_left",
    }
    session_perform(
        session_id=session.pk,
        by=practitioner.user,
        performed_at=clock.now(),
        components=[ComponentInput("stem_cell", record)],
        zones=["vertex"],
    )
    (upkeep,) = owed(plan)
    assert upkeep.title.startswith("Maintenance 1")
    assert upkeep.window_start >= clock.today(location.zone) + timedelta(365)


def test_discontinuing_closes_everything_that_is_owed(plan):
    plan_discontinue(plan_id=plan.pk, by=None, reason="moved away")
    assert set(plan.sessions.values_list("status", flat=True)) == {"cancelled"}
    states = with_state(FollowUp.objects.filter(plan=plan)).values_list("state", flat=True)
    assert set(states) == {"cancelled"}


def test_a_plan_is_complete_only_when_nothing_is_owed(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    with pytest.raises(Conflict) as refused:
        plan_complete(plan_id=plan.pk, by=None)
    assert "Session 2 of 3 · PRP" in refused.value.extra["owed"]


def close_what_is_owed(plan: TreatmentPlan) -> None:
    for session in owed(plan):
        session_cancel(session_id=session.pk, by=None, reason="because")
    for follow_up in plan.follow_ups.all():
        follow_up_cancel(follow_up_id=follow_up.pk, by=None, reason="because")


def test_completing_a_plan_leaves_its_records_to_sign_and_its_check_ins_to_ask(plan, practitioner):
    first = factories.perform(owed(plan)[0], practitioner)
    close_what_is_owed(plan)
    assert plan_complete(plan_id=plan.pk, by=None).status == "completed"
    asked = list(CheckIn.objects.filter(session=first).order_by("target_date", "id"))
    assert [warning.detail for warning in left_by_completion(plan)] == [
        f"{first.title} is not signed.",
        *(f"{check_in.title} after {first.title} is still to be answered." for check_in in asked),
    ]
    session_sign(session_id=first.pk, by=practitioner.user)
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        check_in_answer(check_in_id=asked[0].pk, by=practitioner.user, note="Fine.")
    assert [warning.code for warning in left_by_completion(plan)] == ["unanswered"] * (len(asked) - 1)


def test_completing_a_plan_lets_go_of_check_ins_whose_answer_is_of_no_use_any_more(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    close_what_is_owed(plan)
    with time_machine.travel(clock.now() + timedelta(days=90), tick=False):
        plan_complete(plan_id=plan.pk, by=None)
    assert set(CheckIn.objects.values_list("cancel_reason", flat=True)) == {"Not needed any more."}


def test_the_desk_does_not_read_why_a_plan_was_discontinued(plan):
    plan_discontinue(plan_id=plan.pk, by=None, reason="Melanoma found.")
    assert {row.cancel_reason for row in plan.follow_ups.all()} == {"Not needed any more."}


def finish(plan, practitioner) -> ProcedureSession:
    """Perform the first session and drop the rest: what is left is the maintenance session."""
    factories.perform(owed(plan)[0], practitioner)
    for session in owed(plan):
        session_cancel(session_id=session.pk, by=None, reason="because")
    (upkeep,) = owed(plan)
    return upkeep


def test_maintenance_is_owed_once_the_rest_is_done_or_dropped(plan, practitioner):
    assert finish(plan, practitioner).step.kind == "maintenance"


def test_maintenance_that_is_let_go_does_not_come_back(plan, practitioner):
    session_cancel(session_id=finish(plan, practitioner).pk, by=None, reason="because")
    assert owed(plan) == []
