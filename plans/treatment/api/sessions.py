"""Sessions of plans, with one act for each transition."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from clinic.api.fields import ChoiceField, DayField, InstantField, TextField, VisibleRelatedField, WholeField
from clinic.api.filters import ChoicesFilter, FilterSet, IdFilter
from clinic.api.serializers import RecordSerializer
from clinic.api.views import ResourceViewSet, Written, act
from clinic.errors import SoftWarning
from clinic.people.models import Practitioner
from plans.treatment.api.plans import ReasonInput
from plans.treatment.api.records import ComponentSerializer, ComponentShape
from plans.treatment.models import ComponentWarning, ProcedureSession, Zone
from plans.treatment.queries import early_warning, sessions_in_full, shown_status
from plans.treatment.ranges import PAIN
from plans.treatment.services import (
    ComponentInput,
    session_abort,
    session_amend,
    session_cancel,
    session_perform,
    session_pin,
    session_sign,
    session_start,
)

SESSION_STATUSES = [("scheduled", "Scheduled"), *ProcedureSession.Status.choices]


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
            "window_rule",
            "window_because",
            "pinned_on",
            "pin_reason",
            "pin_conflict",
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
            "pin_reason",
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
    zones = serializers.ListField(child=ChoiceField(choices=Zone.choices))
    pain_0_10 = WholeField(label=PAIN.label, min_value=0, max_value=10, required=False, allow_null=True)


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
    zones = serializers.ListField(child=ChoiceField(choices=Zone.choices), required=False)
    components = ComponentShape(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "components": [ComponentInput(**component) for component in attrs.get("components", [])]}


class SessionAmendInput(ObservationsInput):
    reason = TextField(max_length=2000)
    performed_at = InstantField(required=False)
    zones = serializers.ListField(child=ChoiceField(choices=Zone.choices), required=False)
    deviations = TextField(max_length=4000, required=False, allow_blank=True)
    components = ComponentShape(many=True, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context = {**self._context, "partial_records": True}


class PinInput(serializers.Serializer[Any]):
    pinned_on = DayField(allow_null=True, help_text="null takes the pin away.")
    reason = TextField(max_length=300)


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
        session, warnings = _with_warnings(session_perform(session_id=row.pk, by=self.user, **data))
        return session, [*warnings, *early_warning(session)]

    @act("abort", body=AbortInput)
    def abort(self, row: ProcedureSession, data: dict[str, Any]) -> Written:
        """Stop the session, with what was given until then; its step is owed again."""
        return _with_warnings(session_abort(session_id=row.pk, by=self.user, **data))

    @act("cancel", body=ReasonInput)
    def cancel(self, row: ProcedureSession, data: dict[str, Any]) -> ProcedureSession:
        """Drop a session that is not needed."""
        return session_cancel(session_id=row.pk, by=self.user, **data)

    @act("pin", body=PinInput)
    def pin(self, row: ProcedureSession, data: dict[str, Any]) -> ProcedureSession:
        """Aim the session at a date of one's own choice, or where the protocol puts it again; what follows it moves."""
        return session_pin(session_id=row.pk, by=self.user, **data)

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
