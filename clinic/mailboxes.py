"""Email addresses: which of them mail can reach, how DNS spells their domains, and when two are one mailbox (pure)."""

from functools import lru_cache

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def is_mailable(address: str) -> bool:
    """Whether a plain SMTP server could take mail for `address`; more than its shape, of which Django asks."""
    try:
        validate_email(address)
        ascii_address(address)
    except (ValidationError, ValueError):
        return False
    return True


def ascii_address(address: str) -> str:
    """`address` with its domain as DNS knows it. Raises `ValueError` where no plain SMTP server could take it."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain and local.isascii() and local.isprintable()):
        raise ValueError("not an address that mail can be sent to")
    return f"{local}@{in_dns(domain)}"


@lru_cache(maxsize=1024)
def in_dns(domain: str) -> str:
    """`domain` in ASCII: `xn--bcher-kva.example` for `bücher.example`. Raises `ValueError` for what is no domain.

    By IDNA 2008 (RFC 5891): the codec of Python is older, and sends `faß.example` to the owner of `fass.example`.
    """
    return (domain.encode("idna") if domain.isascii() else idna.encode(domain, uts46=True)).decode("ascii")


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether mail to both arrives at the same place, whoever wrote the domain how, in small letters or capitals."""
    return _spelled_alike(one) == _spelled_alike(other)


def _spelled_alike(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        return f"{local}{at}{in_dns(domain).lower()}"
    except ValueError:
        return address.strip().lower()
