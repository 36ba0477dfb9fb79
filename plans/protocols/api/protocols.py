"""Protocols: versions written as a whole, read, previewed, retired and deleted."""

from collections.abc import Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import Count, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from clinic import clock
from clinic.api.fields import DayField, DecimalField, TextField, WholeField
from clinic.api.filters import FilterSet
from clinic.api.parsers import printable
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Changes, Creates, Deletes, ResourceViewSet, Written, act
from clinic.audit.history import recorded
from clinic.errors import Invalid
from clinic.locking import lock
from clinic.people.models import Modality
from plans.protocols.drafts import StepInput
from plans.protocols.models import Protocol, ProtocolStep, StepComponent
from plans.protocols.preview import Preview, preview_of
from plans.protocols.queries import intervals_in_force, protocols_with_steps, step_inputs, topic_codes
from plans.protocols.services import protocol_delete, protocol_restore, protocol_retire, protocol_write
from plans.treatment.intervals import Component

TEXTS = ("title", "description", "expectation", "evidence")


class StepComponentSerializer(RecordSerializer):
    class Meta:
        model = StepComponent
        fields = read_only_fields = ("modality", "position", "needle_length_mm", "source")


class StepSerializer(RecordSerializer):
    components = StepComponentSerializer(many=True, read_only=True)
    care = serializers.SerializerMethodField()

    class Meta:
        model = ProtocolStep
        fields = read_only_fields = (
            "id",
            "position",
            "kind",
            "title",
            "anchor",
            "anchor_session",
            "offset_months",
            "offset_days",
            "tolerance_before_days",
            "tolerance_after_days",
            "minimum_interval_days",
            "advised_interval_days",
            "repetitions",
            "duration_minutes",
            "components",
            "care",
        )

    def get_care(self, step: ProtocolStep) -> list[str]:
        """The codes of its care advice, in the order in which it is read."""
        return [care.topic.code for care in step.care.all()]


class ProtocolSerializer(RecordSerializer):
    version = serializers.IntegerField(source="version_number", read_only=True)
    plan_count = serializers.IntegerField(read_only=True, help_text="How many plans follow this version.")
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
            "change_note",
            "made_by",
            "created_at",
            "plan_count",
            "steps",
        )


class Exact(serializers.Serializer[Any]):
    """Refuses by name what it does not know: a misspelt number would silently be its default."""

    what: ClassVar[str]
    also: ClassVar[frozenset[str]] = frozenset()
    """What the GET gives besides; it may come back with the rest, and says nothing."""

    def to_internal_value(self, data: Any) -> Any:
        known = ", ".join(self.fields)
        unknown = {
            printable(str(name)): [
                ErrorDetail(f"{self.what} has no “{printable(str(name))}”; it has {known}.", "unknown")
            ]
            for name in (data if isinstance(data, Mapping) else ())
            if name not in self.fields and name not in self.also
        }
        try:
            read = super().to_internal_value(data)
        except ValidationError as error:
            if not unknown or not isinstance(error.detail, dict):
                raise
            raise ValidationError({**error.detail, **unknown}) from error
        if unknown:
            raise ValidationError(unknown)
        return read


class ComponentInputSerializer(Exact):
    what = "A component"
    also = frozenset({"position"})

    modality = TextField(max_length=40, help_text=f"One of {', '.join(Modality.values)}.")
    needle_length_mm = DecimalField(
        max_digits=6, decimal_places=2, required=False, allow_null=True, help_text="For microneedling: 0.2 to 3."
    )
    source = TextField(  # type: ignore[assignment]
        max_length=40, required=False, allow_blank=True, help_text="For stem cells: adipose or bone_marrow."
    )


class StepInputSerializer(Exact):
    """As the GET gives a step. What its numbers may be depends on the others: the refusal says so for each step."""

    what = "A step"
    also = frozenset({"id"})

    position = WholeField(required=False, help_text="Its place in the list, counted from 1.")
    kind = TextField(max_length=40, help_text="session, maintenance, check_in, assessment or follow_up.")
    title = TextField(max_length=400, allow_blank=True)
    anchor = TextField(
        max_length=40,
        help_text="What it counts from: plan_start, previous_session, session, last_session or each_session.",
    )
    anchor_session = WholeField(
        required=False, allow_null=True, help_text="The session's number, where the anchor is `session`."
    )
    offset_months = WholeField(required=False, default=0, help_text="0 to 24.")
    offset_days = WholeField(required=False, default=0, help_text="0 to 730.")
    tolerance_before_days = WholeField(required=False, default=0)
    tolerance_after_days = WholeField(required=False, default=0)
    minimum_interval_days = WholeField(required=False, default=0, help_text="Earlier is blocked.")
    advised_interval_days = WholeField(
        required=False, help_text="Earlier is warned about; the minimum interval where it is left out."
    )
    repetitions = WholeField(required=False, default=1, help_text="1 to 24, for sessions.")
    duration_minutes = WholeField(
        required=False, allow_null=True, help_text="5 to 720 for a visit; none for a check-in."
    )
    components = ComponentInputSerializer(many=True, required=False)
    care = serializers.ListField(child=TextField(max_length=40), required=False, help_text="Codes of care topics.")


class StepsField(serializers.ListField):
    """The steps of a protocol, in their order."""

    child = StepInputSerializer()

    def to_internal_value(self, data: Any) -> list[StepInput]:
        read = super().to_internal_value(data)
        Invalid.gather(
            Invalid(
                f"Step {number + 1} of the list says that it is step {step['position']}.",
                attr=f"steps.{number}.position",
            )
            for number, step in enumerate(read)
            if step.get("position", number + 1) != number + 1
        )
        return [_step(step) for step in read]


def _step(read: dict[str, Any]) -> StepInput:
    components = read.pop("components", [])
    care = read.pop("care", [])
    read.pop("position", None)
    read.setdefault("advised_interval_days", read["minimum_interval_days"])
    return StepInput(
        **read,
        components=tuple(
            Component(one["modality"], one.get("needle_length_mm"), one.get("source", "")) for one in components
        ),
        care=tuple(care),
    )


class ProtocolChanges(RecordSerializer):
    steps = StepsField()

    class Meta:
        model = Protocol
        fields: tuple[str, ...] = (*TEXTS, "change_note", "steps")


class ProtocolInput(ProtocolChanges):
    code = TextField(max_length=40, help_text="A new protocol, or the one of which this is the next version.")
    base_version = serializers.IntegerField(
        required=False, help_text="The version this is made from, 0 for none: refused where it is not the newest."
    )

    class Meta(ProtocolChanges.Meta):
        fields = ("code", *ProtocolChanges.Meta.fields, "base_version")


class PreviewInput(serializers.Serializer[Any]):
    start_date = DayField(required=False, help_text="When the course begins; today where it is left out.")
    steps = StepsField(required=False, help_text="Those of the protocol where they are left out.")


class FaultSerializer(serializers.Serializer[Any]):
    attr = serializers.CharField(help_text="The field, as a refusal names it.")
    detail = serializers.CharField()


class EntrySerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="Of its step.")
    kind = serializers.CharField()
    title = serializers.CharField()
    earliest = serializers.DateField(source="window.earliest")
    target = serializers.DateField(source="window.target")
    latest = serializers.DateField(source="window.latest")
    rule = serializers.CharField(source="window.rule")
    why = serializers.CharField(help_text="What sets the earliest date.")


class PreviewSerializer(serializers.Serializer[Any]):
    """The calendar that these steps make; nothing is written."""

    start_date = serializers.DateField()
    calendar = EntrySerializer(many=True, help_text="Empty where faults leave nothing to draw.")
    faults = FaultSerializer(many=True)


class ProtocolFilter(FilterSet):
    code = django_filters.CharFilter(label="The protocol's code.")
    is_current = django_filters.BooleanFilter(label="Only the versions that new plans take, or only the others.")


class ProtocolViewSet(Creates, Changes, Deletes, ResourceViewSet):
    """Versioned templates of a course of care. A version is never edited: a change makes the next one."""

    model = Protocol
    output = ProtocolSerializer
    create_input = ProtocolInput
    change_input = ProtocolChanges
    filterset_class = ProtocolFilter
    ordering = ("code", "-version_number")

    def rows(self) -> QuerySet[Protocol]:
        return protocols_with_steps().annotate(plan_count=Count("plans"))

    def perform_create(self, data: dict[str, Any]) -> Written:
        return protocol_write(by=self.user, **{"description": "", "evidence": "", **data})

    def perform_change(self, row: Protocol, data: dict[str, Any]) -> Written:
        base = protocols_with_steps().get(pk=row.pk)
        texts = {name: data.get(name, getattr(base, name)) for name in TEXTS}
        return protocol_write(
            by=self.user,
            code=base.code,
            steps=data.get("steps", step_inputs(base)),
            change_note=data.get("change_note", ""),
            base_version=base.version_number,
            **texts,
        )

    def perform_delete(self, row: Protocol) -> None:
        protocol_delete(protocol_id=row.pk)

    @act("retire")
    def retire(self, row: Protocol, data: dict[str, Any]) -> Protocol:
        """Take the current version away from new plans; those that follow it go on."""
        return protocol_retire(protocol_id=row.pk)

    @act("restore")
    def restore(self, row: Protocol, data: dict[str, Any]) -> Protocol:
        """Give the newest version of a retired protocol back to new plans."""
        return protocol_restore(protocol_id=row.pk)

    @act("view", body=PreviewInput, output=PreviewSerializer)
    def preview(self, row: Protocol, data: dict[str, Any]) -> Preview:
        """The calendar of these steps, or of the version's own, and what is wrong with them. Nothing is written."""
        with recorded():
            lock(Protocol.objects.all(), row.pk)
        steps = data["steps"] if "steps" in data else step_inputs(protocols_with_steps().get(pk=row.pk))
        start = data.get("start_date") or clock.now().date()
        return preview_of(steps, start, intervals_in_force(), topic_codes())
