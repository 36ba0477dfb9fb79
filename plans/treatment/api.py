"""Plans and sessions, with one act for each transition."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from clinic.api.fields import DayField, InstantField, TextField, VisibleRelatedField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, ResourceViewSet, Written, act
from clinic.errors import SoftWarning
from clinic.people.models import Modality, Practitioner
from plans.followups.models import FollowUp
from plans.protocols.models import Protocol
from plans.treatment.models import (
    ComponentWarning,
    ExosomeRecord,
    MicroneedlingRecord,
    ProcedureSession,
    PrpRecord,
    PrpSpin,
    SessionComponent,
    StemCellRecord,
    TreatmentPlan,
    Zone,
)
from plans.treatment.queries import plans_in_full, sessions_in_full, shown_status
from plans.treatment.services import (
    ComponentInput,
    ConsentInput,
    plan_accept,
    plan_complete,
    plan_create,
    plan_decline,
    plan_discontinue,
    plan_edit,
    plan_hold,
    plan_propose,
    plan_resume,
    plan_revise,
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_sign,
    session_start,
)

SESSION_STATUSES = [("scheduled", "Scheduled"), *ProcedureSession.Status.choices]


# Records: the same shapes in and out.


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
    quantity = serializers.DecimalField(max_digits=9, decimal_places=2, min_value=0)


class ComponentShape(serializers.Serializer[Any]):
    """One charted modality; its record is validated in the shape of that modality."""

    modality = serializers.ChoiceField(choices=Modality.choices)
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


class PlannedComponentSerializer(RecordSerializer):
    class Meta:
        model = SessionComponent
        fields = read_only_fields = ("id", "modality", "position")


# Plans


class PlanSessionSerializer(RecordSerializer):
    """A session as its plan lists it."""

    status = serializers.SerializerMethodField()
    components = PlannedComponentSerializer(many=True, read_only=True)

    class Meta:
        model = ProcedureSession
        fields = read_only_fields = (
            "id",
            "sequence",
            "title",
            "target_date",
            "window_start",
            "window_end",
            "status",
            "duration_minutes",
            "performed_at",
            "components",
        )

    def get_status(self, session: ProcedureSession) -> str:
        """The status; *scheduled* where a live appointment exists."""
        return shown_status(session)


class PlanFollowUpSerializer(RecordSerializer):
    """A follow-up as its plan lists it."""

    state = serializers.ChoiceField(choices=FollowUp.State.choices, read_only=True)

    class Meta:
        model = FollowUp
        fields = read_only_fields = (
            "id",
            "sequence",
            "title",
            "target_date",
            "window_start",
            "window_end",
            "state",
            "duration_minutes",
        )


class PlanSerializer(RecordSerializer):
    protocol = serializers.CharField(source="protocol.code", read_only=True)
    protocol_version = serializers.IntegerField(source="protocol.version_number", read_only=True)
    title = serializers.CharField(source="protocol.title", read_only=True)
    sessions = PlanSessionSerializer(many=True, read_only=True)
    follow_ups = PlanFollowUpSerializer(many=True, read_only=True)

    class Meta:
        model = TreatmentPlan
        fields = read_only_fields = (
            "id",
            "patient",
            "consultation",
            "protocol",
            "protocol_version",
            "title",
            "lead_practitioner",
            "location",
            "start_date",
            "status",
            "revision",
            "proposed_at",
            "accepted_on",
            "expectation_as_shown",
            "declined_at",
            "activated_at",
            "held_at",
            "completed_at",
            "discontinued_at",
            "status_reason",
            "sessions",
            "follow_ups",
        )
        clinical_fields = ("consultation", "expectation_as_shown", "status_reason")


class CurrentProtocolField(serializers.SlugRelatedField[Protocol]):
    """A protocol by its code: the version that new plans take."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=Protocol.objects.filter(is_current=True), **kwargs)


class PlanInput(RecordSerializer):
    protocol = CurrentProtocolField()

    class Meta:
        model = TreatmentPlan
        fields = ("consultation", "protocol", "lead_practitioner", "start_date")


class PlanChanges(RecordSerializer):
    protocol = CurrentProtocolField()

    class Meta:
        model = TreatmentPlan
        fields = ("protocol", "lead_practitioner", "start_date")


class ConsentShape(serializers.Serializer[Any]):
    modality = serializers.ChoiceField(choices=Modality.choices)
    document_version = TextField(max_length=20)
    signed_name = TextField(max_length=200)


class AcceptInput(serializers.Serializer[Any]):
    accepted_on = DayField()
    consents = ConsentShape(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "consents": [ConsentInput(**consent) for consent in attrs["consents"]]}


class ReasonInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500)


class OptionalReasonInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500, required=False, allow_blank=True, default="")


class ReviseInput(ReasonInput):
    protocol = CurrentProtocolField(required=False)
    lead_practitioner = VisibleRelatedField(queryset=Practitioner.objects.all(), required=False)


class PlanFilter(FilterSet):
    patient = IdFilter()
    location = IdFilter()
    lead_practitioner = IdFilter()
    status = ChoicesFilter(choices=TreatmentPlan.Status.choices)


class PlanViewSet(Creates, Changes, ResourceViewSet):
    """Personalised courses of care."""

    model = TreatmentPlan
    output = PlanSerializer
    create_input = PlanInput
    change_input = PlanChanges
    filterset_class = PlanFilter
    ordering_fields = ("start_date", "created_at")

    def rows(self) -> QuerySet[TreatmentPlan]:
        return plans_in_full()

    def place_of(self, data: Any) -> Any:
        return data["consultation"].location_id

    def perform_create(self, data: dict[str, Any]) -> Written:
        return plan_create(by=self.user, **data)

    def perform_change(self, row: TreatmentPlan, data: dict[str, Any]) -> Written:
        return plan_edit(plan_id=row.pk, changes=data)

    @act("propose")
    def propose(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Put the draft before the patient."""
        return plan_propose(plan_id=row.pk)

    @act("accept", body=AcceptInput)
    def accept(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """The patient accepts, with a consent for each modality."""
        return plan_accept(plan_id=row.pk, by=self.user, **data)

    @act("decline", body=OptionalReasonInput)
    def decline(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """The patient declines."""
        return plan_decline(plan_id=row.pk, **data)

    @act("hold", body=ReasonInput)
    def hold(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Pause: booked visits stay, nothing falls due."""
        return plan_hold(plan_id=row.pk, **data)

    @act("resume")
    def resume(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Go on after a hold."""
        return plan_resume(plan_id=row.pk)

    @act("revise", body=ReviseInput)
    def revise(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Change what the plan follows; a proposed plan goes back to draft."""
        return plan_revise(plan_id=row.pk, by=self.user, **data)

    @act("discontinue", body=ReasonInput)
    def discontinue(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """End the plan before its end, with everything that is still owed."""
        return plan_discontinue(plan_id=row.pk, by=self.user, **data)

    @act("complete")
    def complete(self, row: TreatmentPlan, data: dict[str, Any]) -> TreatmentPlan:
        """Close a plan of which nothing is owed any more."""
        return plan_complete(plan_id=row.pk, by=self.user)


# Sessions


class SessionSerializer(RecordSerializer):
    status = serializers.SerializerMethodField()
    patient = serializers.PrimaryKeyRelatedField[Any](source="plan.patient", read_only=True)
    location = serializers.PrimaryKeyRelatedField[Any](source="plan.location", read_only=True)
    components = ComponentSerializer(many=True, read_only=True)

    class Meta:
        model = ProcedureSession
        fields = read_only_fields = (
            "id",
            "plan",
            "patient",
            "location",
            "sequence",
            "title",
            "duration_minutes",
            "target_date",
            "window_start",
            "window_end",
            "pinned_on",
            "status",
            "replaces",
            "started_at",
            "performed_at",
            "aborted_at",
            "abort_reason",
            "cancelled_at",
            "cancel_reason",
            "operator",
            "zones",
            "pain_0_10",
            "deviations",
            "signed_at",
            "signed_by",
            "amended_at",
            "components",
        )
        clinical_fields = (
            "abort_reason",
            "cancel_reason",
            "zones",
            "pain_0_10",
            "deviations",
            "components",
        )

    def get_status(self, session: ProcedureSession) -> str:
        """The status; *scheduled* where a live appointment exists."""
        return shown_status(session)


class ObservationsInput(serializers.Serializer[Any]):
    zones = serializers.ListField(child=serializers.ChoiceField(choices=Zone.choices))
    pain_0_10 = serializers.IntegerField(min_value=0, max_value=10, required=False, allow_null=True)


class PerformInput(ObservationsInput):
    performed_at = InstantField()
    components = ComponentShape(many=True)
    deviations = TextField(max_length=4000, required=False, allow_blank=True)
    operator = VisibleRelatedField(queryset=Practitioner.objects.all(), required=False)
    adverse_events = serializers.ListField(
        max_length=0, required=False, help_text="Refused until adverse events have a place: none is lost unseen."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("adverse_events", None)
        return {**attrs, "components": [ComponentInput(**component) for component in attrs["components"]]}


class AbortInput(ObservationsInput):
    reason = TextField(max_length=500)
    zones = serializers.ListField(child=serializers.ChoiceField(choices=Zone.choices), required=False)
    components = ComponentShape(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "components": [ComponentInput(**component) for component in attrs.get("components", [])]}


class SessionAmendInput(ObservationsInput):
    reason = TextField(max_length=2000)
    performed_at = InstantField(required=False)
    zones = serializers.ListField(child=serializers.ChoiceField(choices=Zone.choices), required=False)
    deviations = TextField(max_length=4000, required=False, allow_blank=True)
    components = ComponentShape(many=True, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context = {**self._context, "partial_records": True}


class SessionFilter(FilterSet):
    plan = IdFilter()
    patient = IdFilter(field_name="plan__patient")
    location = IdFilter(field_name="plan__location")
    status = ChoicesFilter(choices=SESSION_STATUSES, method="shown_as", label="As shown: *scheduled* is its own.")

    def shown_as(self, sessions: QuerySet[Any], name: str, values: list[str]) -> QuerySet[Any]:
        planned = ProcedureSession.Status.PLANNED
        wanted = Q(status__in=set(values) - {"scheduled", planned})
        if "scheduled" in values:
            wanted |= Q(status=planned, is_scheduled=True)
        if planned in values:
            wanted |= Q(status=planned, is_scheduled=False)
        return sessions.filter(wanted)


class SessionViewSet(ResourceViewSet):
    """Sessions of plans, with what was given in them."""

    model = ProcedureSession
    output = SessionSerializer
    filterset_class = SessionFilter
    ordering = ("target_date",)
    ordering_fields = ("target_date", "window_end")

    def rows(self) -> QuerySet[ProcedureSession]:
        return sessions_in_full()

    @act("start")
    def start(self, row: ProcedureSession, data: dict[str, Any]) -> ProcedureSession:
        """Begin the session."""
        return session_start(session_id=row.pk, by=self.user)

    @act("perform", body=PerformInput)
    def perform(self, row: ProcedureSession, data: dict[str, Any]) -> Written:
        """Chart what was given."""
        return _with_warnings(session_perform(session_id=row.pk, by=self.user, **data))

    @act("abort", body=AbortInput)
    def abort(self, row: ProcedureSession, data: dict[str, Any]) -> Written:
        """Stop the session, with what was given until then; its step is owed again."""
        return _with_warnings(session_abort(session_id=row.pk, by=self.user, **data))

    @act("cancel", body=ReasonInput)
    def cancel(self, row: ProcedureSession, data: dict[str, Any]) -> ProcedureSession:
        """Drop a session that is not needed."""
        return session_cancel(session_id=row.pk, by=self.user, **data)

    @act("sign")
    def sign(self, row: ProcedureSession, data: dict[str, Any]) -> ProcedureSession:
        """Close the record."""
        return session_sign(session_id=row.pk, by=self.user)

    @act("amend", body=SessionAmendInput)
    def amend(self, row: ProcedureSession, data: dict[str, Any]) -> Written:
        """Change a signed record, with the reason."""
        reason = data.pop("reason")
        return _with_warnings(session_amend(session_id=row.pk, by=self.user, reason=reason, changes=data))


def _with_warnings(session: ProcedureSession) -> tuple[ProcedureSession, list[SoftWarning]]:
    stored = ComponentWarning.objects.filter(component__session=session)
    return session, [SoftWarning(warning.attr, warning.code, warning.detail) for warning in stored]
