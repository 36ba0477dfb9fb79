"""The least days between what was given and what is given next: the rules of the catalogue, as data."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.treatment.intervals import Component, Given, Interval, Intervals, soonest

RULES = Intervals(
    [
        Interval("prp", "PRP after PRP", 14, after="prp", before="prp"),
        Interval("fat", "Stem cells after stem cells from fat", 180, "stem_cell", "stem_cell", source="adipose"),
        Interval("marrow", "Stem cells after marrow", 365, "stem_cell", "stem_cell", source="bone_marrow"),
        Interval("short", "Short needles", 7, "microneedling", "microneedling", needle_up_to_mm=Decimal("0.5")),
        Interval(
            "usual",
            "Usual needles",
            14,
            "microneedling",
            "microneedling",
            needle_over_mm=Decimal("0.5"),
            needle_up_to_mm=Decimal("1.5"),
        ),
        Interval("long", "Long needles", 28, "microneedling", "microneedling", needle_over_mm=Decimal("1.5")),
        Interval("across", "Different treatments", 14, is_across=True),
    ]
)
PRP, FAT, MARROW = (
    Component("prp"),
    Component("stem_cell", source="adipose"),
    Component("stem_cell", None, "bone_marrow"),
)
DAY = date(2026, 3, 2)


def needle(length_mm: str) -> Component:
    return Component("microneedling", Decimal(length_mm))


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ((PRP,), (PRP,), 14),
        ((FAT,), (FAT,), 180),
        ((MARROW,), (FAT,), 365),
        ((needle("0.5"),), (needle("1"),), 7),
        ((needle("0.51"),), (needle("0.5"),), 14),
        ((needle("1.5"),), (needle("0.5"),), 14),
        ((needle("1.51"),), (needle("0.5"),), 28),
        ((PRP,), (needle("0.5"),), 14),
        ((needle("0.5"), PRP), (needle("0.5"),), 14),
        ((needle("2"), PRP), (PRP, needle("2")), 28),
        ((Component("exosome"),), (Component("exosome"),), 0),
        ((Component("microneedling"),), (needle("1"),), 0),
    ],
)
def test_the_strictest_rule_between_any_two_components_governs(before, after, days):
    assert RULES.between(before, after).days == days


def test_the_soonest_day_is_set_by_the_latest_need_and_says_which():
    history = [Given(DAY, (FAT,)), Given(DAY + timedelta(30), (PRP,))]
    found = soonest((FAT,), history, RULES)
    assert found is not None
    assert (found.day, found.since, found.need.title) == (
        DAY + timedelta(180),
        DAY,
        "Stem cells after stem cells from fat",
    )


def test_nothing_given_asks_for_nothing():
    assert soonest((PRP,), [], RULES) is None


components = st.lists(
    st.sampled_from([PRP, FAT, MARROW, needle("0.5"), needle("1"), needle("2"), Component("exosome")]),
    min_size=1,
    max_size=3,
).map(tuple)


@given(before=components, extra=components, after=components)
def test_giving_more_never_shortens_the_interval(before, extra, after):
    assert RULES.between(before + extra, after).days >= RULES.between(before, after).days
    assert RULES.between(before, after + extra).days >= RULES.between(before, after).days
