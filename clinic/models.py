"""The models of every room of the house, where Django looks for them."""

from clinic.api.models import IdempotentRequest
from clinic.people.models import Membership, Modality, Practitioner, Qualification, User
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff

__all__ = [
    "Break",
    "Closure",
    "ExtraHours",
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
