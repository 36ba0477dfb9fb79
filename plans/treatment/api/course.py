"""The shapes of a plan's course: its timeline, its progress, and what its revisions changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rest_framework import serializers

from clinic import clock
from clinic.api.fields import InstantField
from clinic.api.serializers import RecordSerializer
from clinic.people.models import Modality
from plans.scheduling.models import Appointment
from plans.scheduling.queries import title
from plans.treatment import progress
from plans.treatment.models import CourseMove, PlanRevision, TreatmentPlan
from plans.treatment.queries import CourseRow, moves_of, progress_of
from plans.treatment.services import Rebooking
from plans.treatment.timeline import Rule

MOVES_SHOWN = 200


@dataclass(frozen=True)
class Shown:
    """A plan of `with_course` as one reader may see it."""

    plan: Any
    rows: Sequence[CourseRow]
    sees_clinical: bool
    sees_check_ins: bool

    @cached_property
    def progress(self) -> progress.Progress:
        return progress_of(self.plan, self.rows)

    @property
    def today(self) -> Any:
        return clock.today(self.plan.location.zone)

    @property
    def steps(self) -> list[CourseRow]:
        """The steps the reader may know of."""
        return [row for row in self.rows if self.sees_check_ins or row.step.kind is not progress.Kind.CHECK_IN]

    @property
    def moves(self) -> list[CourseMove]:
        return list(moves_of(self.plan)[:MOVES_SHOWN])


class CourseStepSerializer(serializers.Serializer[Any]):
    """One step of the course; the days are local dates of the plan's location."""

    kind = serializers.ChoiceField(source="step.kind", choices=progress.Kind.choices)
    id = serializers.UUIDField(source="step.id", help_text="Of the session, follow-up or check-in.")
    sequence = serializers.IntegerField(source="step.sequence", help_text="A check-in has that of its session.")
    title = serializers.CharField(source="step.title")
    window_start = serializers.DateField(source="step.earliest")
    target_date = serializers.DateField(source="step.target")
    window_end = serializers.DateField(source="step.latest")
    rule = serializers.ChoiceField(
        source="record.window_rule", choices=[rule.value for rule in Rule], help_text="What set the earliest date."
    )
    because = serializers.CharField(source="record.window_because", help_text="The same, in words.")
    pinned_on = serializers.DateField(allow_null=True)
    pin_reason = serializers.CharField(required=False, help_text="Only for who sees clinical fields.")
    pin_conflict = serializers.CharField(help_text="Why the pin cannot be met; the target is then later.")
    state = serializers.ChoiceField(source="step.state", choices=progress.State.choices)
    status = serializers.CharField(help_text="The record's own word for its state.")
    booked_at = InstantField(source="step.booked_at", allow_null=True)
    appointment = serializers.UUIDField(source="visit_id", allow_null=True)
    performed_on = serializers.DateField(
        source="step.done_on", allow_null=True, help_text="When it was performed, attended or answered."
    )

    def to_representation(self, instance: CourseRow) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if not self.context["sees_clinical"]:
            shown.pop("pin_reason")
        return shown


class CourseMoveSerializer(RecordSerializer):
    moved_by_name = serializers.SerializerMethodField()

    class Meta:
        model = CourseMove
        fields = read_only_fields = (
            "id",
            "act",
            "moved_at",
            "moved_by",
            "moved_by_name",
            "item",
            "item_id",
            "title",
            "start_before",
            "target_before",
            "end_before",
            "start_after",
            "target_after",
            "end_after",
            "because",
        )

    def get_moved_by_name(self, move: CourseMove) -> str:
        """Empty where the system moved it."""
        return str(move.moved_by) if move.moved_by else ""


class ShownSerializer(serializers.Serializer[Any]):
    """Hands what the reader may see on to the shapes within."""

    plan = serializers.UUIDField(source="plan.pk")
    status = serializers.ChoiceField(source="plan.status", choices=TreatmentPlan.Status.choices)
    today = serializers.DateField(help_text="At the plan's location.")

    def to_representation(self, instance: Shown) -> dict[str, Any]:
        self._context = {**self.context, "sees_clinical": instance.sees_clinical}
        return super().to_representation(instance)


class TimelineSerializer(ShownSerializer):
    steps = CourseStepSerializer(many=True)
    moves = CourseMoveSerializer(many=True, help_text=f"What moved, the latest first; at most {MOVES_SHOWN}.")


class SessionsDoneSerializer(serializers.Serializer[Any]):
    done = serializers.IntegerField(source="sessions_done")
    due = serializers.IntegerField(source="sessions_due", help_text="Owed, and the window has opened.")
    owed = serializers.IntegerField(source="sessions_owed", help_text="Of the initial course, not done yet.")
    total = serializers.IntegerField(source="sessions_total")


class FollowUpsKeptSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(source="follow_ups_kept")
    missed = serializers.IntegerField(source="follow_ups_missed")
    open = serializers.IntegerField(source="follow_ups_open")


class CheckInsAnsweredSerializer(serializers.Serializer[Any]):
    answered = serializers.IntegerField(source="check_ins_answered")
    overdue = serializers.IntegerField(source="check_ins_overdue")
    open = serializers.IntegerField(source="check_ins_open")


class AdherenceSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(source="adherence_kept", help_text="Done within its window.")
    counted = serializers.IntegerField(
        source="adherence_counted", help_text="Done on whatever day, or still owed though its window has closed."
    )
    pct = serializers.IntegerField(
        source="adherence_pct", allow_null=True, help_text="0 to 100; null while none counts."
    )


class TimingSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    target_date = serializers.DateField(source="target")
    performed_on = serializers.DateField(source="done_on")
    days_late = serializers.IntegerField(help_text="After its target; negative where early.")


class NextStepSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=progress.Kind.choices)
    id = serializers.UUIDField()
    title = serializers.CharField()
    window_start = serializers.DateField(source="earliest")
    target_date = serializers.DateField(source="target")
    window_end = serializers.DateField(source="latest")
    state = serializers.ChoiceField(choices=progress.State.choices)
    booked_at = InstantField(allow_null=True)


class ProgressBlockSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(choices=sorted(progress.BLOCKS))
    detail = serializers.CharField(source="text")
    until = serializers.DateField(allow_null=True, help_text="The first day without it, where time alone mends it.")
    modality = serializers.ChoiceField(choices=Modality.choices, allow_null=True)


class ProgressSerializer(ShownSerializer):
    sessions = SessionsDoneSerializer(source="progress")
    maintenance_done = serializers.IntegerField(source="progress.maintenance_done")
    timing = TimingSerializer(source="progress.timing", many=True)
    median_days_late = serializers.FloatField(source="progress.median_days_late", allow_null=True)
    mean_days_late = serializers.FloatField(source="progress.mean_days_late", allow_null=True)
    follow_ups = FollowUpsKeptSerializer(source="progress")
    check_ins = CheckInsAnsweredSerializer(source="progress", required=False, help_text="Only for who sees check-ins.")
    adherence = AdherenceSerializer(source="progress")
    next = NextStepSerializer(source="progress.next", allow_null=True)
    blocks = ProgressBlockSerializer(source="progress.blocks", many=True)
    flags = serializers.MultipleChoiceField(
        source="progress.flags", choices=[(flag.value, flag.said) for flag in progress.Flag]
    )

    def to_representation(self, instance: Shown) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if not instance.sees_check_ins:
            shown.pop("check_ins")
        return shown


class CourseChangeSerializer(serializers.Serializer[Any]):
    """One difference. Of the plan itself, `before` and `after` are words; of a step, its three dates and content."""

    what = serializers.CharField(
        help_text="added, dropped, moved, changed; or the plan's field: protocol, lead_practitioner."
    )
    item = serializers.CharField(help_text="session, follow_up, or plan.")
    title = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    because = serializers.CharField(help_text="What sets the new earliest date.")


class PreviewedVisitSerializer(serializers.Serializer[Any]):
    appointment = serializers.UUIDField(source="pk")
    title = serializers.SerializerMethodField()
    starts_at = InstantField()

    def get_title(self, visit: Appointment) -> str:
        """What the visit is called."""
        return title(visit)


class RebookingSerializer(serializers.Serializer[Any]):
    appointment = serializers.UUIDField(source="visit.pk")
    title = serializers.SerializerMethodField()
    starts_at = InstantField(source="visit.starts_at")
    why = serializers.CharField()

    def get_title(self, rebooking: Rebooking) -> str:
        """What the visit is called."""
        return title(rebooking.visit)


class RevisionPreviewSerializer(serializers.Serializer[Any]):
    changes = CourseChangeSerializer(many=True)
    cancelled = PreviewedVisitSerializer(many=True, help_text="Booked visits of what would not be owed any more.")
    rebook = RebookingSerializer(many=True, help_text="Booked visits that would want another time.")


class RevisionSerializer(RecordSerializer):
    protocol = serializers.CharField(source="protocol.code", read_only=True)
    protocol_version = serializers.IntegerField(source="protocol.version_number", read_only=True)
    changes = CourseChangeSerializer(many=True, read_only=True)

    class Meta:
        model = PlanRevision
        fields = read_only_fields = (
            "id",
            "number",
            "protocol",
            "protocol_version",
            "lead_practitioner",
            "reason",
            "changes",
            "revised_at",
            "revised_by",
        )
