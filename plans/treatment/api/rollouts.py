"""Roll-outs in the API: move the running plans of a protocol to its current version, see how far that is, stop it.

Those that a changed interval rule starts are here too: they are of every protocol, and name the rule."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.access.visibility import visible
from clinic.api.fields import InstantField, TextField
from clinic.api.serializers import RecordSerializer
from clinic.api.views import Creates, ResourceViewSet, act, look
from clinic.errors import Invalid
from plans.protocols.models import Protocol
from plans.treatment.models import ProtocolRollout, RolloutPlan
from plans.treatment.queries.rollouts import Report, counts_of, refused_plans, report_of, with_counts
from plans.treatment.services import rollout_start, rollout_stop


class RolloutSerializer(RecordSerializer):
    protocol = serializers.CharField(
        source="protocol.code",
        read_only=True,
        allow_null=True,
        help_text="The protocol's code; none where an interval rule has changed, which concerns every running plan.",
    )
    protocol_version = serializers.IntegerField(
        source="protocol.version_number", read_only=True, allow_null=True, help_text="To which its plans are brought."
    )
    title = serializers.SerializerMethodField()
    requested_at = InstantField(read_only=True)
    finished_at = InstantField(
        read_only=True, allow_null=True, help_text="Empty while plans are waiting, and where it was stopped."
    )
    stopped_at = InstantField(
        read_only=True, allow_null=True, help_text="When a person stopped it; what was waiting then stays as it is."
    )
    plans = serializers.SerializerMethodField()
    waiting = serializers.IntegerField(read_only=True)
    moved = serializers.IntegerField(
        read_only=True, help_text="Plans of which a date moved, or that follow another version now."
    )
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
            "interval_rule",
            "title",
            "reason",
            "requested_at",
            "requested_by",
            "finished_at",
            "stopped_at",
            "stopped_by",
            "stop_reason",
            "plans",
            "waiting",
            "moved",
            "unchanged",
            "refused",
        )

    def get_title(self, rollout: ProtocolRollout) -> str:
        """The protocol's title, or what was asked for where it is no version."""
        return rollout.protocol.title if rollout.protocol is not None else rollout.what

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


class StopInput(serializers.Serializer[Any]):
    reason = TextField(max_length=500, help_text="Why it is stopped.")


class RolloutViewSet(Creates, ResourceViewSet):
    """Moving every running plan of a protocol to its current version, and working every running plan out anew where an
    interval rule has changed. It concerns all locations."""

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

    @act("add", body=StopInput)
    def stop(self, row: ProtocolRollout, data: dict[str, Any]) -> ProtocolRollout:
        """Stop it before its next plan: what is moved stays, what waits stays as it is."""
        return rollout_stop(rollout_id=row.pk, by=self.user, reason=data["reason"])

    @look(output=RefusedPlanSerializer, many=True, ordering=("pk",))
    def refused_plans(self, row: ProtocolRollout) -> QuerySet[RolloutPlan]:
        """The plans that could not be moved and why, at the locations where the caller may see plans."""
        return visible(refused_plans(row), self.user)
