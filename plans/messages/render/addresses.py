"""Text of people's own as headers, sentences and addresses can carry it."""

import unicodedata

from clinic.mailboxes import in_dns

JOINERS = "\u200c\u200d"
"""Persian words and emoji need them; every other invisible character goes."""


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and direction overrides: fit for a header and for a sentence."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_harmless(character) for character in text)
    return " ".join(text.split())


def ascii_address(address: str) -> str:
    """`address` with its domain as DNS knows it. Raises `ValueError` where no plain SMTP server could take it."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain and local.isascii()) or one_line(address) != address:
        raise ValueError("not an address that mail can be sent to")
    return f"{local}@{in_dns(domain)}"


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and character not in JOINERS else character
