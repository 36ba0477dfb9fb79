"""Forms of the console refuse in the words of the API and the services."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms

from clinic.console.forms import ActForm, ConsoleModelForm, ReasonForm, number_field
from clinic.limits import Number, Range
from clinic.places.models import Location

BLOOD = Number("Blood drawn", Range(Decimal(5), Decimal(180), "mL", Decimal(10), Decimal(60)), places=2)


class BloodForm(ActForm):
    blood = number_field(BLOOD)
    device = forms.ChoiceField(choices=[("", "Choose"), ("pen", "Pen"), ("rf", "RF")])
    note = forms.CharField(required=False)


def bound(form: type[ActForm], **data: Any) -> ActForm:
    return form(None, SimpleNamespace(), data=data)


@pytest.mark.parametrize("reason", ["\u200b", " \u2060\ufeff", "\u00ad", "\u3164"])
def test_a_reason_that_nobody_sees_is_missing(reason):
    assert bound(ReasonForm, reason=reason).errors == {"reason": ["This field is required."]}


def test_a_text_loses_what_nobody_sees_at_its_ends():
    form = bound(ReasonForm, reason="\u200b A wedding.\ufeff")
    assert form.is_valid()
    assert form.cleaned_data["reason"] == "A wedding."


@pytest.mark.parametrize(
    ("blood", "device", "errors"),
    [
        ("200", "pen", {"blood": ["Blood drawn: 200 mL is not possible; allowed is 5–180 mL."]}),
        ("x", "pen", {"blood": ["Blood drawn: “x” is no number; allowed is 5–180 mL."]}),
        ("", "pen", {"blood": ["Blood drawn is missing; allowed is 5–180 mL."]}),
        ("30", "laser", {"device": ["Device: “laser” is not possible; allowed is Pen, RF."]}),
        ("30", "", {"device": ["Device is missing; allowed is Pen, RF."]}),
        ("75", "rf", {}),
    ],
)
def test_a_number_and_a_choice_name_their_value_and_what_is_allowed(blood, device, errors):
    form = bound(BloodForm, blood=blood, device=device, note="\u200b")
    assert form.errors == errors
    assert form.cleaned_data["note"] == ""


def test_ranges_and_what_is_usual_stand_beside_the_input_before_anything_is_wrong():
    shown = str(BloodForm(None, SimpleNamespace())["blood"])
    assert BloodForm(None, SimpleNamespace())["blood"].help_text == "5–180 mL, usual 10–60"
    for attribute in ('min="5"', 'max="180"', 'data-usual="10–60 mL"', 'data-usual-low="10"', 'data-unit="mL"'):
        assert attribute in shown


@pytest.mark.django_db
def test_a_models_form_knows_the_range_of_the_tables_constraints():
    class LocationForm(ConsoleModelForm):
        request = SimpleNamespace()  # type: ignore[assignment]

        class Meta:
            model = Location
            fields = ("slot_minutes", "grace_seconds")

    form = LocationForm(data={"slot_minutes": "4", "grace_seconds": "-1"}, instance=Location(name="North"))
    assert form.errors == {
        "slot_minutes": ["Slot: 4 min is not possible; allowed is 5–120 min."],
        "grace_seconds": ["Grace: -1 s is not possible; allowed is 0–180 s."],
    }


@pytest.mark.django_db
def test_a_refusal_calls_a_number_as_the_form_does():
    class LocationForm(ConsoleModelForm):
        request = SimpleNamespace()  # type: ignore[assignment]

        class Meta:
            model = Location
            fields = ("slot_minutes", "lead_minutes")
            labels = {"slot_minutes": "Visits start every, minutes"}

    form = LocationForm(data={"slot_minutes": "4", "lead_minutes": "soon"}, instance=Location(name="North"))
    assert form.errors == {
        "slot_minutes": ["Visits start every: 4 min is not possible; allowed is 5–120 min."],
        "lead_minutes": ["Lead: “soon” is no number; allowed is 0–2,147,483,647 min."],
    }
