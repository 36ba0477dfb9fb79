import pytest

from plans.consultations.scales import Scale, allowed_values, is_valid


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        ("norwood_hamilton", "III-vertex"),
        ("norwood_hamilton", "VII"),
        ("ludwig", "III"),
        ("sinclair", "5"),
        ("savin", "I-4"),
        ("savin", "II-2 frontal"),
        ("salt", "0"),
        ("salt", "100"),
        ("pull_test", "6/55"),
    ],
)
def test_a_value_of_the_scale_is_taken(scale, value):
    assert is_valid(scale, value)


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        ("norwood_hamilton", "VIII"),
        ("norwood_hamilton", "iii"),
        ("ludwig", "IV"),
        ("sinclair", "0"),
        ("savin", "II-3"),
        ("salt", "101"),
        ("salt", "-1"),
        ("salt", "٣"),
        ("pull_test", "60/55"),
        ("pull_test", "1/0"),
        ("pull_test", "5"),
        ("unheard_of", "I"),
        ("ludwig", ""),
    ],
)
def test_anything_else_is_refused(scale, value):
    assert not is_valid(scale, value)


def test_every_scale_says_what_it_takes():
    assert all(allowed_values(scale) for scale in Scale)
