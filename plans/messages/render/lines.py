"""Text of people's own as headers and sentences can carry it."""

import unicodedata

JOINERS = "\u200c\u200d"
"""Persian words and emoji need them; every other invisible character goes."""


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and direction overrides: fit for a header and for a sentence."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_harmless(character) for character in text)
    return " ".join(text.split())


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and character not in JOINERS else character
