import pytest

from clinic.errors import Invalid, require_reason
from clinic.text import says_nothing, trimmed

ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
UNSEEN = {
    "nothing": "",
    "spaces": "  \t\r\n",
    "no-break and ideographic space": "\u00a0\u3000\u2009",
    "tags without an emoji": "\U000e0067\U000e007f",
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "byte-order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "direction marks": "\u200e\u202e\u2066",
    "control characters": "\x01\x7f\x85",
    "line and paragraph separator": "\u2028\u2029",
    "fillers": "\u115f\u3164\uffa0\u2800",
    "marks without a letter": "\u0301\ufe0f\u034f",
    "all together": " \u200b\u2060\ufeff\u00ad\u200d\n",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_what_nobody_sees_says_nothing_and_is_no_reason(text):
    assert says_nothing(text)
    with pytest.raises(Invalid) as refused:
        require_reason(text)
    assert (refused.value.code, refused.value.attr) == ("required", "reason")


@pytest.mark.parametrize(
    "text", ["x", " x ", "\u200bx", "?", "–", "0", "é", "e\u0301", "🪷", "❤️", "日本", "نعم", "\u0600", ENGLAND]
)
def test_what_somebody_sees_is_a_reason(text):
    assert not says_nothing(text)
    require_reason(text)


def test_ends_lose_what_nobody_sees_and_the_middle_keeps_it():
    assert trimmed("\u200b \ufeffA wedding,\u00a0abroad.\u2060\n\u00ad") == "A wedding,\u00a0abroad."
    assert trimmed("👩\u200d⚕️") == "👩\u200d⚕️"
    assert trimmed("\u2060\u200b") == ""


@pytest.mark.parametrize(
    "text", [ENGLAND, "❤️", "👋🏽", "☝🏽\U000e0067\U000e007f", "\u0600", "12 \u06dd", "e\u0301", "✔\ufe0e"]
)
def test_what_changes_the_look_of_the_last_character_stays(text):
    assert trimmed(f" \u200b{text}\ufeff\n") == text


def test_tags_after_what_is_no_emoji_are_taken_off():
    assert trimmed("Wales\U000e0067\U000e0062\U000e007f") == "Wales"
    assert trimmed("\ufe0f\U000e007fWales") == "Wales"


def test_control_characters_and_what_turns_the_direction_go_and_lines_stay_unless_it_is_one():
    assert trimmed("Do\x07g\u202ewo\x1bod\u2069\n\tElm") == "Dogwood\n\tElm"
    assert trimmed("Dogwood\r\n\tElm", one_line=True) == "Dogwood Elm"
