"""The shapes of what was given: each modality's record, the same in and out, and the component that holds it."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from clinic.api.fields import ChoiceField, DecimalField
from clinic.api.serializers import RecordSerializer
from clinic.people.models import Modality
from plans.treatment.models import (
    ComponentWarning,
    ExosomeRecord,
    MicroneedlingRecord,
    PrpRecord,
    PrpSpin,
    SessionComponent,
    StemCellRecord,
)


class PrpSpinSerializer(RecordSerializer):
    class Meta:
        model = PrpSpin
        fields = ("rcf_g", "minutes")


class PrpRecordSerializer(RecordSerializer):
    spins = PrpSpinSerializer(many=True)

    class Meta:
        model = PrpRecord
        exclude = ("id", "version", "component", "created_at", "updated_at")


class StemCellRecordSerializer(RecordSerializer):
    class Meta:
        model = StemCellRecord
        exclude = ("id", "version", "component", "created_at", "updated_at")


class MicroneedlingRecordSerializer(RecordSerializer):
    class Meta:
        model = MicroneedlingRecord
        exclude = ("id", "version", "component", "created_at", "updated_at")


class ExosomeRecordSerializer(RecordSerializer):
    class Meta:
        model = ExosomeRecord
        exclude = ("id", "version", "component", "created_at", "updated_at")


RECORD_SHAPES: dict[str, type[RecordSerializer]] = {
    Modality.PRP: PrpRecordSerializer,
    Modality.STEM_CELL: StemCellRecordSerializer,
    Modality.MICRONEEDLING: MicroneedlingRecordSerializer,
    Modality.EXOSOME: ExosomeRecordSerializer,
}
"""The shape of each modality's record."""


RECORD_SCHEMA = PolymorphicProxySerializer(
    component_name="Record", serializers=list(RECORD_SHAPES.values()), resource_type_field_name=None
)


@extend_schema_field(RECORD_SCHEMA)
class RecordField(serializers.DictField):
    """The fields of the record of the component's modality."""


class LotSerializer(serializers.Serializer[Any]):
    lot = serializers.UUIDField()
    quantity = DecimalField(max_digits=9, decimal_places=2, min_value=0)


class ComponentShape(serializers.Serializer[Any]):
    """One charted modality; its record is validated in the shape of that modality."""

    modality = ChoiceField(choices=Modality.choices)
    record = RecordField()
    lots = LotSerializer(many=True, required=False)
    preparation = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        partial = self.context.get("partial_records", False)
        shape = RECORD_SHAPES[attrs["modality"]](data=attrs["record"], partial=partial, context=self.context)
        if not shape.is_valid():
            raise serializers.ValidationError({"record": shape.errors})
        return {**attrs, "record": shape.validated_data}


class WarningSerializer(RecordSerializer):
    class Meta:
        model = ComponentWarning
        fields = read_only_fields = ("attr", "code", "detail")


class ComponentSerializer(RecordSerializer):
    record = serializers.SerializerMethodField()
    warnings = WarningSerializer(many=True, read_only=True)

    class Meta:
        model = SessionComponent
        fields = read_only_fields = ("id", "modality", "position", "record", "warnings")

    @extend_schema_field(RECORD_SCHEMA)
    def get_record(self, component: SessionComponent) -> dict[str, Any] | None:
        """The record of this component's modality, once it was given."""
        record = getattr(component, component.modality, None)
        return RECORD_SHAPES[component.modality](record, context=self.context).data if record else None
