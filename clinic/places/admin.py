"""Locations, rooms and times in the console."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from clinic.console.base import SetUpAdmin
from clinic.console.filters import LocationFilter
from clinic.console.forms import ConsoleModelForm
from clinic.console.reader import reader
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.places import services
from clinic.places.models import Closure, Location, OpeningHours, Room, TimeOff, Weekday, zone_names


def zones() -> list[tuple[str, str]]:
    """Every IANA zone, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(zone_names())]


class LocationForm(ConsoleModelForm):
    timezone = forms.ChoiceField(label="Time zone", choices=zones)
    language = forms.ChoiceField(choices=settings.LANGUAGES)


@admin.register(Location)
class LocationAdmin(SetUpAdmin):
    form = LocationForm
    list_display = ("name", "city", "zone_shown", "phone", "email")
    fieldsets = (
        (None, {"fields": ("name", "timezone", "language", "position")}),
        ("How patients find and reach it", {"fields": ("street", "postal_code", "city", "country", "phone", "email")}),
        ("Booking", {"fields": ("slot_minutes", "lead_minutes", "grace_seconds")}),
    )

    @display(description="Time zone", ordering="timezone")
    def zone_shown(self, location: Location) -> str:
        return location.timezone

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Location:
        return services.location_create(by=cast(User, request.user), **data)

    def update(self, request: HttpRequest, row: Location, data: dict[str, Any]) -> Location:
        return services.location_update(location_id=row.pk, changes=data)


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


@admin.register(OpeningHours)
class OpeningHoursAdmin(SetUpAdmin):
    list_display = ("weekday_shown", "hours", "location", "whose", "valid_from", "valid_until")
    list_select_related = ("location", "practitioner__user")
    list_filter = (LocationFilter,)
    fields = ("location", "practitioner", "weekday", "opens_at", "closes_at", "valid_from", "valid_until")
    empty_reason = "No hours yet: without them nothing can be booked. Add a weekly period for each day you open."

    @display(description="Day", ordering="weekday")
    def weekday_shown(self, hours: OpeningHours) -> str:
        return str(Weekday(hours.weekday).label)

    @display(description="Hours", ordering="opens_at")
    def hours(self, hours: OpeningHours) -> str:
        return f"{hours.opens_at:%H:%M}–{hours.closes_at:%H:%M}"

    @display(description="Whose")
    def whose(self, hours: OpeningHours) -> str:
        return str(hours.practitioner or "The location")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location", "practitioner") if obj else ()

    def choices_of(self, name: str, related: Any) -> QuerySet[Any]:
        rows = super().choices_of(name, related)
        return rows.select_related("user") if name == "practitioner" else rows

    def create(self, request: HttpRequest, data: dict[str, Any]) -> OpeningHours:
        return services.opening_hours_create(**data)

    def update(self, request: HttpRequest, row: OpeningHours, data: dict[str, Any]) -> OpeningHours:
        return services.opening_hours_update(opening_hours_id=row.pk, changes=data)

    def delete_model(self, request: HttpRequest, obj: OpeningHours) -> None:
        services.opening_hours_delete(opening_hours_id=obj.pk)


class PeriodForm(ConsoleModelForm):
    local_times = ("starts_at", "ends_at")


@admin.register(Closure)
class ClosureAdmin(SetUpAdmin):
    form = PeriodForm
    list_display = ("reason", "location", "from_when", "until_when")
    list_select_related = ("location",)
    list_filter = (LocationFilter,)
    ordering = ("-starts_at",)
    fields = ("location", "starts_at", "ends_at", "reason")
    empty_reason = "No closures. Add one for a holiday or works: its time is not offered for booking."

    @display(description="From", ordering="starts_at")
    def from_when(self, closure: Closure) -> str:
        return reader().moment(closure.starts_at, closure.location.zone)

    @display(description="Until", ordering="ends_at")
    def until_when(self, closure: Closure) -> str:
        return reader().moment(closure.ends_at, closure.location.zone)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("location",) if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Closure:
        return services.closure_create(**data)

    def update(self, request: HttpRequest, row: Closure, data: dict[str, Any]) -> Closure:
        return services.closure_update(closure_id=row.pk, changes=data)

    def delete_model(self, request: HttpRequest, obj: Closure) -> None:
        services.closure_delete(closure_id=obj.pk)


@admin.register(TimeOff)
class TimeOffAdmin(SetUpAdmin):
    form = PeriodForm
    belongs_to_many = True
    list_display = ("practitioner", "from_when", "until_when", "reason")
    list_select_related = ("practitioner__user",)
    ordering = ("-starts_at",)
    fields = ("practitioner", "starts_at", "ends_at", "reason")
    empty_reason = "Nobody is away. Add time off, and that time is not offered for booking."

    @display(description="From", ordering="starts_at")
    def from_when(self, time_off: TimeOff) -> str:
        return reader().moment(time_off.starts_at)

    @display(description="Until", ordering="ends_at")
    def until_when(self, time_off: TimeOff) -> str:
        return reader().moment(time_off.ends_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("practitioner",) if obj else ()

    def choices_of(self, name: str, related: Any) -> QuerySet[Any]:
        return super().choices_of(name, related).select_related("user")

    def create(self, request: HttpRequest, data: dict[str, Any]) -> TimeOff:
        return services.time_off_create(**data)

    def update(self, request: HttpRequest, row: TimeOff, data: dict[str, Any]) -> TimeOff:
        return services.time_off_update(time_off_id=row.pk, changes=data)

    def delete_model(self, request: HttpRequest, obj: TimeOff) -> None:
        services.time_off_delete(time_off_id=obj.pk)


job(Job("Locations", "admin:clinic_location_changelist", "location_on", "clinic.location", 10, "set_up"))
job(Job("Rooms", "admin:clinic_room_changelist", "meeting_room", "clinic.room", 20, "set_up"))
job(Job("Opening hours", "admin:clinic_openinghours_changelist", "schedule", "clinic.openinghours", 50, "set_up"))
job(Job("Closures", "admin:clinic_closure_changelist", "event_busy", "clinic.closure", 60, "set_up"))
job(Job("Time off", "admin:clinic_timeoff_changelist", "beach_access", "clinic.timeoff", 70, "set_up"))
