"""What a revision or an edit makes of a plan: what was done stays, what is owed is made anew."""

from datetime import timedelta

import pytest

from clinic import clock
from clinic.errors import Conflict, GateBlocked
from patients.services import consent_give
from plans.protocols.models import Protocol
from plans.treatment.services import plan_create, plan_edit, plan_revise, session_abort, session_start
from tests import factories
from tests.plans.treatment.owed import owed

pytestmark = pytest.mark.django_db


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
