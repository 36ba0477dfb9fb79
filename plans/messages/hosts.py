"""Web and email addresses in running text, as mail programs make links of them."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from django.conf import settings

HOST = r"(?:\w(?:[\w-]*\w)?\.)+(?:[^\W\d_]{2,}|xn--[a-z\d-]+)"
ADDRESS = re.compile(
    rf"(?P<scheme>[a-z][a-z\d+.-]{{0,20}}://|www\.)\S+|(?<![\w@.-])(?:[\w.+-]+@)?(?P<bare>{HOST})(?![\w-])(?P<path>/\S*)?",
    re.IGNORECASE,
)
AT_THE_END = ".,;:!?)]}>”’\"'"


def addresses_in(text: str) -> Iterator[tuple[str, str]]:
    """Each address of `text` as it stands there, and its host in small letters (empty: it has none that can be read).

    A bare host is one where its last part is written in one case and what stands before is more than initials: neither
    “e.g.” nor “street.Please” is an address.
    """
    shown = "".join(" " if part in "{}" else part for part in text if unicodedata.category(part) != "Cf")
    for match in ADDRESS.finditer(unicodedata.normalize("NFKC", shown).replace("。", ".").replace("\\", "/")):
        said = match.group().rstrip(AT_THE_END)
        if match["scheme"]:
            yield said, _host(said if "://" in said else f"//{said}")
        else:
            host = match["bare"]
            *_, name, last = host.split(".")
            if match["path"] or (len(name) > 1 and (last.islower() or last.isupper())):
                yield said, host.lower()


def foreign_addresses(text: str, own: Collection[str]) -> list[str]:
    """The addresses of `text` that lead elsewhere than to one of the hosts `own` or below it, once each."""
    found = (
        said for said, host in addresses_in(text) if not any(host == one or host.endswith(f".{one}") for one in own)
    )
    return list(dict.fromkeys(found))


def hosts_of(email: str) -> frozenset[str]:
    """The hosts that a location's own words may name: that of the patients' pages, and that of its `email`."""
    return frozenset(filter(None, (_host(settings.PUBLIC_URL), email.rpartition("@")[2].lower())))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
