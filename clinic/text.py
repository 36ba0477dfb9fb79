"""What people wrote, without what nobody sees (pure)."""

import re
import unicodedata

_IGNORABLE = (
    *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
    *(range(0x180B, 0x1810), range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070)),
    *(range(0xFE00, 0xFE10), range(0xFFF0, 0xFFF9), range(0x1BCA0, 0x1BCA4), range(0x1D173, 0x1D17B)),
    range(0xE0000, 0xE1000),
)
"""Unicode's Default_Ignorable_Code_Point, which Python does not know: drawn as nothing where it does nothing else."""
_DIRECTIONS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates: what stands between them is read in another order than it is written."""
_KEPT = frozenset("\t\n\r\0")
"""The control characters that stay within a text; NUL is refused where texts come in."""
_BREAKS = re.compile(r"[\t\n\r\u2028\u2029]+")
_BLANK = "\u2800"
"""The empty braille pattern."""
_UNSEEN = frozenset(
    {_BLANK}.union(*(map(chr, [part] if isinstance(part, int) else part) for part in _IGNORABLE)),
)
_TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))
"""After an emoji these choose which one it is (the flag of England); anywhere else they are drawn as nothing."""
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


def trimmed(text: str, *, one_line: bool = False) -> str:
    """`text` without what nobody sees at both ends: white space, control characters, and what is drawn as nothing.

    What stands between stays but for control characters and what turns the direction of writing, and so does what
    changes the look of the character before it. Line breaks and tabs stay; with `one_line` they become a space.
    """
    text = "".join(character for character in text if not _is_stray(character))
    if one_line:
        text = _BREAKS.sub(" ", text)
    start, end = 0, len(text)
    while start < end and _is_unseen(text[start]):
        start += 1
    while start < end and _is_unseen(text[end - 1]) and not _is_part_of_last(text, start, end):
        end -= 1
    return text[start:end]


def tidied(text: str, *, one_line: bool = False) -> str:
    """`text` as `trimmed`, or empty where it says nothing: what is kept of what somebody wrote."""
    return "" if says_nothing(text) else trimmed(text, one_line=one_line)


def says_nothing(text: str) -> bool:
    """Whether nobody would see anything of `text`: unseen characters alone, or marks without a letter to stand on."""
    return all(_is_unseen(character) or _is_mark(character) for character in text)


def _is_stray(character: str) -> bool:
    """Whether `character` belongs nowhere in a text that people write."""
    is_control = unicodedata.category(character) == "Cc" and character not in _KEPT
    return is_control or character in _DIRECTIONS


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "Z" or category == "Cc" or character in _UNSEEN


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _is_part_of_last(text: str, start: int, end: int) -> bool:
    """Whether the last of `text[start:end]` belongs to what is seen before it: a variation, or an emoji's tags."""
    last = text[end - 1]
    if _is_mark(last):
        return end - 1 > start and not _is_unseen(text[end - 2])
    if last not in _TAGS:
        return False
    base = end - 1
    while base > start and (text[base] in _TAGS or _is_mark(text[base])):
        base -= 1
    return unicodedata.category(text[base]) == "So" or text[base] in _SKIN_TONES
