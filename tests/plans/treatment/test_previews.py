"""Previews: an act says what it would do, and nothing is written."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic import clock
from clinic.errors import Invalid, InvalidTransition
from plans.protocols.models import Protocol
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.services import (
    plan_hold,
    plan_hold_preview,
    plan_preview,
    plan_resume,
    plan_resume_preview,
    session_pin,
    session_pin_preview,
)
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TODAY = date(2026, 3, 2)


@pytest.fixture
def location():
    return factories.make_location()


@pytest.fixture
def practitioner(location):
    return factories.make_practitioner(location)


@pytest.fixture
def plan(location, practitioner) -> TreatmentPlan:
    plan = factories.make_plan(factories.make_patient(location), practitioner)
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
        for model in (TreatmentPlan, ProcedureSession, Appointment, CourseMove)
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
        first, *_ = preview.changes
        assert first["title"] == "Session 2 of 3 · PRP"
        assert first["after"]["target_date"] == owed(plan)[0].target_date.isoformat()
        assert first["because"] == owed(plan)[0].window_because


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
    preview = plan_preview(plan_id=plan.pk, protocol=Protocol.objects.get(code="prp-microneedling"))
    assert [one.pk for one in preview.cancelled] == [visit.pk]
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_a_preview_refuses_what_the_act_refuses(plan):
    with pytest.raises(InvalidTransition):
        plan_resume_preview(plan_id=plan.pk)
    with pytest.raises(Invalid) as refused:
        session_pin_preview(session_id=owed(plan)[0].pk, pinned_on=TODAY - timedelta(days=1))
    assert refused.value.attr == "pinned_on"
