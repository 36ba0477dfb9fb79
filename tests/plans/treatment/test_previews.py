"""Previews: an act says what it would do, and nothing is written."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic import clock
from clinic.errors import Invalid, InvalidTransition
from plans.followups.models import CheckIn, FollowUp
from plans.messages.models import PatientMessage
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, PlanRevision, ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    plan_hold,
    plan_hold_preview,
    plan_preview,
    plan_resume,
    plan_resume_preview,
    plan_revise,
    session_pin,
    session_pin_preview,
)
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TODAY = date(2026, 3, 2)


@pytest.fixture
def plan(plan, practitioner) -> TreatmentPlan:
    factories.perform(owed(plan)[0], practitioner)
    return plan


@pytest.fixture
def visit(plan, practitioner) -> Appointment:
    second = owed(plan)[0]
    return appointment_book(
        by=practitioner.user,
        location=plan.location,
        practitioner=practitioner,
        starts_at=factories.local(plan.location, second.target_date, "10:00"),
        session=second,
    )


def owed(plan: TreatmentPlan) -> list[ProcedureSession]:
    return list(plan.sessions.filter(status="planned").order_by("sequence"))


def written() -> dict[str, list[tuple]]:
    """Everything that an act on a plan could write."""
    return {
        model.__name__: list(model.objects.order_by("pk").values_list("pk", "version"))
        for model in (
            *(TreatmentPlan, PlanRevision, CourseMove, ProcedureSession, FollowUp, CheckIn),
            *(Appointment, PatientMessage),
        )
    }


def test_a_hold_says_which_visits_then_want_another_time(plan, visit):
    before = written()
    preview = plan_hold_preview(plan_id=plan.pk)
    assert [(one.visit, one.why) for one in preview.rebook] == [(visit, "The plan is on hold.")]
    assert (preview.changes, preview.cancelled) == ([], [])
    assert written() == before


def test_resuming_says_what_moves_and_then_moves_just_that(plan, visit):
    plan_hold(plan_id=plan.pk, reason="A rash.")
    with time_machine.travel(clock.now() + timedelta(days=60), tick=False):
        before = written()
        preview = plan_resume_preview(plan_id=plan.pk)
        assert written() == before
        plan_resume(plan_id=plan.pk)
        moves = plan.moves.filter(act="resumed")
        assert {(one["title"], one["after"]["target_date"], one["because"]) for one in preview.changes} == {
            (move.title, move.target_after.isoformat(), move.because) for move in moves
        }
        assert "Session 2 of 3 · PRP" in {move.title for move in moves}


def test_a_pin_says_what_follows_it_and_which_visit_then_is_outside_its_window(plan, visit, practitioner):
    second = owed(plan)[0]
    before = written()
    pinned_on = second.target_date + timedelta(days=35)
    preview = session_pin_preview(session_id=second.pk, pinned_on=pinned_on)
    assert written() == before
    assert {change["title"] for change in preview.changes} >= {"Session 2 of 3 · PRP", "Session 3 of 3 · PRP"}
    assert [one.visit for one in preview.rebook] == [visit]
    assert preview.rebook[0].why.startswith("Too early now")
    session_pin(session_id=second.pk, by=practitioner.user, pinned_on=pinned_on, reason="A wish.")
    titles = set(plan.moves.filter(act="pinned").values_list("title", flat=True))
    assert titles == {change["title"] for change in preview.changes}


def test_a_revision_says_which_booked_visits_it_cancels(plan, visit):
    before = written()
    both = Protocol.objects.get(code="prp-microneedling")
    preview = plan_preview(plan_id=plan.pk, protocol=both)
    assert written() == before
    assert preview.cancelled == [visit]
    assert preview.changes[0]["after"] == str(both)
    revised = plan_revise(plan_id=plan.pk, by=None, reason="More.", protocol=both)
    kept = revised.revisions.get(number=2).changes
    assert list(preview.changes) == kept
    visit.refresh_from_db()
    assert visit.status == "cancelled"


def test_a_preview_refuses_what_the_act_refuses(plan):
    with pytest.raises(InvalidTransition):
        plan_resume_preview(plan_id=plan.pk)
    with pytest.raises(Invalid) as refused:
        session_pin_preview(session_id=owed(plan)[0].pk, pinned_on=TODAY - timedelta(days=1))
    assert refused.value.attr == "pinned_on"
