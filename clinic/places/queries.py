"""Reads when a location is open."""

from clinic.places.models import Location, OpeningHours


def open_weekdays(location: Location) -> frozenset[int]:
    """The ISO weekdays on which the location is open: one query."""
    own = OpeningHours.objects.filter(location=location, practitioner=None)
    return frozenset(own.values_list("weekday", flat=True))
