"""Consultations through their services."""

from datetime import timedelta
from decimal import Decimal

import pytest

from clinic import clock
from clinic.errors import Conflict, Invalid, InvalidTransition
from plans.consultations.models import Consultation, ScreeningItem
from plans.consultations.rules import findings
from plans.consultations.services import (
    CauseInput,
    SeverityInput,
    consultation_amend,
    consultation_edit,
    consultation_sign,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def location():
    return factories.make_location()


@pytest.fixture
def practitioner(location):
    return factories.make_practitioner(location)


@pytest.fixture
def patient(location):
    return factories.make_patient(location)


@pytest.fixture
def draft(patient, practitioner):
    return factories.make_consultation(patient, practitioner, signed=False)


def test_signing_needs_every_item_that_applies(patient, practitioner):
    answers = factories.unremarkable_screening()
    del answers["sepsis"]
    consultation = factories.make_consultation(patient, practitioner, signed=False, screening=answers)
    with pytest.raises(Conflict) as refused:
        consultation_sign(consultation_id=consultation.pk, by=practitioner.user)
    assert refused.value.extra["missing"] == ["sepsis"]
    consultation.refresh_from_db()
    assert consultation.status == "draft"


def test_a_man_is_not_asked_about_pregnancy(location, practitioner):
    answers = factories.unremarkable_screening()
    del answers["pregnancy"], answers["pregnancy-harvest"]
    consultation = factories.make_consultation(
        factories.make_patient(location, sex="male"), practitioner, screening=answers
    )
    assert consultation.status == "signed"


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"screening": {"unheard-of": True}}, "screening.unheard-of"),
        ({"screening": {"sepsis": Decimal(3)}}, "screening.sepsis"),
        ({"screening": {"platelet-count": True}}, "screening.platelet-count"),
        ({"screening": {"platelet-count": Decimal(-1)}}, "screening.platelet-count"),
        ({"causes": []}, "causes"),
        ({"causes": [CauseInput("L64.9", "genetic", is_primary=False)]}, "causes"),
        ({"causes": [CauseInput("X99", "genetic", is_primary=True)]}, "causes.0.icd10"),
        ({"causes": [CauseInput("L64.9", "luck", is_primary=True)]}, "causes.0.factor"),
        ({"severity": SeverityInput("ludwig", "IV")}, "severity.value"),
        ({"severity": SeverityInput("guess", "I")}, "severity.scale"),
        ({"occurred_at": clock.now() + timedelta(hours=1)}, "occurred_at"),
        ({"occurred_at": clock.now() - timedelta(days=365 * 60)}, "occurred_at"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(patient, practitioner, changes, attr):
    with pytest.raises(Invalid) as refused:
        factories.make_consultation(patient, practitioner, **changes)
    assert refused.value.attr == attr
    assert not Consultation.objects.exists()


def test_a_draft_is_edited_and_a_signed_consultation_only_amended(draft, practitioner):
    consultation_edit(consultation_id=draft.pk, changes={"goals": "A fuller crown."})
    with pytest.raises(InvalidTransition):
        consultation_amend(consultation_id=draft.pk, by=practitioner.user, reason="typo", changes={})
    consultation_sign(consultation_id=draft.pk, by=practitioner.user)
    with pytest.raises(InvalidTransition):
        consultation_edit(consultation_id=draft.pk, changes={"goals": "Something else."})
    with pytest.raises(InvalidTransition):
        consultation_sign(consultation_id=draft.pk, by=practitioner.user)
    amended = consultation_amend(
        consultation_id=draft.pk,
        by=practitioner.user,
        reason="Heard wrongly.",
        changes={"severity": SeverityInput("norwood_hamilton", "IV")},
    )
    assert (amended.status, amended.severity_value, amended.goals) == ("amended", "IV", "A fuller crown.")
    assert amended.amendments.get().reason == "Heard wrongly."


def test_the_history_keeps_what_stood_before_an_amendment(draft, practitioner):
    consultation_sign(consultation_id=draft.pk, by=practitioner.user)
    consultation_amend(
        consultation_id=draft.pk, by=practitioner.user, reason="Heard wrongly.", changes={"goals": "Other goals."}
    )
    events = Consultation.pgh_event_model.objects.filter(pgh_obj_id=draft.pk).order_by("pgh_id")
    told = list(events.values_list("pgh_label", "status", "goals"))
    assert told == [
        ("insert", "draft", "Keep what is there."),
        ("update", "signed", "Keep what is there."),
        ("update", "amended", "Other goals."),
    ]


def test_an_amendment_without_a_reason_changes_nothing(draft, practitioner):
    consultation_sign(consultation_id=draft.pk, by=practitioner.user)
    with pytest.raises(Invalid):
        consultation_amend(consultation_id=draft.pk, by=practitioner.user, reason=" ", changes={"goals": "Other"})
    draft.refresh_from_db()
    assert (draft.status, draft.goals) == ("signed", "Keep what is there.")


def test_few_platelets_raise_an_absolute_finding_and_fewer_than_usual_a_relative_one():
    items = list(ScreeningItem.objects.filter(code="platelet-count"))
    severities = [
        [finding.severity for finding in findings(items, {"platelet-count": Decimal(count)})]
        for count in (82, 100, 149, 150)
    ]
    assert severities == [["absolute"], ["relative"], ["relative"], []]


def test_the_unremarkable_answers_raise_nothing():
    assert findings(ScreeningItem.objects.all(), factories.unremarkable_screening()) == []
