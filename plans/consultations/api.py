"""Consultations and the screening items they answer."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from clinic.api.fields import ChoiceField, InstantField, TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act
from clinic.errors import Invalid
from clinic.limits import quoted
from plans.consultations.models import Cause, Consultation, ConsultationAmendment, ScreeningItem
from plans.consultations.queries import consultations_in_full
from plans.consultations.rules import Answer
from plans.consultations.scales import Scale
from plans.consultations.services import (
    CauseInput,
    SeverityInput,
    consultation_amend,
    consultation_create,
    consultation_edit,
    consultation_sign,
)
from plans.scheduling.models import Appointment


class ScreeningItemSerializer(RecordSerializer):
    type = serializers.ChoiceField(source="kind", choices=ScreeningItem.Kind.choices, read_only=True)
    unremarkable = serializers.SerializerMethodField()

    class Meta:
        model = ScreeningItem
        fields = read_only_fields = (
            "id",
            "code",
            "label",
            "type",
            "unit",
            "severity",
            "modalities",
            "applies_to_sexes",
            "unremarkable",
            "block_below",
            "warn_below",
        )

    def get_unremarkable(self, item: ScreeningItem) -> bool | float:
        """The answer that raises nothing."""
        answer = item.unremarkable
        return answer if isinstance(answer, bool) else float(answer)


class ScreeningItemViewSet(ResourceViewSet):
    """The questions of the screening that are in use."""

    model = ScreeningItem
    output = ScreeningItemSerializer
    ordering = ("position", "code")

    def rows(self) -> QuerySet[ScreeningItem]:
        return ScreeningItem.objects.filter(is_active=True)


class CauseSerializer(RecordSerializer):
    class Meta:
        model = Cause
        fields = ("icd10", "factor", "is_primary")


class SeveritySerializer(serializers.Serializer[Any]):
    scale = ChoiceField(choices=Scale.choices)
    value = TextField(max_length=20)


class ScreeningField(serializers.DictField):
    """`{item code: true, false or a number}`."""

    child = serializers.JSONField()

    def to_internal_value(self, data: Any) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        faults = []
        for code, answer in super().to_internal_value(data).items():
            if isinstance(answer, bool):
                answers[code] = answer
            elif isinstance(answer, int | float | Decimal) and Decimal(str(answer)).is_finite():
                answers[code] = Decimal(str(answer))
            else:
                faults.append(
                    Invalid(
                        f"{quoted(answer)} is no answer; allowed is true, false or a number.", attr=f"screening.{code}"
                    )
                )
        Invalid.gather(faults)
        return answers


class AmendmentSerializer(RecordSerializer):
    class Meta:
        model = ConsultationAmendment
        fields = read_only_fields = ("reason", "amended_at", "amended_by")


class ConsultationSerializer(RecordSerializer):
    causes = CauseSerializer(many=True, read_only=True)
    severity = serializers.SerializerMethodField()
    screening = serializers.SerializerMethodField()
    amendments = AmendmentSerializer(many=True, read_only=True)
    appointment = serializers.SerializerMethodField()

    class Meta:
        model = Consultation
        fields = read_only_fields = (
            "id",
            "patient",
            "practitioner",
            "location",
            "appointment",
            "occurred_at",
            "status",
            "causes",
            "severity",
            "goals",
            "screening",
            "candidacy",
            "notes",
            "signed_at",
            "signed_by",
            "amended_at",
            "amendments",
        )

    def get_severity(self, consultation: Consultation) -> dict[str, str]:
        """`{scale, value}`."""
        return {"scale": consultation.severity_scale, "value": consultation.severity_value}

    def get_screening(self, consultation: Consultation) -> dict[str, bool | float]:
        """`{item code: true, false or a number}`."""
        return {
            answer.item.code: answer.boolean if answer.boolean is not None else float(answer.number or 0)
            for answer in consultation.screening_answers.all()
        }

    def get_appointment(self, consultation: Consultation) -> str | None:
        """The visit in which it took place, where one was booked."""
        appointment = getattr(consultation, "appointment", None)
        return str(appointment.pk) if appointment else None


class ConsultationChanges(RecordSerializer):
    causes = CauseSerializer(many=True)
    severity = SeveritySerializer()
    screening = ScreeningField()

    class Meta:
        model = Consultation
        fields: tuple[str, ...] = ("occurred_at", "causes", "severity", "goals", "screening", "candidacy", "notes")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "causes" in attrs:
            attrs["causes"] = [
                CauseInput(cause["icd10"], cause["factor"], cause.get("is_primary", False)) for cause in attrs["causes"]
            ]
        if "severity" in attrs:
            attrs["severity"] = SeverityInput(**attrs["severity"])
        return attrs


class ConsultationInput(ConsultationChanges):
    appointment = VisibleRelatedField(queryset=Appointment.objects.all(), required=False, allow_null=True)

    class Meta(ConsultationChanges.Meta):
        fields = ("patient", "practitioner", "location", "appointment", *ConsultationChanges.Meta.fields)


class AmendInput(ConsultationChanges):
    reason = TextField(max_length=2000)
    causes = CauseSerializer(many=True, required=False)
    severity = SeveritySerializer(required=False)
    screening = ScreeningField(required=False)
    occurred_at = InstantField(required=False)
    goals = TextField(required=False)
    candidacy = ChoiceField(choices=Consultation.Candidacy.choices, required=False)

    class Meta(ConsultationChanges.Meta):
        fields = ("reason", *ConsultationChanges.Meta.fields)


class ConsultationFilter(FilterSet):
    patient = IdFilter()
    practitioner = IdFilter()
    location = IdFilter()
    status = ChoicesFilter(choices=Consultation.Status.choices)
    candidacy = ChoicesFilter(choices=Consultation.Candidacy.choices)


class ConsultationViewSet(Creates, Changes, ResourceViewSet):
    """What was found and decided."""

    model = Consultation
    output = ConsultationSerializer
    create_input = ConsultationInput
    change_input = ConsultationChanges
    filterset_class = ConsultationFilter
    ordering = ("-occurred_at",)
    ordering_fields = ("occurred_at",)

    def rows(self) -> QuerySet[Consultation]:
        return consultations_in_full()

    def perform_create(self, data: dict[str, Any]) -> Written:
        appointment = data.pop("appointment", None)
        return consultation_create(by=self.user, appointment_id=appointment.pk if appointment else None, **data)

    def perform_change(self, row: Consultation, data: dict[str, Any]) -> Written:
        return consultation_edit(consultation_id=row.pk, changes=data)

    @act("sign")
    def sign(self, row: Consultation, data: dict[str, Any]) -> Consultation:
        """Sign a complete draft; from then on it changes only by amendment."""
        return consultation_sign(consultation_id=row.pk, by=self.user)

    @act("amend", body=AmendInput)
    def amend(self, row: Consultation, data: dict[str, Any]) -> Consultation:
        """Change a signed consultation, with the reason."""
        reason = data.pop("reason")
        return consultation_amend(consultation_id=row.pk, by=self.user, reason=reason, changes=data)
