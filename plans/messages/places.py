"""Locations as their mails show them, with their own words and logos: read once for a batch of mails."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from PIL import Image

from clinic.places.models import Location
from plans.messages.models import MessageWording
from plans.messages.render import Logo, Place
from plans.messages.wording import Wording

logger = logging.getLogger(__name__)

LOGO_DENSITY = 2
"""Pixels of the file to one on the screen, so that it is sharp on a phone."""


def places_of(locations: Collection[Location]) -> dict[UUID, Place]:
    """Each of these locations by its key; one query, whatever their number, and none for none."""
    wordings: Mapping[UUID, dict[tuple[str, str], Wording]] = defaultdict(dict)
    if locations:
        for row in MessageWording.objects.filter(location__in=locations):
            wordings[row.location_id][row.kind, row.language] = Wording(row.subject, row.body)
    return {location.pk: place_of(location, wordings.get(location.pk, {})) for location in locations}


def place_of(location: Location, wordings: Mapping[tuple[str, str], Wording]) -> Place:
    """`location` with these words of its own, by kind and language."""
    return Place(
        name=location.name_in_mail,
        zone=location.zone,
        address=location.address,
        phone=location.phone,
        email=location.email,
        brand_colour=location.brand_colour,
        logo=logo_of(location),
        wordings=wordings,
    )


def logo_of(location: Location) -> Logo | None:
    """The logo as its mails carry it; None where there is none, or its file is gone: no mail waits for a picture."""
    if not location.logo:
        return None
    try:
        with location.logo.open("rb") as file:
            content = file.read()
            file.seek(0)
            width, height = Image.open(file).size
    except (OSError, SyntaxError):
        logger.warning("The logo of location %s cannot be read.", location.pk)
        return None
    return Logo(content, max(1, width // LOGO_DENSITY), max(1, height // LOGO_DENSITY))
