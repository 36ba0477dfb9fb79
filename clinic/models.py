"""The models of every room of the house, where Django looks for them."""

from clinic.api.models import IdempotentRequest
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Closure, Location, OpeningHours, Room, TimeOff

__all__ = [
    "Closure",
    "IdempotentRequest",
    "Location",
    "Membership",
    "Modality",
    "OpeningHours",
    "Practitioner",
    "Qualification",
    "Room",
    "TimeOff",
    "User",
]
