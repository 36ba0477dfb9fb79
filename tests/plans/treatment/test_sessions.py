"""Sessions through their services: started, performed, aborted and amended."""

from datetime import timedelta

import pytest

from clinic import clock
from clinic.errors import GateBlocked, Invalid, InvalidTransition
from clinic.places.wallclock import local_date
from patients.services import consent_withdraw
from plans.treatment.services import session_abort, session_amend, session_perform, session_sign, session_start
from tests import factories
from tests.plans.treatment.owed import owed

pytestmark = pytest.mark.django_db


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


def test_an_amended_date_moves_the_check_ins_that_have_no_answer(frozen, plan, practitioner, location):
    session = factories.perform(owed(plan)[0], practitioner)
    session_sign(session_id=session.pk, by=practitioner.user)
    earlier = clock.now() - timedelta(hours=1)
    session_amend(session_id=session.pk, by=practitioner.user, reason="Wrong hour.", changes={"performed_at": earlier})
    day = local_date(earlier, location.zone)
    assert session.check_ins.order_by("target_date")[0].target_date == day + timedelta(1)
    assert session.check_ins.count() == 3


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
