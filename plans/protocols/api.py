"""Protocols, as versioned templates."""

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.filters import FilterSet
from clinic.api.serializers import RecordSerializer
from clinic.api.views import ResourceViewSet
from plans.protocols.models import Protocol, ProtocolStep, StepComponent
from plans.protocols.queries import protocols_with_steps


class StepComponentSerializer(RecordSerializer):
    class Meta:
        model = StepComponent
        fields = read_only_fields = ("modality", "position")


class StepSerializer(RecordSerializer):
    components = StepComponentSerializer(many=True, read_only=True)

    class Meta:
        model = ProtocolStep
        fields = read_only_fields = (
            "id",
            "position",
            "kind",
            "title",
            "anchor",
            "offset_months",
            "offset_days",
            "tolerance_before_days",
            "tolerance_after_days",
            "minimum_interval_days",
            "advised_interval_days",
            "repetitions",
            "duration_minutes",
            "components",
        )


class ProtocolSerializer(RecordSerializer):
    version = serializers.IntegerField(source="version_number", read_only=True)
    steps = StepSerializer(many=True, read_only=True)

    class Meta:
        model = Protocol
        fields = read_only_fields = (
            "id",
            "code",
            "version",
            "title",
            "description",
            "expectation",
            "evidence",
            "is_current",
            "steps",
        )


class ProtocolFilter(FilterSet):
    code = django_filters.CharFilter(label="The protocol's code.")
    is_current = django_filters.BooleanFilter(label="Only the versions that new plans take, or only the others.")


class ProtocolViewSet(ResourceViewSet):
    """Versioned templates of a course of care."""

    model = Protocol
    output = ProtocolSerializer
    filterset_class = ProtocolFilter
    ordering = ("code", "-version_number")

    def rows(self) -> QuerySet[Protocol]:
        return protocols_with_steps()
