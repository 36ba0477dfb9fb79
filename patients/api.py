"""Patients, their consents, and the documents they sign."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from clinic.api.fields import TextField, VisibleRelatedField
from clinic.api.filters import FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act, look
from patients.models import Consent, ConsentDocument, Guardian, Patient
from patients.queries import BY_RANK, documents_in_force, patients_in_full, search, standing
from patients.services import (
    GuardianInput,
    MergePreview,
    consent_give,
    consent_withdraw,
    patient_create,
    patient_merge,
    patient_merge_preview,
    patient_revoke_links,
    patient_update,
)


class GuardianSerializer(RecordSerializer):
    class Meta:
        model = Guardian
        fields = ("name", "relationship", "phone", "email")


class PatientSerializer(RecordSerializer):
    guardian = GuardianSerializer(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Patient
        fields = read_only_fields = (
            "id",
            "mrn",
            "first_name",
            "last_name",
            "date_of_birth",
            "sex",
            "home_location",
            "email",
            "phone",
            "language",
            "confidential_email",
            "email_opt_out",
            "unwanted_mail",
            "email_bounced_at",
            "preferred_weekdays",
            "preferred_from",
            "preferred_until",
            "guardian",
            "merged_into",
            "merged_at",
            "created_at",
            "updated_at",
        )


class PatientInput(RecordSerializer):
    first_name = TextField(max_length=100)
    last_name = TextField(max_length=100)
    guardian = GuardianSerializer(required=False, allow_null=True)

    class Meta:
        model = Patient
        fields = (
            "first_name",
            "last_name",
            "date_of_birth",
            "sex",
            "home_location",
            "email",
            "phone",
            "language",
            "confidential_email",
            "email_opt_out",
            "unwanted_mail",
            "preferred_weekdays",
            "preferred_from",
            "preferred_until",
            "guardian",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("guardian"):
            attrs["guardian"] = GuardianInput(**attrs["guardian"])
        return attrs


class PatientFilter(FilterSet):
    search = django_filters.CharFilter(
        method="find",
        label=(
            "Name (in any order, with a typo), record number, phone in any spelling or its last digits, email, or date "
            "of birth. The nearest come first, unless `ordering` says otherwise."
        ),
    )
    home_location = IdFilter()

    def find(self, patients: QuerySet[Patient], name: str, value: str) -> QuerySet[Patient]:
        return search(patients, value)


class ConsentSerializer(RecordSerializer):
    modality = serializers.CharField(source="document.modality", read_only=True)
    document_version = serializers.CharField(source="document.version_label", read_only=True)
    title = serializers.CharField(source="document.title", read_only=True)

    class Meta:
        model = Consent
        fields = read_only_fields = (
            "id",
            "patient",
            "document",
            "modality",
            "document_version",
            "title",
            "status",
            "signed_name",
            "signed_on",
            "withdrawn_at",
            "withdrawal_reason",
            "superseded_at",
        )
        clinical_fields = ("withdrawal_reason",)


class ConsentInput(RecordSerializer):
    class Meta:
        model = Consent
        fields = ("document", "signed_name", "signed_on")


class WithdrawInput(serializers.Serializer[Any]):
    reason = TextField(max_length=300, required=False, allow_blank=True, default="")


class RevokeInput(serializers.Serializer[Any]):
    reason = TextField(max_length=300, required=False, allow_blank=True, default="")


class MergeInput(serializers.Serializer[Any]):
    into = VisibleRelatedField(queryset=Patient.objects.all(), help_text="The record that stays.")
    reason = TextField(max_length=300, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A merge cannot be undone: whoever sends something else, such as `preview`, means something else."""
        unknown = {
            name: f"Unknown field. A merge takes {' and '.join(self.fields)}; GET shows what it would do."
            for name in self.initial_data
            if name not in self.fields
        }
        if unknown:
            raise serializers.ValidationError(unknown, "invalid")
        return attrs


class MergeQuery(serializers.Serializer[Any]):
    into = VisibleRelatedField(queryset=Patient.objects.all(), help_text="The record that would stay.")


class MovesSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    count = serializers.IntegerField()


class ObstacleSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class DoubtSerializer(serializers.Serializer[Any]):
    attr = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class MergePreviewSerializer(serializers.Serializer[Any]):
    """Both records, what of them differs, what the survivor takes over, what moves, and what is in the way."""

    patient = PatientSerializer()
    into = PatientSerializer()
    differs = serializers.ListField(child=serializers.CharField())
    filled = serializers.ListField(child=serializers.CharField())
    moves = serializers.SerializerMethodField()
    obstacles = ObstacleSerializer(many=True)
    warnings = DoubtSerializer(many=True)

    @extend_schema_field(MovesSerializer(many=True))
    def get_moves(self, preview: MergePreview) -> list[dict[str, Any]]:
        return [{"what": what, "count": count} for what, count in preview.moves]


class PatientViewSet(Creates, Changes, ResourceViewSet):
    """Who is cared for."""

    model = Patient
    output = PatientSerializer
    create_input = change_input = PatientInput
    filterset_class = PatientFilter
    ordering: Sequence[str] = ("last_name", "first_name")
    ordering_fields = ("last_name", "first_name", "date_of_birth", "created_at")

    def rows(self) -> QuerySet[Patient]:
        return standing(patients_in_full())

    def detail_rows(self) -> QuerySet[Patient]:
        return patients_in_full()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.request.query_params.get("search", "").strip():
            self.ordering = BY_RANK
        return super().filter_queryset(queryset)

    def perform_create(self, data: dict[str, Any]) -> Written:
        return patient_create(**data)

    def perform_change(self, row: Patient, data: dict[str, Any]) -> Written:
        home = data.get("home_location")
        if home is not None and not self.user.may("patients.patient", "change", home.pk):
            raise PermissionDenied
        return patient_update(patient_id=row.pk, changes=data)

    @look(resource="patients.consent", output=ConsentSerializer, many=True)
    def consents(self, row: Patient) -> QuerySet[Consent]:
        """The patient's consents, the newest first."""
        return Consent.objects.filter(patient=row).select_related("document")

    @act("add", resource="patients.consent", body=ConsentInput, output=ConsentSerializer, status=201, on=consents)
    def give_consent(self, row: Patient, data: dict[str, Any]) -> Consent:
        """Record a signature."""
        return consent_give(patient=row, by=self.user, **data)

    @act("change", body=RevokeInput)
    def revoke_links(self, row: Patient, data: dict[str, Any]) -> Patient:
        """Links in mails that went out before stop working; later mails carry new ones."""
        return patient_revoke_links(patient_id=row.pk, **data)

    @look("merge", output=MergePreviewSerializer, path="merge", query=MergeQuery)
    def merge_preview(self, row: Patient, asked: dict[str, Any]) -> MergePreview:
        """What merging this record into another one would do."""
        return patient_merge_preview(patient=row, by=self.user, **asked)

    @act("merge", body=MergeInput, on=merge_preview)
    def merge(self, row: Patient, data: dict[str, Any]) -> Patient:
        """Merge this record into another one of the same person; answers the one that stays."""
        return patient_merge(patient_id=row.pk, by=self.user, **data)


class ConsentViewSet(ResourceViewSet):
    """Signatures under consent documents."""

    model = Consent
    output = ConsentSerializer

    def rows(self) -> QuerySet[Consent]:
        return Consent.objects.select_related("document", "patient")

    @act("withdraw", body=WithdrawInput)
    def withdraw(self, row: Consent, data: dict[str, Any]) -> Consent:
        """The patient withdraws the consent."""
        return consent_withdraw(consent_id=row.pk, **data)


class ConsentDocumentSerializer(RecordSerializer):
    version = serializers.CharField(source="version_label", read_only=True)

    class Meta:
        model = ConsentDocument
        fields = read_only_fields = ("id", "modality", "version", "title", "text", "in_force_from")


class ConsentDocumentViewSet(ResourceViewSet):
    """The treatment documents in force, one a modality."""

    model = ConsentDocument
    output = ConsentDocumentSerializer
    ordering = ("modality",)

    def rows(self) -> QuerySet[ConsentDocument]:
        return documents_in_force()
