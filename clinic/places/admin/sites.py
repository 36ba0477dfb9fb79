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
from clinic.console.reader import reader
from clinic.console.registry import Job, job, location_panels
from clinic.people.models import Modality, User
from clinic.places import services
from clinic.places.models import Location, Room, zone_names


def zones() -> list[tuple[str, str]]:
    """Every IANA zone, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(zone_names())]


class LocationForm(ConsoleModelForm):
    timezone = forms.ChoiceField(label="Time zone", choices=zones)
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    brand_colour = forms.CharField(
        label="Colour",
        widget=forms.ColorInput(attrs={"class": "m-colour"}),
        help_text="Buttons and links in mail and on patients’ pages; a nearby shade where it could not be read.",
    )
    new_logo = forms.FileField(
        label="Logo",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text="A PNG, JPEG or WebP; shown at most 240 by 64 pixels large above every mail and patients’ page.",
    )
    remove_logo = forms.BooleanField(label="No logo any more: show the name", required=False)
    refusal_names = {"logo": "new_logo"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in HELP.keys() & self.fields.keys():
            self.fields[name].help_text = HELP[name]
        if "remove_logo" in self.fields and not self.instance.logo:
            self.fields["remove_logo"].disabled = True

    def clean(self) -> dict[str, Any]:
        """A `logo` only where there is something to change about it."""
        cleaned = super().clean()
        upload, is_removed = cleaned.pop("new_logo", None), cleaned.pop("remove_logo", False)
        if upload is not None:
            cleaned["logo"] = upload
        elif is_removed:
            cleaned["logo"] = None
        return cleaned


HELP = {
    "mail_name": "Mail and calendar entries travel through other people’s hands: what it is called there tells "
    "nothing of what is treated. Empty: its name.",
    "slot_minutes": "Visits start every so many minutes, counted from midnight.",
    "lead_minutes": "So many minutes before its start a visit can still be booked. 0: until it starts; 120: a visit of "
    "the same day is booked two hours ahead at the latest.",
}


@admin.register(Location)
class LocationAdmin(SetUpAdmin):
    form = LocationForm
    change_form_template = "console/location.html"
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
        (
            "How its mail looks",
            {
                "fields": ("mail_name", "brand_colour", "new_logo", "remove_logo"),
                "description": "Once it is saved, a mail as it looks stands at the end of this page.",
            },
        ),
        (
            "When it is mailed, and patients' own pages",
            {
                "fields": (("quiet_from", "quiet_until"), "patient_cancel_hours"),
                "description": "What is sent, and when, stands under Message policies.",
            },
        ),
        ("Calendar feeds", {"fields": ("names_in_feeds",)}),
    )

    @display(description="Time zone", ordering="timezone")
    def zone_shown(self, location: Location) -> str:
        return location.timezone

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["blocks"] = location_panels(reader(), row) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

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
