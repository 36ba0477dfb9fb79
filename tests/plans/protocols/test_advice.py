"""The advice of several treatments as one: each thing once, the strictest of it, what is urgent first."""

import re
from itertools import combinations

import pytest

from plans.protocols.advice import Words, merged
from plans.protocols.catalogue.care import TEXTS


def after(language, *names):
    return merged(Words(language, *TEXTS[language][f"aftercare-{name}"]) for name in names)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("names", list(combinations(("prp", "stem-cell", "microneedling", "exosome"), 2)))
def test_two_treatments_of_one_day_are_one_advice_with_the_longer_of_two_times(language, names):
    [part] = after(language, *names)
    assert part.title == ""
    assert len(part.lines) == len(set(part.lines))
    [washing] = [line for line in part.lines if line.startswith(washing_of(language))]
    assert ("48" in washing) == ("microneedling" in names)
    assert [line for line in part.urgent if re.search(r"\(100[.,]4 (°F|فهرنهايت)\)", line)] == part.urgent[:1]
    assert len(part.urgent) == 2


def washing_of(language):
    [line] = [
        line for line in TEXTS[language]["aftercare-microneedling"][1].splitlines() if "48" in line and "72" not in line
    ]
    return line[: line.index("24")]


def test_each_line_keeps_its_place_among_its_neighbours():
    first, second = "Rest.\nSleep.\n! Call.", "Rest.\nEat.\nSleep.\n! Call."
    [part] = merged([Words("en", "A", first), Words("en", "B", second)])
    assert (part.rules, part.urgent) == (["Rest.", "Eat.", "Sleep."], ["Call."])


def test_what_shares_nothing_stands_by_itself_and_so_does_another_language():
    parts = [*after("en", "prp", "harvest-fat"), *after("de", "prp")]
    assert [part.title for part in parts] == [
        "After your PRP session",
        "Where fat was taken",
        TEXTS["de"]["aftercare-prp"][0],
    ]


def test_only_times_are_weighed_against_each_other():
    [part] = merged(
        Words("en", title, f"Rest.\nCall us at {title} °C.\nCool it for {title} minutes.") for title in "12"
    )
    assert part.lines == [
        "Rest.",
        "Call us at 2 °C.",
        "Cool it for 2 minutes.",
        "Call us at 1 °C.",
        "Cool it for 1 minutes.",
    ]


def test_the_longest_holds_in_whatever_order():
    for order in (["2 days", "1 day", "1 to 3 days"], ["1 to 3 days", "2 days"]):
        [part] = merged(Words("en", "", f"Rest.\nNo sport for {time}.") for time in order)
        assert "No sport for 1 to 3 days." in part.lines
