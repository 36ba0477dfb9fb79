"""Locations, rooms and working time over HTTP: hours, breaks, extra hours, closures and time off."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied

from clinic.access.visibility import may
from clinic.api.filters import FilterSet, IdFilter, InstantFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, Deletes, ResourceViewSet, Written
from clinic.people.models import Practitioner
from clinic.people.queries import working_at
from clinic.places import services
from clinic.places.models import Break, Closure, ExtraHours, Location, OpeningHours, Room, TimeOff


class LocationSerializer(RecordSerializer):
    class Meta:
        model = Location
        fields = ("id", *services.LOCATION_FIELDS)


class LocationViewSet(Creates, Changes, ResourceViewSet):
    """The clinic's sites. Each has a time zone, which decides every local date and time of what happens there."""

    model = Location
    output = create_input = change_input = LocationSerializer
    ordering = ("position", "name")

    def check_place(self, data: Mapping[str, Any]) -> None:
        """A manager of any location may open another."""

    def perform_create(self, data: dict[str, Any]) -> Location:
        return services.location_create(by=self.user, **data)

    def perform_change(self, row: Location, data: dict[str, Any]) -> Written:
        return services.location_update(location_id=row.pk, changes=data)


class RoomSerializer(RecordSerializer):
    class Meta:
        model = Room
        fields = ("id", "location", *services.ROOM_FIELDS)


class RoomChanges(RecordSerializer):
    class Meta:
        model = Room
        fields = services.ROOM_FIELDS


class RoomFilter(FilterSet):
    location = IdFilter(field_name="location_id")
    is_bookable = django_filters.BooleanFilter()


class RoomViewSet(Creates, Changes, ResourceViewSet):
    """Rooms, each for one visit at a time. `modalities` are those that can be performed there."""

    model = Room
    output = create_input = RoomSerializer
    change_input = RoomChanges
    filterset_class = RoomFilter
    ordering = ("location__position", "position", "name")

    def rows(self) -> QuerySet[Room]:
        return Room.objects.select_related("location")

    def perform_create(self, data: dict[str, Any]) -> Room:
        return services.room_create(**data)

    def perform_change(self, row: Room, data: dict[str, Any]) -> Room:
        return services.room_update(room_id=row.pk, changes=data)


class OpeningHoursSerializer(RecordSerializer):
    class Meta:
        model = OpeningHours
        fields = ("id", "location", "practitioner", *services.OPENING_HOURS_FIELDS)


class OpeningHoursChanges(RecordSerializer):
    class Meta:
        model = OpeningHours
        fields = services.OPENING_HOURS_FIELDS


class OpeningHoursFilter(FilterSet):
    location = IdFilter(field_name="location_id")
    practitioner = IdFilter(field_name="practitioner_id")
    weekday = django_filters.NumberFilter(min_value=1, max_value=7)


class OpeningHoursViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Weekly periods of wall-clock time, of a location or of a practitioner there. Monday is 1."""

    model = OpeningHours
    output = create_input = OpeningHoursSerializer
    change_input = OpeningHoursChanges
    filterset_class = OpeningHoursFilter
    ordering = ("weekday", "opens_at")

    def perform_create(self, data: dict[str, Any]) -> Written:
        return services.opening_hours_create(**data)

    def perform_change(self, row: OpeningHours, data: dict[str, Any]) -> Written:
        return services.opening_hours_update(opening_hours_id=row.pk, changes=data)

    def perform_delete(self, row: OpeningHours) -> None:
        services.opening_hours_delete(opening_hours_id=row.pk)


class BreakSerializer(RecordSerializer):
    class Meta:
        model = Break
        fields = ("id", "location", "practitioner", *services.BREAK_FIELDS)


class BreakChanges(RecordSerializer):
    class Meta:
        model = Break
        fields = services.BREAK_FIELDS


class BreakFilter(FilterSet):
    location = IdFilter(field_name="location_id")
    practitioner = IdFilter(field_name="practitioner_id")
    weekday = django_filters.NumberFilter(min_value=1, max_value=7)


class BreakViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Weekly pauses of wall-clock time, of a location or of a practitioner there. Monday is 1."""

    model = Break
    output = create_input = BreakSerializer
    change_input = BreakChanges
    filterset_class = BreakFilter
    ordering = ("weekday", "starts_at")

    def perform_create(self, data: dict[str, Any]) -> Written:
        return services.break_create(**data)

    def perform_change(self, row: Break, data: dict[str, Any]) -> Written:
        return services.break_update(break_id=row.pk, changes=data)

    def perform_delete(self, row: Break) -> None:
        services.break_delete(break_id=row.pk)


class ExtraHoursSerializer(RecordSerializer):
    class Meta:
        model = ExtraHours
        fields = ("id", "location", "practitioner", *services.EXTRA_HOURS_FIELDS)


class ExtraHoursChanges(RecordSerializer):
    class Meta:
        model = ExtraHours
        fields = services.EXTRA_HOURS_FIELDS


class ExtraHoursFilter(FilterSet):
    location = IdFilter(field_name="location_id")
    practitioner = IdFilter(field_name="practitioner_id")
    on = django_filters.DateFilter()
    on_after = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="On that date or later.")
    on_before = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="On that date or earlier.")


class ExtraHoursViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Dates on which a location, or one practitioner there, is open besides the weekly hours."""

    model = ExtraHours
    output = create_input = ExtraHoursSerializer
    change_input = ExtraHoursChanges
    filterset_class = ExtraHoursFilter
    ordering = ("on", "opens_at")
    ordering_fields = ("on",)

    def perform_create(self, data: dict[str, Any]) -> Written:
        return services.extra_hours_create(**data)

    def perform_change(self, row: ExtraHours, data: dict[str, Any]) -> Written:
        return services.extra_hours_update(extra_hours_id=row.pk, changes=data)

    def perform_delete(self, row: ExtraHours) -> None:
        services.extra_hours_delete(extra_hours_id=row.pk)


class ClosureSerializer(RecordSerializer):
    class Meta:
        model = Closure
        fields = ("id", "location", *services.PERIOD_FIELDS)


class ClosureChanges(RecordSerializer):
    class Meta:
        model = Closure
        fields = services.PERIOD_FIELDS


class ClosureFilter(FilterSet):
    location = IdFilter(field_name="location_id")
    starts_before = InstantFilter(field_name="starts_at", lookup_expr="lt")
    ends_after = InstantFilter(field_name="ends_at", lookup_expr="gt")


class ClosureViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Times at which a location is closed although its hours say open."""

    model = Closure
    output = create_input = ClosureSerializer
    change_input = ClosureChanges
    filterset_class = ClosureFilter
    ordering = ("starts_at",)
    ordering_fields = ("starts_at", "ends_at")

    def perform_create(self, data: dict[str, Any]) -> Written:
        return services.closure_create(**data)

    def perform_change(self, row: Closure, data: dict[str, Any]) -> Written:
        return services.closure_update(closure_id=row.pk, changes=data)

    def perform_delete(self, row: Closure) -> None:
        services.closure_delete(closure_id=row.pk)


class TimeOffSerializer(RecordSerializer):
    class Meta:
        model = TimeOff
        fields = ("id", "practitioner", *services.PERIOD_FIELDS)


class TimeOffChanges(RecordSerializer):
    class Meta:
        model = TimeOff
        fields = services.PERIOD_FIELDS


class TimeOffFilter(FilterSet):
    practitioner = IdFilter(field_name="practitioner_id")
    location = IdFilter(method="at_location")
    starts_before = InstantFilter(field_name="starts_at", lookup_expr="lt")
    ends_after = InstantFilter(field_name="ends_at", lookup_expr="gt")

    def at_location(self, rows: QuerySet[TimeOff], name: str, location_id: UUID) -> QuerySet[TimeOff]:
        return rows.filter(practitioner__in=working_at(Practitioner.objects.all(), location_id))


class TimeOffViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Times at which a practitioner does not work, at any location."""

    model = TimeOff
    output = create_input = TimeOffSerializer
    change_input = TimeOffChanges
    filterset_class = TimeOffFilter
    ordering = ("starts_at",)
    ordering_fields = ("starts_at", "ends_at")

    def check_place(self, data: Mapping[str, Any]) -> None:
        if not may(self.user, "add", data["practitioner"], resource="clinic.timeoff"):
            raise PermissionDenied

    def perform_create(self, data: dict[str, Any]) -> Written:
        return services.time_off_create(**data)

    def perform_change(self, row: TimeOff, data: dict[str, Any]) -> Written:
        return services.time_off_update(time_off_id=row.pk, changes=data)

    def perform_delete(self, row: TimeOff) -> None:
        services.time_off_delete(time_off_id=row.pk)
