"""Roll-outs in the API: move the running plans of a protocol to its current version, and see how far that is."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.access.visibility import visible
from clinic.api.fields import InstantField, TextField
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Creates, ResourceViewSet, look
from clinic.errors import Invalid
from plans.protocols.models import Protocol
from plans.treatment.models import ProtocolRollout, RolloutPlan
from plans.treatment.queries.rollouts import Report, counts_of, refused_plans, report_of, with_counts
from plans.treatment.services import rollout_start


class RolloutSerializer(RecordSerializer):
    protocol = serializers.CharField(source="protocol.code", read_only=True)
    protocol_version = serializers.IntegerField(source="protocol.version_number", read_only=True)
    title = serializers.CharField(source="protocol.title", read_only=True)
    requested_at = InstantField(read_only=True)
    finished_at = InstantField(read_only=True, allow_null=True, help_text="Empty while plans are waiting.")
    plans = serializers.SerializerMethodField()
    waiting = serializers.IntegerField(read_only=True)
    moved = serializers.IntegerField(read_only=True, help_text="Plans that follow the version now.")
    unchanged = serializers.IntegerField(
        read_only=True, help_text="Plans in which nothing had to move, or that have ended meanwhile."
    )
    refused = serializers.IntegerField(read_only=True, help_text="Plans that could not be moved: see `refused-plans`.")

    class Meta:
        model = ProtocolRollout
        fields = read_only_fields = (
            "id",
            "protocol",
            "protocol_version",
            "title",
            "reason",
            "requested_at",
            "requested_by",
            "finished_at",
            "plans",
            "waiting",
            "moved",
            "unchanged",
            "refused",
        )

    def get_plans(self, rollout: Any) -> int:
        """How many plans it concerns."""
        return counts_of(rollout).plans


class ShiftSerializer(serializers.Serializer[Any]):
    by = serializers.CharField(help_text="How far, in words.")
    windows = serializers.IntegerField()


class ReportSerializer(serializers.Serializer[Report]):
    """What has moved so far; shifts are in days, negative is earlier."""

    moved_windows = serializers.IntegerField()
    added_visits = serializers.IntegerField(help_text="Sessions and follow-ups that are owed now and were not before.")
    dropped_visits = serializers.IntegerField(help_text="Sessions and follow-ups that are not owed any more.")
    cancelled_visits = serializers.IntegerField(help_text="Booked visits that were cancelled with what they were for.")
    rebook_visits = serializers.IntegerField(help_text="Booked visits that wanted another time once their plan moved.")
    earliest_shift_days = serializers.IntegerField(allow_null=True)
    latest_shift_days = serializers.IntegerField(allow_null=True)
    shifts = ShiftSerializer(many=True)


class RolloutDetailSerializer(RolloutSerializer):
    report = serializers.SerializerMethodField()

    class Meta:
        model = ProtocolRollout
        fields = read_only_fields = (*RolloutSerializer.Meta.fields, "report")

    @extend_schema_field(ReportSerializer)
    def get_report(self, rollout: ProtocolRollout) -> dict[str, Any]:
        report: dict[str, Any] = ReportSerializer(report_of(rollout)).data
        return report


class RefusedPlanSerializer(RecordSerializer):
    """A plan that could not be moved; it follows the version that it followed before."""

    class Meta:
        model = RolloutPlan
        fields = read_only_fields = ("plan", "detail", "settled_at")


class RolloutInput(serializers.Serializer[Any]):
    protocol = TextField(max_length=40, help_text="The protocol's code; plans move to its current version.")
    reason = TextField(max_length=500, help_text="Each plan's revision keeps it.")


class RolloutViewSet(Creates, ResourceViewSet):
    """Moving every running plan of a protocol to its current version. It concerns all locations."""

    model = ProtocolRollout
    output = RolloutSerializer
    detail_output = RolloutDetailSerializer
    create_input = RolloutInput

    def rows(self) -> QuerySet[Any]:
        return with_counts(ProtocolRollout.objects.select_related("protocol"))

    def perform_create(self, data: dict[str, Any]) -> ProtocolRollout:
        code = data["protocol"]
        protocol = Protocol.objects.filter(code=code, is_current=True).first()
        if protocol is None:
            known = ", ".join(Protocol.objects.filter(is_current=True).order_by("code").values_list("code", flat=True))
            raise Invalid(
                f"No protocol “{code}” has a current version; there is: {known or 'none'}.",
                code="does_not_exist",
                attr="protocol",
            )
        return rollout_start(by=self.user, protocol=protocol, reason=data["reason"])

    @look(output=RefusedPlanSerializer, many=True, ordering=("pk",))
    def refused_plans(self, row: ProtocolRollout) -> QuerySet[RolloutPlan]:
        """The plans that could not be moved and why, at the locations where the caller may see plans."""
        return visible(refused_plans(row), self.user)
