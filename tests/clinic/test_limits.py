from decimal import Decimal

import pytest

from clinic.limits import Number, Range, label_of, not_among, unit_of, without_unit

BLOOD = Number("Blood drawn", Range(Decimal(8), Decimal(60), "mL"), places=2)
STORED = Number("Stored at", Range(Decimal(-196), Decimal(30), "°C"))
LEAD = Number("Lead", Range(low=Decimal(0), unit="min"))
GRACE = Number("Grace", Range(high=Decimal(180), unit="s"))
POINTS = Number("Injection points", Range(Decimal(1), Decimal(500)))


@pytest.mark.parametrize(
    ("number", "given", "words"),
    [
        (BLOOD, Decimal("75.00"), "Blood drawn: 75 mL is not possible; allowed is 8–60 mL."),
        (BLOOD, "75", "Blood drawn: 75 mL is not possible; allowed is 8–60 mL."),
        (BLOOD, "-1", "Blood drawn: -1 mL is not possible; allowed is 8–60 mL."),
        (BLOOD, 1_000_000, "Blood drawn: 1,000,000 mL is not possible; allowed is 8–60 mL."),
        (
            BLOOD,
            "9.125",
            "Blood drawn: 9.125 mL is not possible; allowed is 8–60 mL, a number with at most 2 decimals.",
        ),
        (BLOOD, "much", "Blood drawn: “much” is no number; allowed is 8–60 mL."),
        (BLOOD, "NaN", "Blood drawn: “NaN” is no number; allowed is 8–60 mL."),
        (BLOOD, True, "Blood drawn: “True” is no number; allowed is 8–60 mL."),
        (BLOOD, "", "Blood drawn is missing; allowed is 8–60 mL."),
        (BLOOD, None, "Blood drawn is missing; allowed is 8–60 mL."),
        (BLOOD, "9" * 100, f"Blood drawn: “{'9' * 40}…” is no number; allowed is 8–60 mL."),
        (POINTS, "1.5", "Injection points: 1.5 is not possible; allowed is 1–500, a whole number."),
        (STORED, 31, "Stored at: 31 °C is not possible; allowed is -196 to 30 °C."),
        (LEAD, -5, "Lead: -5 min is not possible; allowed is at least 0 min."),
        (GRACE, 181, "Grace: 181 s is not possible; allowed is at most 180 s."),
        (Number("Position", Range()), "x", "Position: “x” is no number; allowed is a whole number."),
    ],
)
def test_a_refused_number_names_its_field_its_value_and_what_is_allowed(number, given, words):
    assert number.refuse(given) == words


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        *(("8", True), (60, True), ("60.01", False), ("8.125", False), ("8.1200", True), ("x", False)),
        *(("NaN", False), ("sNaN", False), ("Infinity", False), (Decimal("NaN"), False), (None, False)),
        *(("1e30", False), ("1e-30", False), ("1e999999", False), (f"8.{'0' * 40}1", False)),
    ],
)
def test_a_number_is_taken_in_its_range_and_with_its_decimals(given, takes):
    assert BLOOD.takes(given) is takes


def test_a_number_with_more_digits_than_can_be_reckoned_with_is_no_defect():
    assert Number("Cells", Range()).takes("1e30")
    assert not Number("Cells", Range(), places=2).takes("1e30001")
    assert not BLOOD.limits.holds(Decimal("1e30"))
    assert not BLOOD.limits.holds(Decimal("NaN"))
    assert BLOOD.refuse("1e30").startswith("Blood drawn: 1,000,000,000,000,000,000,000,000,000,000 mL is not possible")


def test_an_unusual_number_names_what_is_usual():
    cells = Number("Viability", Range(Decimal(0), Decimal(100), "%", soft_low=Decimal(70)))
    assert cells.unusual(Decimal("64.0")) == "Viability: 64 % is unusual; usual is at least 70 %."


@pytest.mark.parametrize(
    ("name", "label", "unit"),
    [
        ("blood_drawn_ml", "Blood drawn", "mL"),
        ("area_cm2", "Area", "cm²"),
        ("platelets_10e3_per_ul", "Platelets", "×10³/µL"),
        ("particles_per_ml", "Particles", "/mL"),
        ("duration_minutes", "Duration", "min"),
        ("order", "Order", ""),
        ("needle_gauge", "Needle", "G"),
        ("goals", "Goals", ""),
    ],
)
def test_a_fields_name_says_its_label_and_its_unit(name, label, unit):
    assert (label_of(name), unit_of(name)) == (label, unit)


@pytest.mark.parametrize(
    ("label", "without"),
    [
        ("Needles over, mm", "Needles over"),
        ("Pain (0–10)", "Pain"),
        ("Least number of days", "Least number of days"),
        ("Stem cells (fat), source, mL", "Stem cells (fat), source"),
    ],
)
def test_a_label_loses_its_unit(label, without):
    assert without_unit(label) == without


def test_a_refused_choice_lists_what_is_allowed():
    assert not_among("Device", "laser", ["pen", "rf"]) == "Device: “laser” is not possible; allowed is pen, rf."
    assert not_among("Device", "", ["pen", "rf"]) == "Device is missing; allowed is pen, rf."
