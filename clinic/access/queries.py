"""Reads what a person may do, and where."""

from uuid import UUID

from clinic.access.roles import Role
from clinic.people.models import Practitioner, User
from clinic.places.models import Location


def places_of(user: User) -> list[tuple[Location, set[Role]]]:
    """The locations where this person works, in their order, with the roles held there."""
    roles = user.roles_by_location
    return [(place, roles[place.pk]) for place in Location.objects.filter(pk__in=roles)]


def practitioner_id_of(user: User) -> UUID | None:
    """The key of this person's practitioner record, if they are a practitioner."""
    return Practitioner.objects.filter(user=user).values_list("pk", flat=True).first()
