import pytest

from clinic.errors import Invalid, require_reason
from clinic.text import says_nothing, trimmed

UNSEEN = {
    "nothing": "",
    "spaces": "  \t\r\n",
    "no-break and ideographic space": "\u00a0\u3000\u2009",
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


@pytest.mark.parametrize("text", ["x", " x ", "\u200bx", "?", "–", "0", "é", "e\u0301", "🪷", "❤️", "日本", "نعم"])
def test_what_somebody_sees_is_a_reason(text):
    assert not says_nothing(text)
    require_reason(text)


def test_ends_lose_what_nobody_sees_and_the_middle_keeps_it():
    assert trimmed("\u200b \ufeffA wedding,\u00a0abroad.\u2060\n\u00ad") == "A wedding,\u00a0abroad."
    assert trimmed("👩\u200d⚕️") == "👩\u200d⚕️"
    assert trimmed("\u2060\u200b") == ""
