"""What a column allows is read from its type, its validators and the CHECK constraints of its table."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, Q

from clinic.columns import name_of, number_of, out_of_range
from clinic.constraints import clean_model, faults_of
from clinic.errors import Invalid
from clinic.limits import Range
from clinic.places.models import Location
from plans.treatment import ranges
from plans.treatment.models import ExosomeRecord, MicroneedlingRecord, PrpRecord, PrpSpin, StemCellRecord
from tests.factories import make_location, make_room

CHARTED = [
    (PrpRecord, ranges.PRP),
    (PrpSpin, ranges.PRP_SPIN),
    (StemCellRecord, ranges.STEM_CELL),
    (MicroneedlingRecord, ranges.MICRONEEDLING),
    (ExosomeRecord, ranges.EXOSOME),
]


@pytest.mark.parametrize(
    ("model", "column", "words"),
    [
        ("clinic.location", "slot_minutes", "5–120 min"),
        ("clinic.location", "grace_seconds", "0–180 s"),
        ("clinic.openinghours", "weekday", None),
        ("plans.visittype", "duration_minutes", "5–720 min"),
        ("plans.visittype", "room_minutes_after", "0–240"),
        ("plans.followup", "duration_minutes", "5–720 min"),
        ("plans.protocolstep", "duration_minutes", "5–720 min"),
        ("plans.protocolstep", "offset_months", "0–24 months"),
        ("plans.stepcomponent", "needle_length_mm", "0.2–3 mm"),
        ("plans.intervalrule", "minimum_days", "1–730 days"),
        ("plans.proceduresession", "pain_0_10", "0–10"),
        ("plans.messagepolicy", "days_before", "1–32,767"),
        ("patients.patient", "last_name", None),
    ],
)
def test_a_columns_range_is_that_of_its_table(model, column, words):
    number = number_of(apps.get_model(model)._meta.get_field(column))
    assert (number and number.limits.allowed) == words


@pytest.mark.parametrize(
    ("model", "name", "limits"),
    [(model, name, limits) for model, found in CHARTED for name, limits in found.items()],
    ids=str,
)
def test_a_charted_column_has_the_range_and_unit_that_the_warnings_have(model, name, limits):
    number = number_of(model._meta.get_field(name))
    assert number is not None
    assert number.limits == Range(limits.low, limits.high, limits.unit)
    assert number.label == ranges.name_of(name)


@pytest.mark.parametrize(
    ("model", "column", "name"),
    [
        ("plans.prprecord", "points", "Injection points"),
        ("plans.prprecord", "prp_platelets_10e3_per_ul", "PRP platelets"),
        ("plans.prprecord", "drawn_at", "Blood drawn at"),
        ("plans.prpspin", "rcf_g", "Force"),
        ("plans.prpspin", "minutes", "Time"),
        ("plans.microneedlingrecord", "order", "Order beside its partner"),
        ("plans.proceduresession", "pain_0_10", "Pain"),
        ("plans.intervalrule", "minimum_days", "Least number of days"),
        ("clinic.location", "slot_minutes", "Slot"),
    ],
)
def test_a_column_is_called_as_its_model_says_and_else_by_its_name(model, column, name):
    assert name_of(apps.get_model(model)._meta.get_field(column)) == name


def test_what_is_no_number_at_all_is_refused():
    (fault,) = out_of_range(PrpRecord(blood_drawn_ml=Decimal("NaN")))
    assert (fault.attr, fault.code) == ("blood_drawn_ml", "invalid")
    assert fault.detail == "Blood drawn: “NaN” is no number; allowed is 5–180 mL."


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Q(position__gte=2), "2–32,767"),
        (Q(position__gte=2) & Q(position__lte=9), "2–9"),
        (Q(position__isnull=True) | Q(position__gte=2, position__lte=9), "2–9"),
        (Q(name="x", position__lte=5) | Q(name="y", position__gte=3, position__lte=9), "0–9"),
        (Q(name="x") | Q(position__lte=5), "0–32,767"),
        (~Q(position__lte=5), "0–32,767"),
        (Q(position__lte=5) ^ Q(name="x"), "0–32,767"),
    ],
)
def test_of_alternatives_the_widest_holds_and_what_is_not_understood_holds_nothing(monkeypatch, condition, words):
    constraint = CheckConstraint(condition=condition, name="x")
    monkeypatch.setattr(Location._meta, "constraints", [constraint])
    number = number_of.__wrapped__(Location._meta.get_field("position"))
    assert number is not None
    assert number.limits.allowed == words


@pytest.mark.django_db
def test_a_service_names_every_number_its_value_and_what_is_allowed():
    location = make_location()
    location.slot_minutes, location.grace_seconds = 4, 181
    with pytest.raises(Invalid) as refused:
        clean_model(location)
    found = [(one.attr, one.code, one.detail) for one in (refused.value, *refused.value.others)]
    assert found == [
        ("slot_minutes", "min_value", "Slot: 4 min is not possible; allowed is 5–120 min."),
        ("grace_seconds", "max_value", "Grace: 181 s is not possible; allowed is 0–180 s."),
    ]


@pytest.mark.django_db
def test_a_service_takes_a_name_that_nobody_sees_for_none():
    room = make_room(make_location(), "North")
    room.name = "\u200b\u2060"
    with pytest.raises(Invalid) as refused:
        clean_model(room)
    assert (refused.value.attr, refused.value.code) == ("name", "blank")
    room.name = "\ufeff Harbor House\u200b"
    clean_model(room)
    assert room.name == "Harbor House"


def test_a_choice_that_is_none_is_refused_with_those_that_are():
    record = MicroneedlingRecord(device="laser", endpoint="erythema", needle_length_mm=Decimal(1), passes=3)
    with pytest.raises(ValidationError) as refused:
        record.clean_fields(exclude={"component"})
    (fault,) = faults_of(record, refused.value)
    assert (fault.attr, fault.code) == ("device", "invalid_choice")
    assert fault.detail == "Device: “laser” is not possible; allowed is roller, pen, rf."


def test_decimals_are_bounded_by_their_digits():
    number = number_of(apps.get_model("plans.screeningitem")._meta.get_field("warn_below"))
    assert number is not None
    assert number.limits.high == Decimal("9999999.99")
