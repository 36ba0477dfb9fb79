"""The API's addresses of people and places."""

from clinic.api.router import Route
from clinic.people.api import PractitionerViewSet
from clinic.places.api import (
    BreakViewSet,
    ClosureViewSet,
    ExtraHoursViewSet,
    LocationViewSet,
    OpeningHoursViewSet,
    RoomViewSet,
    TimeOffViewSet,
)

routes: list[Route] = [
    ("practitioners", PractitionerViewSet),
    ("locations", LocationViewSet),
    ("rooms", RoomViewSet),
    ("opening-hours", OpeningHoursViewSet),
    ("breaks", BreakViewSet),
    ("extra-hours", ExtraHoursViewSet),
    ("time-off", TimeOffViewSet),
    ("closures", ClosureViewSet),
]
