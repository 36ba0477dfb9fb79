"""What the cities that time zones are named after are called in other languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

CITIES = Path(__file__).parent / "zone_cities.json"
"""From CLDR, by language and zone; `manage.py catalogues` writes it. Production needs no locale data beside it."""


def city_in(zone: str, language: str) -> str:
    """How `language` calls the city of an IANA zone; empty where nobody knows."""
    return _cities().get(language, {}).get(zone, "")


@cache
def _cities() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = json.loads(CITIES.read_text(encoding="utf-8"))
    return found
