"""Email addresses: how DNS spells their domains, and when two of them are one mailbox (pure)."""

from functools import lru_cache


@lru_cache(maxsize=1024)
def in_dns(domain: str) -> str:
    """`domain` in ASCII: `xn--bcher-kva.example` for `bücher.example`. Raises `ValueError` for what is no domain."""
    return domain.encode("idna").decode("ascii")


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether mail to both arrives at the same place, whoever wrote the domain how, in small letters or capitals."""
    return _spelled_alike(one) == _spelled_alike(other)


def _spelled_alike(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        return f"{local}{at}{in_dns(domain).lower()}"
    except ValueError:
        return address.strip().lower()
