from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from clinic.access.roles import Role
from clinic.api.fields import ChoiceField, DayField, DecimalField, FlagField, InstantField, TextField, WholeField
from clinic.api.serializers import QuerySerializer, RecordSerializer
from clinic.people.models import User
from patients.models import Patient
from tests.factories import make_location, make_patient, make_user


def refused(field: serializers.Field, value: object) -> str:
    """The code with which the field refuses this value."""
    with pytest.raises(ValidationError) as caught:
        field.run_validation(value)
    codes: Any = caught.value.get_codes()
    return str(codes[0])


def test_an_instant_keeps_the_offset_in_which_it_was_written():
    eastern = timezone(timedelta(hours=-5))
    instant = InstantField().run_validation("2026-03-02T09:00:00-05:00")
    assert instant == datetime(2026, 3, 2, 9, tzinfo=eastern)
    assert instant.utcoffset() == timedelta(hours=-5)
    assert InstantField().run_validation("2026-03-02T14:00Z") == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_an_instant_goes_out_in_utc():
    eastern = timezone(timedelta(hours=-5))
    assert InstantField().to_representation(datetime(2026, 3, 2, 9, tzinfo=eastern)) == "2026-03-02T14:00:00Z"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-03-02T09:00:00", "offset_missing"),
        ("2026-03-02", "offset_missing"),
        ("2026-02-30T09:00:00Z", "invalid"),
        ("2026-03-02T25:00:00Z", "invalid"),
        ("soon", "invalid"),
        (1772442000, "invalid"),
        (None, "null"),
        ("9999-12-31T23:59:59Z", "out_of_range"),
        ("0001-01-01T00:00:00+14:00", "out_of_range"),
    ],
)
def test_what_is_no_instant_is_refused(value, code):
    assert refused(InstantField(), value) == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-02-30", "invalid"),
        ("2026-03-02T00:00:00Z", "invalid"),
        (20260302, "invalid"),
        ("9999-01-01", "out_of_range"),
    ],
)
def test_what_is_no_date_is_refused(value, code):
    assert DayField().run_validation("2026-03-02") == date(2026, 3, 2)
    assert refused(DayField(), value) == code


@pytest.mark.parametrize("value", [5, 1.5, True, [], {}])
def test_what_is_no_text_is_refused(value):
    assert refused(TextField(), value) == "invalid"


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, "", [], {}])
def test_what_only_looks_like_true_or_false_is_refused(value):
    assert refused(FlagField(), value) == "invalid"


class PatientShape(RecordSerializer):
    class Meta:
        model = Patient
        fields = ("first_name", "date_of_birth")
        read_only_fields = fields
        clinical_fields = ("date_of_birth",)


@pytest.mark.django_db
def test_clinical_fields_are_left_out_for_whoever_may_not_see_them_where_the_row_belongs(rf):
    here, there = make_location(), make_location()
    patient = make_patient(here)

    def shown(user: User) -> set[str]:
        request = rf.get("/")
        request.user = user
        return set(PatientShape(patient, context={"request": request}).data)

    assert shown(make_user((here, Role.PRACTITIONER))) == {"first_name", "date_of_birth"}
    assert shown(make_user((here, Role.ASSISTANT))) == {"first_name", "date_of_birth"}
    assert shown(make_user((here, Role.FRONT_DESK))) == {"first_name"}
    assert shown(make_user((here, Role.FRONT_DESK), (there, Role.PRACTITIONER))) == {"first_name"}
    assert set(PatientShape(patient).data) == {"first_name"}, "nobody in particular sees nothing clinical"


def test_text_loses_what_nobody_sees_at_its_ends_and_nothing_else_is_no_text():
    assert TextField().run_validation("\ufeff\u200b A wedding. \u2060") == "A wedding."
    assert refused(TextField(), "\u200b\u2060\ufeff\u00ad") == "blank"
    assert TextField(allow_blank=True).run_validation("\u200b") == ""
    assert TextField(trim_whitespace=False).run_validation(" \u200b") == " \u200b"


def test_numbers_and_choices_say_what_they_may_be_under_their_own_name():
    class Shape(serializers.Serializer[Any]):
        duration_minutes = WholeField(min_value=5, max_value=720)
        needle_mm = DecimalField(max_digits=4, decimal_places=2, min_value=0)
        device = ChoiceField(choices=["pen", "rf"])
        devices = serializers.ListField(child=ChoiceField(choices=["pen", "rf"]))
        pain_0_10 = WholeField(label="Pain, 0–10", max_value=10)

    shape = Shape(
        data={"duration_minutes": 4, "needle_mm": "1.234", "device": "laser", "devices": ["pen", "x"], "pain_0_10": 11}
    )
    assert not shape.is_valid()
    assert shape.errors == {
        "duration_minutes": ["Duration: 4 min is not possible; allowed is 5–720 min."],
        "needle_mm": ["Needle: 1.234 mm is not possible; allowed is at least 0 mm, a number with at most 2 decimals."],
        "device": ["Device: “laser” is not possible; allowed is pen, rf."],
        "devices": {1: ["Devices: “x” is not possible; allowed is pen, rf."]},
        "pain_0_10": ["Pain: 11 is not possible; allowed is at most 10."],
    }
    assert [detail.code for detail in (shape.errors["duration_minutes"][0], shape.errors["needle_mm"][0])] == [
        "min_value",
        "max_decimal_places",
    ]


def test_a_parameter_is_called_by_its_own_name():
    class Search(QuerySerializer):
        order = ChoiceField(choices=["best"])
        lead_minutes = WholeField(min_value=1)

    search = Search(data={"order": "foo", "lead_minutes": 0})
    assert not search.is_valid()
    assert search.errors == {
        "order": ["order: “foo” is not possible; allowed is best."],
        "lead_minutes": ["lead_minutes: 0 min is not possible; allowed is at least 1 min."],
    }


@pytest.mark.parametrize("day", ["2026-W10-1", "20260302", "2026-3-2", "٢٠٢٦-٠٣-٠٢", "2026-03-02T00:00", "2026-02-30"])
def test_a_day_is_written_in_one_way(day):
    assert refused(DayField(), day) == "invalid"


@pytest.mark.parametrize(
    "instant", ["2026-W10-1T09:00:00Z", "20260302T090000Z", "2026-03-02T09:00:00+0100", "2026-03-02T9:00Z"]
)
def test_an_instant_is_written_as_rfc_3339_says(instant):
    assert refused(InstantField(), instant) == "invalid"
