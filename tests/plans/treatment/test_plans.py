"""Plans and sessions through their services."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, ProgrammingError, transaction

from clinic import clock
from clinic.audit.history import Actor, acting
from clinic.errors import Conflict, GateBlocked, Invalid, InvalidTransition
from clinic.places.wallclock import local_date
from patients.services import consent_give, consent_withdraw
from plans.followups.models import CheckIn, FollowUp
from plans.followups.queries import with_state
from plans.followups.services import check_in_answer, follow_up_cancel
from plans.protocols.models import Protocol
from plans.treatment.models import ProcedureSession, TreatmentPlan
from plans.treatment.queries import left_by_completion
from plans.treatment.services import (
    ComponentInput,
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
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


def owed(plan: TreatmentPlan) -> list[ProcedureSession]:
    return list(plan.sessions.filter(status="planned").order_by("sequence"))


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


def test_a_session_of_a_plan_that_was_not_accepted_cannot_start(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, status="proposed")
    with pytest.raises(InvalidTransition):
        session_start(session_id=owed(plan)[0].pk, by=practitioner.user)


def test_a_withdrawn_consent_keeps_a_session_from_starting(plan, patient, practitioner):
    consent_withdraw(consent_id=patient.consents.get().pk, reason="changed her mind")
    with pytest.raises(GateBlocked):
        session_start(session_id=owed(plan)[0].pk, by=practitioner.user)


def test_performing_late_moves_what_is_still_owed(patient, practitioner, location):
    start = clock.today(location.zone) - timedelta(days=9)
    plan = factories.make_plan(patient, practitioner, start_date=start)
    before = [session.target_date for session in owed(plan)]
    performed = factories.perform(owed(plan)[0], practitioner)
    day = local_date(performed.performed_at, location.zone)
    assert [session.target_date for session in owed(plan)] == [day + timedelta(28), day + timedelta(56)]
    assert before[1] == start + timedelta(28)
    review = plan.follow_ups.get(title="3-month review")
    assert review.target_date > start + timedelta(92)


def test_a_performed_session_owes_its_check_ins(plan, practitioner, location):
    session = factories.perform(owed(plan)[0], practitioner)
    today = clock.today(location.zone)
    assert [row.target_date - today for row in session.check_ins.order_by("target_date")] == [
        timedelta(1),
        timedelta(3),
        timedelta(7),
    ]


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


def test_an_aborted_session_is_owed_again_as_a_new_one(plan, practitioner):
    first = owed(plan)[0]
    session_start(session_id=first.pk, by=practitioner.user)
    session_abort(session_id=first.pk, by=practitioner.user, reason="The patient felt faint.")
    again = owed(plan)[0]
    assert (again.replaces, again.sequence) == (first, 1)
    assert again.components.get().modality == "prp"


def test_what_was_given_before_an_abort_starts_the_minimum_interval(plan, practitioner, location):
    first = owed(plan)[0]
    session_start(session_id=first.pk, by=practitioner.user)
    session_abort(
        session_id=first.pk,
        by=practitioner.user,
        reason="The patient felt faint.",
        components=factories.components_of(first),
    )
    second = owed(plan)[1]
    assert second.window_start >= clock.today(location.zone) + timedelta(14)


def test_only_a_signed_record_is_amended_and_the_reason_is_kept(plan, practitioner):
    session = factories.perform(owed(plan)[0], practitioner)
    with pytest.raises(InvalidTransition):
        session_amend(session_id=session.pk, by=practitioner.user, reason="typo", changes={})
    session_sign(session_id=session.pk, by=practitioner.user)
    session_amend(
        session_id=session.pk,
        by=practitioner.user,
        reason="A typo.",
        changes={"components": [{"modality": "prp", "record": {"injected_ml": 4}}]},
    )
    session.refresh_from_db()
    assert session.status == "amended"
    assert session.amendments.get().reason == "A typo."
    record = session.components.get().prp
    assert (record.injected_ml, record.yield_ml, record.spins.count()) == (4, 6, 2)


def test_a_session_cannot_be_performed_in_the_future_or_before_its_plan(plan, practitioner):
    session = owed(plan)[0]
    session_start(session_id=session.pk, by=practitioner.user)
    for moment in (clock.now() + timedelta(hours=1), clock.now() - timedelta(days=40)):
        with pytest.raises(Invalid) as refused:
            session_perform(
                session_id=session.pk,
                by=practitioner.user,
                performed_at=moment,
                components=factories.components_of(session),
                zones=[],
            )
        assert refused.value.attr == "performed_at"


def test_discontinuing_closes_everything_that_is_owed(plan):
    plan_discontinue(plan_id=plan.pk, by=None, reason="moved away")
    assert set(plan.sessions.values_list("status", flat=True)) == {"cancelled"}
    states = with_state(FollowUp.objects.filter(plan=plan)).values_list("state", flat=True)
    assert set(states) == {"cancelled"}


def test_a_revision_keeps_what_was_performed_and_replaces_what_is_owed(plan, practitioner):
    done = factories.perform(owed(plan)[0], practitioner)
    revised = plan_revise(
        plan_id=plan.pk,
        by=practitioner.user,
        reason="Needles too.",
        protocol=Protocol.objects.get(code="prp-microneedling"),
    )
    assert revised.revision == 2
    assert plan.sessions.get(performed_at__isnull=False) == done
    assert [session.sequence for session in owed(plan)] == [2, 3, 4]
    with pytest.raises(GateBlocked):
        session_start(session_id=owed(plan)[0].pk, by=practitioner.user)


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


def test_a_new_plan_follows_a_current_version(plan, practitioner):
    Protocol.objects.filter(code="exosome").update(is_current=False)
    old = Protocol.objects.get(code="exosome")
    with pytest.raises(Conflict) as refused:
        plan_create(
            by=None,
            consultation=plan.consultation,
            protocol=old,
            lead_practitioner=practitioner,
            start_date=plan.start_date,
        )
    assert (refused.value.code, refused.value.attr) == ("not_current", "protocol")
    with pytest.raises(Conflict):
        plan_revise(plan_id=plan.pk, by=None, reason="Why not.", protocol=old)


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


def test_the_database_refuses_a_status_without_its_timestamp(plan):
    with pytest.raises(IntegrityError), transaction.atomic():
        TreatmentPlan.objects.filter(pk=plan.pk).update(status="completed")


def test_the_desk_does_not_read_why_a_plan_was_discontinued(plan):
    plan_discontinue(plan_id=plan.pk, by=None, reason="Melanoma found.")
    assert {row.cancel_reason for row in plan.follow_ups.all()} == {"Not needed any more."}


def test_a_revision_remembers_what_an_aborted_try_gave(plan, practitioner, location):
    first = owed(plan)[0]
    session_start(session_id=first.pk, by=practitioner.user)
    session_abort(session_id=first.pk, by=practitioner.user, reason="Faint.", components=factories.components_of(first))
    plan_revise(
        plan_id=plan.pk, by=None, reason="Needles too.", protocol=Protocol.objects.get(code="prp-microneedling")
    )
    assert owed(plan)[0].target_date >= clock.today(location.zone)
    assert owed(plan)[1].window_start >= clock.today(location.zone) + timedelta(14)


def test_revising_a_proposal_makes_its_sessions_anew(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, status="proposed")
    plan_revise(plan_id=plan.pk, by=None, reason="Needles too.", protocol=Protocol.objects.get(code="microneedling"))
    assert set(plan.sessions.values_list("status", flat=True)) == {"planned"}
    assert plan.sessions.count() == 6


def test_an_edit_that_changes_nothing_leaves_the_sessions_alone(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, status="draft")
    before = set(plan.sessions.values_list("pk", flat=True))
    plan_edit(plan_id=plan.pk, changes={})
    assert set(plan.sessions.values_list("pk", flat=True)) == before


def test_resuming_after_a_long_hold_owes_the_next_session_from_that_day(plan, practitioner, location):
    factories.perform(owed(plan)[0], practitioner)
    plan_hold(plan_id=plan.pk, reason="A long journey.")
    later = clock.now() + timedelta(days=120)
    with clock.moved_to(later):
        plan_resume(plan_id=plan.pk)
    second, third = owed(plan)
    assert second.target_date == local_date(later, location.zone)
    assert third.target_date == second.target_date + timedelta(28)


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


def test_an_amended_date_moves_the_check_ins_that_have_no_answer(frozen, plan, practitioner, location):
    session = factories.perform(owed(plan)[0], practitioner)
    session_sign(session_id=session.pk, by=practitioner.user)
    earlier = clock.now() - timedelta(hours=1)
    session_amend(session_id=session.pk, by=practitioner.user, reason="Wrong hour.", changes={"performed_at": earlier})
    day = local_date(earlier, location.zone)
    assert session.check_ins.order_by("target_date")[0].target_date == day + timedelta(1)
    assert session.check_ins.count() == 3


def test_acceptance_does_not_come_before_the_consultation(patient, practitioner):
    plan = factories.make_plan(patient, practitioner, status="proposed")
    with pytest.raises(Invalid) as refused:
        plan_accept(plan_id=plan.pk, by=None, accepted_on=date(2020, 1, 1), consents=[])
    assert refused.value.attr == "accepted_on"


def test_a_modality_that_a_revision_adds_waits_for_its_consent(plan, patient, practitioner):
    plan_revise(
        plan_id=plan.pk, by=None, reason="Needles too.", protocol=Protocol.objects.get(code="prp-microneedling")
    )
    first = owed(plan)[0]
    with pytest.raises(GateBlocked):
        session_start(session_id=first.pk, by=practitioner.user)
    consent_give(
        patient=patient,
        document=factories.make_documents()["microneedling"],
        signed_name="Mock",
        signed_on=clock.today(plan.location.zone),
        by=practitioner.user,
    )
    assert session_start(session_id=first.pk, by=practitioner.user).status == "in_progress"


def test_a_session_is_not_charted_before_its_consultation(patient, practitioner, location):
    plan = factories.make_plan(patient, practitioner, start_date=clock.today(location.zone) - timedelta(days=30))
    first = owed(plan)[0]
    session_start(session_id=first.pk, by=practitioner.user)
    with pytest.raises(Invalid, match="before the consultation") as refused:
        session_perform(
            session_id=first.pk,
            by=practitioner.user,
            performed_at=plan.consultation.occurred_at - timedelta(days=2),
            components=factories.components_of(first),
            zones=["crown"],
        )
    assert refused.value.attr == "performed_at"
