"""Locations and rooms in the console."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from clinic.console.base import SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ConsoleModelForm
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.places import services
from clinic.places.models import Location, Room, zone_names


def zones() -> list[tuple[str, str]]:
    """Every IANA zone, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(zone_names())]


class LocationForm(ConsoleModelForm):
    timezone = forms.ChoiceField(label="Time zone", choices=zones)
    language = forms.ChoiceField(choices=settings.LANGUAGES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in HELP.keys() & self.fields.keys():
            self.fields[name].help_text = HELP[name]


HELP = {
    "slot_minutes": "Visits start every so many minutes, counted from midnight.",
    "lead_minutes": "So many minutes before its start a visit can still be booked. 0: until it starts; 120: a visit of "
    "the same day is booked two hours ahead at the latest.",
}


@admin.register(Location)
class LocationAdmin(SetUpAdmin):
    form = LocationForm
    list_display = ("name", "city", "zone_shown", "phone", "email")
    fieldsets = (
        (None, {"fields": ("name", "timezone", "language", "position")}),
        ("How patients find and reach it", {"fields": ("street", "postal_code", "city", "country", "phone", "email")}),
        (
            "Booking",
            {
                "fields": ("slot_minutes", "lead_minutes", "grace_seconds"),
                "description": "When it is open stands under Hours; how long a visit takes and the time kept free "
                "around it under Visit types; what can be done where under Rooms; who may give what on each "
                "practitioner’s page.",
            },
        ),
        ("Calendar feeds", {"fields": ("names_in_feeds",)}),
    )

    @display(description="Time zone", ordering="timezone")
    def zone_shown(self, location: Location) -> str:
        return location.timezone

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Location:
        return services.location_create(by=cast(User, request.user), **data)

    def update(self, request: HttpRequest, row: Location, data: dict[str, Any]) -> Location:
        location, warnings = services.location_update(location_id=row.pk, changes=data)
        self.warn(request, warnings)
        return location


@admin.register(Room)
class RoomAdmin(SetUpAdmin):
    list_display = ("name", "location", "fit_for", "bookable")
    list_select_related = ("location",)
    list_filter = (LocationFilter,)
    fields = ("location", "name", "modalities", "is_bookable", "position")

    @display(description="Fit for")
    def fit_for(self, room: Room) -> str:
        return ", ".join(Modality(modality).label for modality in room.modalities) or "Consultations and follow-ups"

    @display(description="Takes bookings", boolean=True)
    def bookable(self, room: Room) -> bool:
        return room.is_bookable

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location",) if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Room:
        return services.room_create(**data)

    def update(self, request: HttpRequest, row: Room, data: dict[str, Any]) -> Room:
        return services.room_update(room_id=row.pk, changes=data)


job(Job("Locations", "admin:clinic_location_changelist", "location_on", "clinic.location", 10, "set_up"))
job(Job("Rooms", "admin:clinic_room_changelist", "meeting_room", "clinic.room", 20, "set_up"))
