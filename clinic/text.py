"""What people wrote, without what nobody sees (pure)."""

import unicodedata

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing: the Hangul fillers and the empty braille pattern."""


def trimmed(text: str) -> str:
    """`text` without white space, control and format characters at both ends; what stands between stays."""
    start, end = 0, len(text)
    while start < end and _is_unseen(text[start]):
        start += 1
    while start < end and _is_unseen(text[end - 1]):
        end -= 1
    return text[start:end]


def says_nothing(text: str) -> bool:
    """Whether nobody would see anything of `text`: unseen characters alone, or marks without a letter to stand on."""
    return all(_is_unseen(character) or unicodedata.category(character)[0] == "M" for character in text)


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "Z" or category in ("Cc", "Cf") or character in _BLANK_LETTERS
