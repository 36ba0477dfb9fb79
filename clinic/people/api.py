"""Practitioners over HTTP."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from clinic.access.visibility import visible
from clinic.api.fields import FlagField, TextField, VisibleRelatedField
from clinic.api.filters import FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet
from clinic.people import services
from clinic.people.models import Modality, Practitioner, Qualification
from clinic.people.queries import practitioners_in_full, qualified, working_at
from clinic.people.services import QualificationInput
from clinic.places.models import Location


class QualificationSerializer(RecordSerializer):
    """A modality, and the days between which the qualification holds."""

    class Meta:
        model = Qualification
        fields = ("modality", "valid_from", "valid_until")


class PractitionerSerializer(RecordSerializer):
    display_name = serializers.CharField(source="__str__", help_text="As patients read it.")
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    modalities = serializers.SerializerMethodField()
    qualifications = QualificationSerializer(many=True)
    locations = serializers.SerializerMethodField(help_text="Where they practise, of those you may see.")

    class Meta:
        model = Practitioner
        fields = (
            "id",
            "display_name",
            "title",
            "first_name",
            "last_name",
            "is_bookable",
            "modalities",
            "qualifications",
            "locations",
        )
        read_only_fields = fields

    def get_modalities(self, practitioner: Practitioner) -> list[str]:
        return [qualification.modality for qualification in practitioner.qualifications.all()]

    def get_locations(self, practitioner: Practitioner) -> list[UUID]:
        asking = self.context["request"].user
        places = [membership.location_id for membership in practitioner.user.works_at]  # type: ignore[attr-defined]
        return [place for place in places if asking.is_superuser or place in asking.roles_by_location]


class PractitionerChanges(serializers.Serializer[Any]):
    title = TextField(required=False, allow_blank=True, max_length=20)
    first_name = TextField(required=False, max_length=100)
    last_name = TextField(required=False, max_length=100)
    is_bookable = FlagField(required=False)
    qualifications = QualificationSerializer(
        many=True, required=False, help_text="All of them: they replace the present."
    )


class PractitionerInput(PractitionerChanges):
    email = serializers.EmailField(help_text="To sign in with; somebody who does already becomes a practitioner.")
    locations = serializers.ListField(
        child=VisibleRelatedField(queryset=Location.objects.all()),
        required=False,
        allow_empty=False,
        help_text="Where they practise; without it, where you may add practitioners.",
    )


class PractitionerFilter(FilterSet):
    location = IdFilter(method="at_location")
    modality = django_filters.ChoiceFilter(choices=Modality.choices, method="with_modality")
    is_bookable = django_filters.BooleanFilter()

    def at_location(self, rows: QuerySet[Practitioner], name: str, location_id: UUID) -> QuerySet[Practitioner]:
        return working_at(rows, location_id)

    def with_modality(self, rows: QuerySet[Practitioner], name: str, modality: str) -> QuerySet[Practitioner]:
        return qualified(rows, modality)


class PractitionerViewSet(Creates, Changes, ResourceViewSet):
    """Clinicians whose time can be booked."""

    model = Practitioner
    output = PractitionerSerializer
    create_input = PractitionerInput
    change_input = PractitionerChanges
    filterset_class = PractitionerFilter
    ordering = ("user__last_name", "user__first_name")

    def rows(self) -> QuerySet[Practitioner]:
        return practitioners_in_full()

    def check_place(self, data: Mapping[str, Any]) -> None:
        if not all(self.may_at(place.pk) for place in data.get("locations", ())):
            raise PermissionDenied

    def perform_create(self, data: dict[str, Any]) -> Practitioner:
        places = data.pop("locations", None) or visible(Location.objects.all(), self.user, "change")
        return services.practitioner_create(locations=places, **_with_qualifications(data))

    def perform_change(self, row: Practitioner, data: dict[str, Any]) -> Practitioner:
        return services.practitioner_update(practitioner_id=row.pk, changes=_with_qualifications(data))


def _with_qualifications(data: dict[str, Any]) -> dict[str, Any]:
    if "qualifications" in data:
        data["qualifications"] = [QualificationInput(**given) for given in data["qualifications"]]
    return data
