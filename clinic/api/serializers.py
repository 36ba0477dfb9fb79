"""Bases for the shapes of input and output."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import models
from rest_framework import serializers

from clinic.access.visibility import may
from clinic.api.fields import (
    ChoiceField,
    DayField,
    DecimalField,
    FlagField,
    InstantField,
    TextField,
    VisibleRelatedField,
    WholeField,
)
from clinic.columns import number_of
from clinic.errors import Invalid

WHOLE_NUMBERS = (
    models.BigIntegerField,
    models.IntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.SmallIntegerField,
)


# Base of every shape that is a model's. (A docstring here would become each shape's description in the schema.)
#
# A model's fields by our own rules (clinic/api/fields.py). For output, list the fields and make all read-only.
#
# `Meta.clinical_fields` leaves out those fields for whoever lacks `view_clinical` where the row belongs.
class RecordSerializer(serializers.ModelSerializer[Any]):
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.BooleanField: FlagField,
        models.CharField: TextField,
        models.DateField: DayField,
        models.DateTimeField: InstantField,
        models.DecimalField: DecimalField,
        models.TextField: TextField,
        **dict.fromkeys(WHOLE_NUMBERS, WholeField),
    }
    serializer_choice_field = ChoiceField
    serializer_related_field = VisibleRelatedField

    def build_standard_field(self, field_name: str, model_field: "models.Field[Any, Any]") -> Any:
        """A number has the bounds of its column, those of the table's constraints among them."""
        field_class, options = super().build_standard_field(field_name, model_field)
        number = number_of(model_field)
        if number is not None and issubclass(field_class, DecimalField | WholeField):
            kind = Decimal if issubclass(field_class, DecimalField) else int
            for option, bound in (("min_value", number.limits.low), ("max_value", number.limits.high)):
                if bound.is_finite():
                    options[option] = kind(bound)
        return field_class, options

    def to_representation(self, instance: models.Model) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        hidden: Sequence[str] = getattr(self.Meta, "clinical_fields", ())
        if hidden and not self._is_clinical(instance):
            for name in hidden:
                shown.pop(name, None)
        return shown

    def _is_clinical(self, instance: models.Model) -> bool:
        request = self.context.get("request")
        return request is not None and may(request.user, "view_clinical", instance)


# Base of the parameters of a search. Each is called by its own name, as people write it in the address.
class QuerySerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.label = name
        return fields

    def check_known(self) -> None:
        """Raises `Invalid` for a parameter that this search does not take."""
        for name in self.initial_data:
            if name not in self.fields:
                says = f"Unknown parameter. This search takes: {', '.join(sorted(self.fields))}."
                raise Invalid(says, code="unknown_parameter", attr=name)


class NoInput(serializers.Serializer[Any]):
    """An act that needs no body."""
