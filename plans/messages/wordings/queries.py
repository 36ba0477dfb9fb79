"""Reads a location's own words."""

from collections.abc import Iterable, Mapping
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import clock
from clinic.places.models import Location
from plans.messages.models import MessageKind, MessageWording
from plans.messages.render import Place, standard_wording
from plans.messages.samples import sample_mail
from plans.messages.wording import Wording

UNSAID = Place("\ue000", ZoneInfo("UTC"), "\ue001", "\ue002", "desk@example.com")
"""A location whose name, address and phone stand in no other words."""


def standard_words(kind: MessageKind, language: str) -> Wording:
    """The standard words with their placeholders."""
    mail = sample_mail(kind, UNSAID, now=clock.now(), language=language, name="\ue003")
    return standard_wording(mail)


def own_languages(locations: Iterable[Location]) -> Mapping[tuple[UUID, str], list[str]]:
    """The languages in which these locations have words of their own, by location and kind. One query."""
    found: dict[tuple[UUID, str], list[str]] = {}
    rows = MessageWording.objects.filter(location__in=list(locations)).order_by("language")
    for location, kind, language in rows.values_list("location_id", "kind", "language"):
        found.setdefault((location, kind), []).append(language)
    return found
