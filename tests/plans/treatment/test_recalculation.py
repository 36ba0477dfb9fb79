"""What moves when something happens: windows, the log of moves, pins, revisions, other plans of the patient."""

from datetime import date, timedelta

import pytest
import time_machine

from clinic.audit.history import Actor, acting
from clinic.errors import Conflict, Invalid, InvalidTransition
from clinic.words import date_in_full
from patients.services import consent_give
from plans.followups.services import follow_up_cancel
from plans.protocols.models import Protocol, ProtocolStep, StepComponent
from plans.scheduling.models import Appointment
from plans.scheduling.services import appointment_book
from plans.treatment.models import CourseMove, ProcedureSession, TreatmentPlan
from plans.treatment.queries import Calendar
from plans.treatment.services import (
    plan_discontinue,
    plan_hold,
    plan_preview,
    plan_resume,
    plan_revise,
    session_cancel,
    session_pin,
)
from plans.treatment.services.revising import plan_bring
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TODAY = date(2026, 3, 2)


def owed(plan: TreatmentPlan) -> list[ProcedureSession]:
    return list(plan.sessions.filter(status="planned").order_by("sequence"))


def new_version(code: str, **changes: int) -> Protocol:
    """The next version of a protocol, with these columns of its repeated session step changed."""
    old = Protocol.objects.get(code=code, is_current=True)
    steps = list(old.steps.prefetch_related("components"))
    Protocol.objects.filter(pk=old.pk).update(is_current=False)
    new = Protocol.objects.create(
        code=code, version_number=old.version_number + 1, title=old.title, expectation=old.expectation
    )
    for step in steps:
        components = list(step.components.all())
        values = {
            field.name: getattr(step, field.name)
            for field in ProtocolStep._meta.concrete_fields
            if field.name not in {"id", "version", "protocol", "created_at", "updated_at"}
        }
        if step.kind == "session" and step.position > 1:
            values |= changes
        row = ProtocolStep.objects.create(protocol=new, **values)
        for component in components:
            StepComponent.objects.create(step=row, modality=component.modality, position=component.position)
    return new


def book(session: ProcedureSession, practitioner, hour: str = "10:00") -> Appointment:
    return appointment_book(
        by=practitioner.user,
        location=session.plan.location,
        practitioner=practitioner,
        starts_at=factories.local(session.plan.location, session.target_date, hour),
        session=session,
    )


# The log


def test_coming_late_logs_each_move_with_what_bound_it(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, start_date=TODAY - timedelta(days=9))
    with acting(Actor("api", lambda: str(practitioner.user.pk))):
        factories.perform(owed(plan)[0], practitioner)
    moves = {move.title: move for move in plan.moves.all()}
    assert set(moves) == {
        "Session 2 of 3 · PRP",
        "Session 3 of 3 · PRP",
        "3-month review",
        "6-month review",
        "12-month review",
    }
    second = moves["Session 2 of 3 · PRP"]
    assert (second.act, second.target_before, second.target_after) == (
        "performed",
        date(2026, 3, 21),
        date(2026, 3, 30),
    )
    assert second.because == "28 days after session 1 (2 March 2026)."
    assert second.moved_by == practitioner.user
    assert owed(plan)[0].window_because == second.because


def test_performing_on_the_target_day_logs_no_move(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    assert not plan.moves.exists()


def test_cancelling_a_session_brings_the_next_one_forward(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    session_cancel(session_id=owed(plan)[0].pk, by=None, reason="Two are enough.")
    (third,) = owed(plan)
    assert third.target_date == TODAY + timedelta(28)
    assert plan.moves.get(item_id=third.pk).act == "cancelled"


def test_resuming_logs_what_the_hold_moved(plan, practitioner, frozen: time_machine.Traveller):
    factories.perform(owed(plan)[0], practitioner)
    plan_hold(plan_id=plan.pk, reason="A journey.")
    frozen.shift(timedelta(days=100))
    plan_resume(plan_id=plan.pk)
    second = plan.moves.get(item_id=owed(plan)[0].pk)
    assert (second.act, second.because) == ("resumed", "The plan was resumed on 10 June 2026.")


# Pins


def test_a_pinned_date_is_kept_when_the_course_moves(plan, practitioner):
    third = owed(plan)[2]
    session_pin(session_id=third.pk, by=practitioner.user, pinned_on=date(2026, 6, 1), reason="Her holidays end.")
    factories.perform(owed(plan)[0], practitioner)
    session_cancel(session_id=owed(plan)[0].pk, by=None, reason="Not needed.")
    third.refresh_from_db()
    assert (third.target_date, third.pin_conflict, third.window_rule) == (date(2026, 6, 1), "", "pin")


def test_a_pin_that_breaks_an_interval_is_flagged_and_aims_at_the_first_day_allowed(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    second = session_pin(
        session_id=owed(plan)[0].pk, by=practitioner.user, pinned_on=date(2026, 3, 9), reason="She travels."
    )
    assert second.pinned_on == date(2026, 3, 9)
    assert second.target_date == date(2026, 3, 16)
    assert second.pin_conflict.startswith("At least 14 days after 2 March 2026")


def test_taking_a_pin_away_puts_the_session_where_the_protocol_has_it(plan, practitioner):
    second = owed(plan)[1]
    before = second.target_date
    session_pin(session_id=second.pk, by=practitioner.user, pinned_on=date(2026, 5, 4), reason="A wish.")
    back = session_pin(session_id=second.pk, by=practitioner.user, pinned_on=None, reason="Not needed any more.")
    assert (back.target_date, back.pinned_on, back.pin_reason, back.pinned_by) == (before, None, "", None)
    assert list(plan.moves.filter(item_id=second.pk).values_list("act", flat=True)) == ["pinned", "unpinned"]


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 2, 1), date(2028, 3, 3)])
def test_a_pin_before_the_plan_in_the_past_or_years_ahead_is_refused(plan, practitioner, day):
    with pytest.raises(Invalid) as refused:
        session_pin(session_id=owed(plan)[1].pk, by=practitioner.user, pinned_on=day, reason="A wish.")
    assert refused.value.attr == "pinned_on"
    assert date_in_full(day) in refused.value.detail
    assert not plan.moves.exists()


def test_a_pin_needs_a_reason_and_a_session_that_is_owed(plan, practitioner):
    with pytest.raises(Invalid):
        session_pin(session_id=owed(plan)[1].pk, by=None, pinned_on=date(2026, 5, 4), reason=" ")
    done = factories.perform(owed(plan)[0], practitioner)
    with pytest.raises(InvalidTransition):
        session_pin(session_id=done.pk, by=None, pinned_on=date(2026, 5, 4), reason="A wish.")


# Other plans of the same patient


def test_what_is_given_under_one_plan_keeps_the_other_away(plan, patient, practitioner):
    other = factories.make_plan(patient, practitioner, protocol="microneedling", start_date=TODAY + timedelta(5))
    factories.perform(owed(plan)[0], practitioner)
    first = owed(other)[0]
    assert first.window_start == TODAY + timedelta(14)
    move = other.moves.get(item_id=first.pk)
    assert move.act == "elsewhere"
    assert move.because.startswith("At least 14 days after 2 March 2026")


def test_an_ended_plan_of_the_patient_is_left_alone(plan, patient, practitioner):
    other = factories.make_plan(patient, practitioner, protocol="microneedling", start_date=TODAY + timedelta(5))
    plan_discontinue(plan_id=other.pk, by=None, reason="Moved away.")
    factories.perform(owed(plan)[0], practitioner)
    assert not other.moves.exclude(act="ended").exists()


# Revisions


def test_moving_to_a_newer_version_keeps_rows_and_visits_and_says_what_changed(plan, practitioner):
    second = owed(plan)[1]
    visit = book(second, practitioner)
    newer = new_version("prp", offset_days=42)
    moved = plan_revise(plan_id=plan.pk, by=practitioner.user, reason="Better results.", protocol=newer)
    assert (moved.protocol, moved.revision) == (newer, 2)
    second.refresh_from_db()
    visit.refresh_from_db()
    assert second.status == "planned"
    assert second.target_date == TODAY + timedelta(42)
    assert second.step.protocol == newer
    assert visit.status == "booked"
    changes = moved.revisions.get(number=2).changes
    assert changes[0] == {
        "what": "protocol",
        "item": "plan",
        "title": "Protocol",
        "before": "PRP v1",
        "after": "PRP v2",
        "because": "",
    }
    assert [(change["what"], change["title"]) for change in changes[1:]] == [
        ("moved", "Session 2 of 3 · PRP"),
        ("moved", "Session 3 of 3 · PRP"),
    ]
    assert plan.moves.filter(act="revised").count() == 2


def test_a_newer_version_with_another_session_adds_it_and_with_fewer_drops_the_last(plan, practitioner):
    longer = plan_revise(plan_id=plan.pk, by=None, reason="One more.", protocol=new_version("prp", repetitions=3))
    assert [session.title for session in owed(plan)] == [f"Session {number} of 4 · PRP" for number in (1, 2, 3, 4)]
    assert [change["what"] for change in longer.revisions.get(number=2).changes] == ["protocol", "added"]
    book(owed(plan)[3], practitioner)
    shorter = plan_revise(plan_id=plan.pk, by=None, reason="Two will do.", protocol=new_version("prp", repetitions=1))
    assert [session.sequence for session in owed(plan)] == [1, 2]
    assert [change["what"] for change in shorter.revisions.get(number=3).changes] == ["protocol", "dropped", "dropped"]
    assert Appointment.objects.get().status == "cancelled"


def test_what_a_person_cancelled_does_not_come_back_with_a_newer_version(plan):
    session_cancel(session_id=owed(plan)[2].pk, by=None, reason="Two are enough.")
    follow_up_cancel(follow_up_id=plan.follow_ups.get(title="12-month review").pk, by=None, reason="Moves abroad.")
    plan_revise(plan_id=plan.pk, by=None, reason="Better.", protocol=new_version("prp", offset_days=35))
    assert [session.sequence for session in owed(plan)] == [1, 2]
    assert plan.follow_ups.filter(cancelled_at=None).count() == 2


def test_a_pin_survives_the_move_to_a_newer_version(plan, practitioner):
    second = owed(plan)[1]
    session_pin(session_id=second.pk, by=practitioner.user, pinned_on=date(2026, 5, 4), reason="A wish.")
    plan_revise(plan_id=plan.pk, by=None, reason="Better.", protocol=new_version("prp", offset_days=35))
    second.refresh_from_db()
    assert second.target_date == date(2026, 5, 4)


def test_a_plan_moves_only_to_a_version_of_its_own_protocol(plan):
    other = Protocol.objects.get(code="exosome")
    with pytest.raises(Conflict) as refused:
        plan_bring(plan=plan, by=None, reason="Why not.", protocol=other, calendar=Calendar.of(other))
    assert refused.value.code == "other_protocol"


def test_a_preview_says_what_the_revision_does_and_writes_nothing(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    other = Protocol.objects.get(code="prp-microneedling")
    versions = dict(ProcedureSession.objects.values_list("pk", "version"))
    foreseen = plan_preview(plan_id=plan.pk, protocol=other).changes
    assert dict(ProcedureSession.objects.values_list("pk", "version")) == versions
    assert TreatmentPlan.objects.get(pk=plan.pk).revision == 1
    assert not CourseMove.objects.exists()
    revised = plan_revise(plan_id=plan.pk, by=None, reason="Needles too.", protocol=other)
    assert revised.revisions.get(number=2).changes == foreseen


def test_a_revision_of_the_practitioner_alone_leaves_the_course(plan, location):
    colleague = factories.make_practitioner(location)
    before = [session.pk for session in owed(plan)]
    revised = plan_revise(plan_id=plan.pk, by=None, reason="Parental leave.", lead_practitioner=colleague)
    assert [session.pk for session in owed(plan)] == before
    (change,) = revised.revisions.get(number=2).changes
    assert (change["what"], change["after"]) == ("lead_practitioner", str(colleague))


def test_resuming_a_discontinued_plan_is_refused(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    plan_discontinue(plan_id=plan.pk, by=None, reason="Moved away.")
    with pytest.raises(InvalidTransition):
        plan_resume(plan_id=plan.pk)


def test_a_consent_is_needed_for_what_a_newer_version_adds(plan, patient, practitioner):
    newer = new_version("prp", offset_days=28)
    step = newer.steps.get(kind="session", position=2)
    StepComponent.objects.create(step=step, modality="microneedling", position=2)
    plan_revise(plan_id=plan.pk, by=None, reason="Needles too.", protocol=newer)
    second = owed(plan)[1]
    assert {component.modality for component in second.components.all()} == {"prp", "microneedling"}
    with pytest.raises(Conflict) as refused:
        book(second, practitioner)
    assert refused.value.code == "gate_blocked"
    document = factories.make_documents()["microneedling"]
    consent_give(patient=patient, document=document, signed_name="Mock", signed_on=TODAY, by=None)
    book(second, practitioner)


def test_what_a_plan_that_ends_does_not_owe_any_more_is_logged(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    plan_discontinue(plan_id=plan.pk, by=None, reason="Moved away.")
    dropped = plan.moves.filter(act=CourseMove.Act.ENDED)
    assert {move.title for move in dropped} == {
        "Session 2 of 3 · PRP",
        "Session 3 of 3 · PRP",
        "3-month review",
        "6-month review",
        "12-month review",
    }
    assert all(move.target_after is None for move in dropped)


def test_a_longer_version_numbers_what_was_given_anew(plan, practitioner):
    factories.perform(owed(plan)[0], practitioner)
    plan_revise(plan_id=plan.pk, by=None, reason="One more.", protocol=new_version("prp", repetitions=3))
    titles = plan.sessions.order_by("sequence").values_list("title", flat=True)
    assert list(titles) == [f"Session {number} of 4 · PRP" for number in (1, 2, 3, 4)]
